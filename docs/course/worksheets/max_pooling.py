"""Max pooling, ties, and the gradient."""

from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw, leaf, whole_numbers

import tinyconv
import tinyconv.nn.functional as F


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Max pooling",
        "Of each window the largest number remains. The gradient goes back to the pixel that won; the others get "
        "nothing. Where several are largest the first one wins: the upper one, and in the same row the one on the "
        "left. A pixel that won in several windows gets the sum.",
        [
            "$y_{oy,ox} = max_{ky,kx} x_{oy·s + ky - p, ox·s + kx - p}$",
            "$dx_{iy,ix} = ∑ dy_{oy,ox}$    over the windows that the pixel won",
        ],
        [draw(random, _ties), draw(random, _overlapping), draw(random, _padded)],
    )


def _ties(random: Random) -> Problem | None:
    x = whole_numbers(random, (4, 4), 0, 5)
    windows = [x[i : i + 2, j : j + 2] for i in (0, 2) for j in (0, 2)]
    if sum((window == window.max()).sum() > 1 for window in windows) != 2:
        return None
    return _problem(
        "Windows of 2×2, stride 2. Circle the winner of each window: in two of them there is a tie.", random, x, 2, 2, 0
    )


def _overlapping(random: Random) -> Problem | None:
    problem = _problem("Windows of 3×3, stride 1: they overlap.", random, whole_numbers(random, (4, 4), 0, 9), 3, 1, 0)
    winners = (problem.numbers()["dx"] != 0).sum()
    return problem if 1 < winners < 4 else None


def _padded(random: Random) -> Problem | None:
    x = whole_numbers(random, (3, 3), -9, 2)
    problem = _problem(
        "Windows of 2×2, stride 2, padding 1. The border is not 0 but $-∞$: it never wins.", random, x, 2, 2, 1
    )
    return problem if (problem.numbers()["y"] < 0).sum() >= 2 else None


def _problem(words: str, random: Random, values: np.ndarray, size: int, stride: int, padding: int) -> Problem:
    x = leaf(values[None, None])
    y = F.max_pool2d(x, size, stride, padding)
    dy = whole_numbers(random, y.shape, 1, 5)
    dx = tinyconv.grad(y, x, tinyconv.tensor(dy))[0].data
    return Problem(
        words,
        [
            [
                Grid("x", values),
                Grid("y", y.data[0, 0], blank=True),
                Grid("dy", dy[0, 0]),
                Grid("dx", dx[0, 0], blank=True),
            ]
        ],
        {"size": size, "stride": stride, "padding": padding},
    )
