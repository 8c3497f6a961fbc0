"""im2col: a convolution as one product of matrices."""

from random import Random

import numpy as np
from sheet import Grid, Problem, Sheet, draw, products, whole_numbers

import tinyconv
import tinyconv.nn.functional as F
from tinyconv import kernels
from tinyconv.geometry import Window


def sheet(random: Random) -> Sheet:
    return Sheet(
        "im2col",
        "Write each window of the picture as a column: its pixels row by row, from top to bottom. The kernel "
        "becomes a row in the same order. Then all outputs are one product of matrices. In the border there are "
        "zeros.",
        ["$cols_{(ky,kx), (oy,ox)} = x_{oy·s + ky - p, ox·s + kx - p}      y = w cols$"],
        [draw(random, _plain), draw(random, _strided), draw(random, _back)],
    )


def _columns(x: np.ndarray, window: Window) -> np.ndarray:
    """The matrix (KH*KW, OH*OW) for one picture of one channel."""
    KH, KW = window.size
    return kernels.im2col(x[None, None], window).reshape(KH * KW, -1)


def _places(height: int, width: int) -> tuple[str, ...]:
    return tuple(f"{i},{j}" for i in range(height) for j in range(width))


def _plain(random: Random) -> Problem:
    x, w = whole_numbers(random, (3, 3), 0, 5), whole_numbers(random, (2, 2), -2, 3)
    window = Window.of("im2col", (2, 2))
    cols = _columns(x, window)
    y = F.conv2d(tinyconv.tensor(x[None, None]), tinyconv.tensor(w[None, None])).data[0, 0]
    return Problem(
        "Stride 1, no padding. Beside the rows stands $ky,kx$, above the columns $oy,ox$. Two numbers of the first "
        "row are there.",
        [
            [Grid("x", x), Grid("w", w), Grid("w_{row}", w.reshape(1, 4), blank=True)],
            [
                Grid("cols", cols, blank=True, done=2, rows=_places(2, 2), columns=_places(2, 2)),
                Grid("w_{row} cols", y.reshape(1, 4), blank=True),
                Grid("y", y, blank=True),
            ],
        ],
        {"stride": 1, "padding": 0},
        f"The first output is {products(w, x[:2, :2])}. The pixel in the middle stands in every column.",
    )


def _strided(random: Random) -> Problem:
    x = whole_numbers(random, (3, 3), 1, 9)
    cols = _columns(x, Window.of("im2col", (2, 2), 2, 1))
    return Problem(
        "A kernel of 2×2, stride 2, padding 1. Which numbers of the matrix are zeros of the border?",
        [[Grid("x", x), Grid("cols", cols, blank=True, rows=_places(2, 2), columns=_places(2, 2))]],
        {"stride": 2, "padding": 1},
        f"No pixel of $x$ is 0, so all {int((cols == 0).sum())} zeros are border.",
    )


def _back(random: Random) -> Problem:
    dcols = whole_numbers(random, (4, 4), -2, 4)
    window = Window.of("im2col", (2, 2))
    dx = kernels.col2im(dcols.reshape(1, 1, 2, 2, 2, 2), window, (1, 1, 3, 3))[0, 0]
    return Problem(
        "Backwards (col2im): each number of $dcols$ goes back to the pixel that it was copied from; a pixel that "
        "was copied several times gets the sum. The picture is 3×3, the kernel 2×2, the stride 1.",
        [[Grid("dcols", dcols, rows=_places(2, 2), columns=_places(2, 2)), Grid("dx", dx, blank=True)]],
        {"stride": 1, "padding": 0},
        f"All numbers of $dcols$ arrive: both sums are {dx.sum():g}.".replace("-", "\u2212"),
    )
