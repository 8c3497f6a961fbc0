"""Average pooling, and what the border counts for."""

from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw, leaf, number, whole_numbers

import tinyconv
import tinyconv.nn.functional as F


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Average pooling",
        "Of each window the mean remains. The gradient is shared equally among the pixels of the window; what a "
        "pixel gets from several windows is added.",
        [
            "$y_{oy,ox} = {1}/{n} ∑_{ky,kx} x_{oy·s + ky - p, ox·s + kx - p}$    where a window has $n$ pixels",
            "$dx_{iy,ix} = ∑ {1}/{n} dy_{oy,ox}$    over the windows that the pixel is in",
        ],
        [draw(random, _plain), draw(random, _overlapping), draw(random, _padded)],
    )


def _plain(random: Random) -> Problem:
    x = whole_numbers(random, (4, 4), 0, 9)
    first = " + ".join(number(v) for v in x[:2, :2].ravel())
    words = f"Windows of 2×2, stride 2. The first mean is ${{{first}}}/{{4}}$."
    return _problem(words, random, x, 2, done=1)


def _overlapping(random: Random) -> Problem:
    words = "Windows of 2×2, stride 1. The pixel in the middle is in all four."
    return _problem(words, random, whole_numbers(random, (3, 3), 0, 9), 1)


def _problem(words: str, random: Random, values: np.ndarray, stride: int, done: int = 0) -> Problem:
    x = leaf(values[None, None])
    y = F.avg_pool2d(x, 2, stride)
    dy = 4 * whole_numbers(random, y.shape, -1, 2, zero=False)
    dx = tinyconv.grad(y, x, tinyconv.tensor(dy))[0].data[0, 0]
    grids = [
        Grid("x", values),
        Grid("y", y.data[0, 0], blank=True, done=done),
        Grid("dy", dy[0, 0]),
        Grid("dx", dx, blank=True),
    ]
    return Problem(words, [grids], {"size": 2, "stride": stride, "padding": 0})


def _padded(random: Random) -> Problem:
    values = whole_numbers(random, (3, 3), 0, 9)
    x = tinyconv.tensor(values[None, None])
    y = F.avg_pool2d(x, 2, 2, 1).data[0, 0]
    z = F.avg_pool2d(x, 2, 2, 1, count_include_pad=False).data[0, 0]
    return Problem(
        "Windows of 2×2, stride 2, with a border of zeros of width 1. For $y$ the border counts: every sum is "
        "divided by 4 (count_include_pad=True). For $z$ it does not: divide by the number of pixels inside the "
        "picture.",
        [[Grid("x", values), Grid("y", y, blank=True), Grid("z", z, blank=True)]],
        {"size": 2, "stride": 2, "padding": 1},
        "The windows have 1, 2, 2 and 4 pixels inside the picture.",
    )
