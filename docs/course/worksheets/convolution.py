"""Convolution forwards: stride, padding, channels."""

from random import Random

from sheet import Grid, Problem, Sheet, draw, number, products, whole_numbers

import tinyconv
import tinyconv.nn.functional as F


def sheet(random: Random) -> Sheet:
    return Sheet(
        "Convolution",
        "The kernel $w$ lies on the picture $x$; what lies on one another is multiplied, and all is added. Then "
        "the kernel moves on by the stride $s$. Outside the picture, in a border of width $p$, are zeros. Rows and "
        "columns are counted from 0.",
        [
            "$y_{oy,ox} = b + ∑_{ky,kx} w_{ky,kx} x_{oy·s + ky - p, ox·s + kx - p}$",
            "$OH = floor( {H + 2p - KH}/{s} ) + 1$",
        ],
        [draw(random, _plain), draw(random, _strided), draw(random, _two_channels)],
    )


def _plain(random: Random) -> Problem:
    x, w = whole_numbers(random, (1, 1, 4, 4), 0, 4), whole_numbers(random, (1, 1, 3, 3), -1, 2)
    y = F.conv2d(tinyconv.tensor(x), tinyconv.tensor(w)).data
    first = products(w[0, 0], x[0, 0, :3, :3])
    return Problem(
        f"Stride 1, no padding, no bias. The first output is {first} = {number(y[0, 0, 0, 0])}.",
        [[Grid("x", x[0, 0]), Grid("w", w[0, 0]), Grid("y", y[0, 0], blank=True, done=1)]],
        {"stride": 1, "padding": 0},
    )


def _strided(random: Random) -> Problem:
    x, w = whole_numbers(random, (1, 1, 5, 5), 0, 3), whole_numbers(random, (1, 1, 3, 3), -1, 2)
    b = whole_numbers(random, (1,), -3, 3, zero=False)
    y = F.conv2d(tinyconv.tensor(x), tinyconv.tensor(w), tinyconv.tensor(b), 2, 1).data
    return Problem(
        "Stride 2, padding 1, and a bias. Think of a border of zeros around $x$, and outline the nine windows first.",
        [
            [Grid("x", x[0, 0]), Grid("w", w[0, 0]), Grid("b", b), Grid("y", y[0, 0], blank=True)],
        ],
        {"stride": 2, "padding": 1},
        f"The first window has only four pixels inside the picture: {products(w[0, 0, 1:, 1:], x[0, 0, :2, :2])}, "
        "and the bias.",
    )


def _two_channels(random: Random) -> Problem:
    x, w = whole_numbers(random, (1, 2, 3, 3), 0, 4), whole_numbers(random, (1, 2, 2, 2), -2, 2, zero=False)
    b = whole_numbers(random, (1,), -3, 3, zero=False)
    y = F.conv2d(tinyconv.tensor(x), tinyconv.tensor(w), tinyconv.tensor(b)).data
    return Problem(
        "A picture of two channels, $x_{0}$ and $x_{1}$. A filter has a kernel for each, and one bias; its output "
        "is one map: the sum over both channels. Stride 1, no padding.",
        [
            [Grid("x_{0}", x[0, 0]), Grid("x_{1}", x[0, 1]), Grid("w_{0}", w[0, 0]), Grid("w_{1}", w[0, 1])],
            [Grid("b", b), Grid("y", y[0, 0], blank=True)],
        ],
        {"stride": 1, "padding": 0},
    )
