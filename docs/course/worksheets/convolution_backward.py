"""Convolution backwards: the gradients of the kernel, the bias and the picture."""

from random import Random

from sheet import Grid, Problem, Sheet, draw, leaf, number, products, whole_numbers

import tinyconv
import tinyconv.nn.functional as F


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Convolution backwards",
        "$dy$ came back from the loss: one number for each place where the kernel lay. For $dw$, each of them "
        "multiplies the window it came from, and the windows are added. For $dx$, each multiplies the kernel, "
        "which is laid where its window was; what falls on the same pixel is added, and what falls on the border "
        "is lost.",
        [
            "$dw_{ky,kx} = ∑_{oy,ox} dy_{oy,ox} x_{oy·s + ky - p, ox·s + kx - p}      db = ∑_{oy,ox} dy_{oy,ox}$",
            "$dx_{iy,ix} = ∑ dy_{oy,ox} w_{ky,kx}$    over all with $oy·s + ky - p = iy$ and $ox·s + kx - p = ix$",
        ],
        [draw(random, _plain), draw(random, _strided)],
    )


def _plain(random: Random) -> Problem:
    x, w = leaf(whole_numbers(random, (1, 1, 3, 3), 0, 4)), leaf(whole_numbers(random, (1, 1, 2, 2), -2, 3))
    dy = whole_numbers(random, (1, 1, 2, 2), -2, 3, zero=False)
    dx, dw, db = _gradients(x, w, dy, 1, 0)
    first = f"{products(dy[0, 0], x.data[0, 0, :2, :2])} = {number(dw[0, 0])}"
    return Problem(
        f"Stride 1, no padding. The first of $dw$ is {first}: $w_{{0,0}}$ met the four pixels at the top left.",
        [
            [Grid("x", x.data[0, 0]), Grid("w", w.data[0, 0]), Grid("dy", dy[0, 0])],
            [Grid("dw", dw, blank=True, done=1), Grid("db", db, blank=True), Grid("dx", dx, blank=True)],
        ],
        {"stride": 1, "padding": 0},
        "The pixel in the middle was in all four windows: its gradient is "
        f"{products(dy[0, 0], w.data[0, 0, ::-1, ::-1])}, the kernel turned by half a turn.",
    )


def _strided(random: Random) -> Problem:
    x, w = leaf(whole_numbers(random, (1, 1, 4, 4), 0, 3)), leaf(whole_numbers(random, (1, 1, 3, 3), -2, 2))
    dy = whole_numbers(random, (1, 1, 2, 2), -2, 3, zero=False)
    dx, dw, db = _gradients(x, w, dy, 2, 1)
    return Problem(
        "Stride 2, padding 1. Outline the four windows on $x$ first; each begins one pixel outside it or two "
        "further on.",
        [
            [Grid("x", x.data[0, 0]), Grid("w", w.data[0, 0]), Grid("dy", dy[0, 0])],
            [Grid("dw", dw, blank=True), Grid("db", db, blank=True), Grid("dx", dx, blank=True)],
        ],
        {"stride": 2, "padding": 1},
        "Where two windows overlap two or four numbers are added; the pixel at the top left was in one window "
        f"alone, under $w_{{1,1}}$: {products(dy[0, 0, :1, :1], w.data[0, 0, 1:2, 1:2])}.",
    )


def _gradients(x, w, dy, stride, padding):
    b = leaf([0])
    y = F.conv2d(x, w, b, stride, padding)
    dx, dw, db = tinyconv.grad(y, [x, w, b], tinyconv.tensor(dy))
    return dx.data[0, 0], dw.data[0, 0], db.data
