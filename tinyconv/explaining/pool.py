"""Pooling: who won, who tied, and whom a gradient went to."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.backend import move
from tinyconv.tensor import Tensor

from .case import Case, explains, grid
from .conv import over, read
from .terms import Column, Part, Place, Sum, total

MAX = "y[n,c,oy,ox] = max over ky, kx of x[n,c, oy*s + ky*d - p, ox*s + kx*d - p]"
AVERAGE = "y[n,c,oy,ox] = (sum over ky, kx of x[n,c, oy*s + ky - p, ox*s + kx - p]) / divisor"


@explains("x -> y", "max_pool2d")
def max_pool2d(case: Case) -> Sum:
    window, (n, c, oy, ox) = case.argument("window"), case.at
    ky, kx = grid(*window.size)
    index = n, c, read(window, oy, ky, 0), read(window, ox, kx, 1)
    return total(MAX, *contest(case.x, index, "window"), asides=[str(window)])


def contest(x: Tensor, index: Any, field: str, smallest: bool = False) -> list[Part]:
    """The pixels that were compared: the winner, then the others, which count 0."""
    if not x.ndim:
        return [Part(Column("x", x), note="the only one")]
    every = np.broadcast_arrays(*index)
    pixels = Column("x", x, [i.reshape(-1) for i in every])
    values = -pixels.values if smallest else pixels.values
    inside = np.flatnonzero(~pixels.outside)
    if not inside.size:
        return [Part(pixels, values=np.where(np.arange(values.size), 0, -np.inf), note="padding: -inf, and no pixel")]
    winner = inside[np.argmax(values[inside])]  # the first of equals, a NaN before all
    others, lost = np.flatnonzero(np.arange(values.size) != winner), "larger" if smallest else "smaller"

    def note(place: Place) -> str:
        i = others[place]
        if pixels.outside[i]:
            return "padding: -inf, never wins"
        return "tie with the winner, which comes first" if values[i] == values[winner] else lost

    best = Column("x", x, [i[winner] for i in pixels.index])
    rest = Column("x", x, [i[others] for i in pixels.index])
    ties = int((values[others] == values[winner])[~pixels.outside[others]].sum())
    tied = f"; {ties} more of the same" if ties else ""
    return [
        Part(best, note=f"the winner of its {field}{tied}"),
        Part(rest, values=np.zeros(others.size), note=note),
    ]


@explains("dy -> dx", "max_pool2d_input")
def max_pool2d_input(case: Case) -> Sum:
    window, winner = case.argument("window"), move(case.argument("winner"), "cpu")
    n, c, iy, ix = case.at
    OH, OW = case.x.shape[2:]
    (ky, oy), (kx, ox) = over(window, iy, OH, 0), over(window, ix, OW, 1)
    ky, oy = ky[:, None], oy[:, None]
    dy = Column("dy", case.x, (n, c, oy, ox))
    won = winner[n, c, oy, ox] == ky * window.size[1] + kx

    def note(place: Place) -> str:
        verdict = "won: dy comes here" if won[place] else "lost: dy goes to another pixel"
        return f"window at ({oy[place[0], 0]}, {ox[place[1]]}), {verdict}"

    part = Part(dy, values=np.where(won, dy.values, 0), note=note)
    return total(
        "dx[n,c,iy,ix] = sum of dy[n,c,oy,ox] over all windows that this pixel won", part, asides=[str(window)]
    )


@explains("x -> y", "max_pool2d_gather")
def max_pool2d_gather(case: Case) -> Sum:
    window, (n, c, oy, ox) = case.argument("window"), case.at
    ky, kx = divmod(int(case.argument("winner")[case.at]), window.size[1])
    pixel = Column("x", case.x, (n, c, read(window, oy, ky, 0), read(window, ox, kx, 1)))
    return total("y[n,c,oy,ox] = x where an earlier max_pool2d had its winner", Part(pixel, note="the winner's place"))


@explains("x -> y", "avg_pool2d")
def avg_pool2d(case: Case) -> Sum:
    window, (n, c, oy, ox) = case.argument("window"), case.at
    ky, kx = grid(*window.size)
    x = Column("x", case.x, (n, c, read(window, oy, ky, 0), read(window, ox, kx, 1)))
    divisor = divisor_of(case, oy, ox)
    return total(AVERAGE, Part(x, Column("1 / divisor", values=1 / divisor)), asides=[f"{window}, divisor {divisor}"])


@explains("dy -> dx", "avg_pool2d_input")
def avg_pool2d_input(case: Case) -> Sum:
    window, (n, c, iy, ix) = case.argument("window"), case.at
    OH, OW = case.x.shape[2:]
    (_, oy), (_, ox) = over(window, iy, OH, 0), over(window, ix, OW, 1)
    oy = oy[:, None]
    share = Column("1 / divisor", values=1 / np.asarray(divisor_of(case, oy, ox)))
    windows = Part(Column("dy", case.x, (n, c, oy, ox)), share, note=lambda p: f"window at ({oy[p[0], 0]}, {ox[p[1]]})")
    return total("dx[n,c,iy,ix] = sum of dy[n,c,oy,ox] / divisor over all windows over the pixel", windows)


def divisor_of(case: Case, oy: Any, ox: Any) -> Any:
    """What the sum of a window is divided by: one number for all, or for each place its own."""
    divisor = case.argument("divisor")
    return divisor if isinstance(divisor, int) else divisor[oy, ox]
