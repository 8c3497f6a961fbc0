"""Why convolutions, and their gradients, give what they give."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinyconv.geometry import Window
from tinyconv.tensor import Tensor

from .case import Case, explains, grid
from .terms import Column, Part, Place, Sum, total

FORWARD = "y[n,f,oy,ox] = b[f] + sum_{c,ky,kx} w[f,c,ky,kx] x[n,c, oy*s + ky*d - p, ox*s + kx*d - p]"
TO_INPUT = "dx[n,c,iy,ix] = sum of w[f,c,ky,kx] dy[n,f,oy,ox] over all windows (oy, ox) that read the pixel (iy, ix)"
TO_WEIGHT = "dw[f,c,ky,kx] = sum_{n,oy,ox} dy[n,f,oy,ox] x[n,c, oy*s + ky*d - p, ox*s + kx*d - p]"


@explains("x w b -> y", "conv2d")
def conv2d(case: Case) -> Sum:
    x, w, *b = case.event.inputs
    window, (n, f, oy, ox) = case.argument("window"), case.at
    F, CG, KH, KW = w.shape
    c, ky, kx = grid(CG, KH, KW)
    iy, ix = read(window, oy, ky, 0), read(window, ox, kx, 1)
    first = f // (F // window.groups) * CG  # channel of the group
    products = Part(
        Column("x", x, (n, first + c, iy, ix)),
        Column("w", w, (f, c, ky, kx)),
        note=lambda place: f"channel {first + place[0]}, ky = {place[1]}, kx = {place[2]}",
    )
    return total(FORWARD, products, *bias(b, f), asides=[f"{window}, over {extent(window, oy, ox)}"])


@explains("dy w -> dx", "conv2d_input")
def conv2d_input(case: Case) -> Sum:
    dy, w = case.event.inputs
    window = case.argument("window")
    return total(TO_INPUT, spread("dy", dy, w, window, case.at), asides=[str(window)])


@explains("dy x -> dw", "conv2d_weight")
def conv2d_weight(case: Case) -> Sum:
    dy, x = case.event.inputs
    window, (f, c, ky, kx) = case.argument("window"), case.at
    N, F, OH, OW = dy.shape
    n, oy, ox = grid(N, OH, OW)
    iy, ix = read(window, oy, ky, 0), read(window, ox, kx, 1)
    channel = f // (F // window.groups) * case.event.output.shape[1] + c
    products = Part(Column("dy", dy, (n, f, oy, ox)), Column("x", x, (n, channel, iy, ix)), note=by_window)
    return total(TO_WEIGHT, products, asides=[str(window)])


@explains("dy -> db", "channel_sums")
def channel_sums(case: Case) -> Sum:
    N, _, OH, OW = case.x.shape
    n, oy, ox = grid(N, OH, OW)
    return total(
        "db[f] = sum_{n,oy,ox} dy[n,f,oy,ox]", Part(Column("dy", case.x, (n, *case.at, oy, ox)), note=by_window)
    )


def by_window(place: Place) -> str:
    n, oy, ox = place
    return f"picture {n}, window at ({oy}, {ox})"


def spread(
    letter: str, dy: Tensor, w: Tensor, window: Window, at: Place, words: str = "filter {}, window at ({}, {})"
) -> Part:
    """What reaches a pixel from all windows that it lies in, and from all filters of its group."""
    n, c, iy, ix = at
    (F, CG), (OH, OW) = w.shape[:2], dy.shape[2:]
    filters = F // window.groups
    group, c = divmod(c, CG)
    (ky, oy), (kx, ox) = over(window, iy, OH, 0), over(window, ix, OW, 1)
    f = group * filters + np.arange(filters)[:, None, None]
    ky, oy = ky[:, None], oy[:, None]
    return Part(
        Column(letter, dy, (n, f, oy, ox)),
        Column("w", w, (f, c, ky, kx)),
        note=lambda place: words.format(group * filters + place[0], oy[place[1], 0], ox[place[2]]),
    )


def bias(b: list[Tensor], f: int) -> list[Part]:
    """The bias of a channel, if there is one."""
    return [Part(Column("b", b[0], (f,)), note="the bias")] if b else []


def read(window: Window, o: Any, k: Any, axis: int) -> Any:
    """The row (axis 0) or column (axis 1) of the picture that place k of window o reads: o*s + k*d - p"""
    return o * window.stride[axis] + k * window.dilation[axis] - window.padding[axis][0]


def over(window: Window, i: int, outputs: int, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """For a row or column i of the picture, all (k, o) with  i = o*s + k*d - p:  which windows read it, and where."""
    k = np.arange(window.size[axis])
    o, rest = np.divmod(i + window.padding[axis][0] - k * window.dilation[axis], window.stride[axis])
    hit = (rest == 0) & (o >= 0) & (o < outputs)
    return k[hit], o[hit]


def extent(window: Window, oy: int, ox: int) -> str:
    """ "rows 3 to 5, columns -1 to 1" """
    ends = [(read(window, o, 0, axis), read(window, o, window.size[axis] - 1, axis)) for axis, o in ((0, oy), (1, ox))]
    (top, bottom), (left, right) = ends
    return f"rows {top} to {bottom}, columns {left} to {right}"
