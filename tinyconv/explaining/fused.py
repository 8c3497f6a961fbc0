"""Operations that several layers were made into."""

from __future__ import annotations

import numpy as np

from tinyconv.errors import GraphError

from .case import Case, explains, grid
from .conv import over, read
from .terms import Column, Part, Sum, total


@explains("x -> y", "tanh_avg_pool2d")
def tanh_avg_pool2d(case: Case) -> Sum:
    window, (n, c, oy, ox) = case.argument("window"), case.at
    ky, kx = grid(*window.size)
    index = n, c, read(window, oy, ky, 0), read(window, ox, kx, 1)
    x = Column("x", case.x, index)
    tanh, share = Column("tanh x", case.x, index, np.tanh(x.values)), Column("1 / n", values=1 / x.values.size)
    return total("y[n,c,oy,ox] = mean of tanh x over the window", Part(tanh, share), asides=[str(window)])


@explains("dy -> dx", "tanh_avg_pool2d'")
def gradient(case: Case) -> Sum:
    x, window = case.forward.inputs[0], case.forward.arguments["window"]
    n, c, iy, ix = case.at
    OH, OW = case.x.shape[2:]
    (_, oy), (_, ox) = over(window, iy, OH, 0), over(window, ix, OW, 1)
    slope = 1 - np.tanh(Column("x", x, case.at).values) ** 2
    share, dy = 1 / np.prod(window.size), Column("dy", case.x, (n, c, oy[:, None], ox))
    windows = Part(dy, Column("1 - tanh(x)^2", x, case.at, slope), Column("1 / n", values=share))
    size = float(np.abs(dy.values).sum()) * share  # what 1 - tanh(x)^2 cancels was rounded in proportion to it
    return total("dx = (1 - tanh(x)^2) times the mean's dx", windows, scale=size)


@explains("x w b -> z", "conv2d_relu")
def conv2d_relu(case: Case) -> Sum:
    raise GraphError("explain", "conv2d_relu is several layers in one pass: run the layers inside a trace, one by one.")
