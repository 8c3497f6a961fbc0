"""Winograd's convolution: the matrices exactly, and every pass against sums in float64.

The bounds on errors. All operands are random numbers of size 1, so the sizes of numbers on the way are known: with
all elements of a matrix M squared, a transform multiplies the variance of what it takes by the row sums of M^2. So
a product at point p has the variance (B^T)^2 1 * G^2 1, and rounding it, or one of the partial sums over K channels
(of size sqrt(k) times the product), to a share eps puts an error of

    growth = max_i sum_p (A^T)^2[i, p] ((B^T)^2 1)[p] (G^2 1)[p]        of rows; of columns the same

times sqrt(k) eps into y. Direct sums have growth 3, F(2x2) 5, F(3x3) 18 and F(4x4) 21. K independent roundings make
about eps growth sqrt(K (K + 32)) / 3, where 32 stands for the operations of the transforms. For dw, K is the number
of tiles, and the matrices change places.
"""

import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from tinyconv import memory
from tinyconv.geometry import Window
from tinyconv.kernels.winograd import matrices

pytest.importorskip("numba", reason="Numba is not installed")

from tinyconv.kernels import winograd_numba, winograd_weight_numba

MS = [2, 3, 4]
EPS = np.finfo(np.float32).eps
ROOT = Path(__file__).parents[1]


# ---------------------------------------------------------------- the matrices, in fractions


def product(M, v):
    return [sum(a * b for a, b in zip(row, v, strict=True)) for row in M]


@pytest.mark.parametrize("m", MS)
def test_the_matrices_correlate_exactly(m, rng):
    AT, G, BT = matrices(m)
    d, g = [[Fraction(int(n), 7) for n in rng.integers(-99, 100, size)] for size in (m + 2, 3)]
    y = product(AT, [a * b for a, b in zip(product(G, g), product(BT, d), strict=True)])
    assert y == [d[i] * g[0] + d[i + 1] * g[1] + d[i + 2] * g[2] for i in range(m)]


def test_the_matrices_of_lavin_and_gray():
    """Their F(2, 3), section 4.1, up to the sign of the point at infinity, which they put into A and B."""
    AT, G, BT = matrices(2)
    half = Fraction(1, 2)
    assert AT == ((1, 1, 1, 0), (0, 1, -1, 1))
    assert ((1, 0, 0), (half, half, half), (half, -half, half), (0, 0, 1)) == G
    assert BT == ((1, 0, -1, 0), (0, 1, 1, 0), (0, -1, 1, 0), (0, -1, 0, 1))


# ---------------------------------------------------------------- the passes


def correlate(x, w, b, padding):
    """y of conv2d in float64: nine shifted products."""
    (top, bottom), (left, right) = padding
    x, w = x.astype(np.float64), w.astype(np.float64)
    OH, OW = x.shape[2] + top + bottom - 2, x.shape[3] + left + right - 2
    x = np.pad(x, [(0, 0), (0, 0), (top, bottom), (left, right)])
    y = sum(
        np.einsum("nchw,fc->nfhw", x[:, :, ky : ky + OH, kx : kx + OW], w[:, :, ky, kx])
        for ky in range(3)
        for kx in range(3)
    )
    return y if b is None else y + b.astype(np.float64)[:, None, None]


def gradients(dy, x, w, padding):
    """dx and dw: the same nine products, transposed."""
    (top, bottom), (left, right) = padding
    (H, W), (OH, OW) = x.shape[2:], dy.shape[2:]
    dy, w = dy.astype(np.float64), w.astype(np.float64)
    x = np.pad(x.astype(np.float64), [(0, 0), (0, 0), (top, bottom), (left, right)])
    dx, dw = np.zeros_like(x), np.zeros(w.shape)
    for ky in range(3):
        for kx in range(3):
            here = np.s_[:, :, ky : ky + OH, kx : kx + OW]
            dx[here] += np.einsum("nfhw,fc->nchw", dy, w[:, :, ky, kx])
            dw[:, :, ky, kx] = np.einsum("nfhw,nchw->fc", dy, x[here])
    return dx[:, :, top : top + H, left : left + W], dw


def bound(m, K, back=False):
    """What no error exceeds: some five standard deviations of it; see above. `back`: of dw."""
    AT, G, BT = (np.array(M, float) ** 2 for M in matrices(m))
    growth = G.T @ (BT.sum(1) * AT.sum(0)) if back else AT @ (BT.sum(1) * G.sum(1))
    return 1.5 * EPS * growth.max() * np.sqrt(K * (K + 32))


def channels_last(a):
    return np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)


def filters_last(w):
    return np.ascontiguousarray(w.transpose(2, 3, 1, 0)).transpose(3, 2, 0, 1)


def sliced(a):
    """The same numbers, scattered over more memory, partly backwards."""
    larger = np.zeros((a.shape[0], a.shape[1] + 1, *a.shape[2:-1], 2 * a.shape[-1]), a.dtype)
    view = larger[:, 1:, ::-1, ::2]
    view[...] = a
    return view


def normal(rng, *shape):
    return rng.standard_normal(shape).astype(np.float32)


def check(rng, m, N, C, H, W, F, padding, layouts=(channels_last, filters_last)):
    """All passes of one case."""
    of_pictures, of_filters = layouts
    window = Window.of("conv2d", 3, 1, padding)
    x, w, b = normal(rng, N, C, H, W), normal(rng, F, C, 3, 3), normal(rng, F)
    y = correlate(x, w, b, window.padding)
    dy = normal(rng, *y.shape)
    dx, dw = gradients(dy, x, w, window.padding)
    laid_x, laid_dy, laid_w = of_pictures(x), of_pictures(dy), of_filters(w)
    copies = [a.copy() for a in (laid_x, laid_dy, laid_w, b)]

    results = {
        "y": (winograd_numba.forward(laid_x, laid_w, b, window, m), y, bound(m, C)),
        "floored": (
            winograd_numba.forward(laid_x, laid_w, None, window, m, True),
            np.maximum(y - b.astype(np.float64)[:, None, None], 0),
            bound(m, C),
        ),
        "dx": (winograd_numba.input_gradient(laid_dy, laid_w, window, x.shape, m), dx, bound(m, F)),
        "dw": (
            winograd_numba.weight_gradient(laid_dy, laid_x, window, m),
            dw,
            bound(m, N * -(-y.shape[2] // m) * -(-y.shape[3] // m), back=True),
        ),
    }
    for name, (result, expected, most) in results.items():
        assert result.shape == expected.shape, name
        assert result.dtype == np.float32, name
        error = np.abs(result - expected).max(initial=0)
        assert error <= most, f"{name}: {error / EPS:.0f} eps, at most {most / EPS:.0f} expected"
    for name in ("y", "floored", "dx"):
        assert results[name][0].transpose(0, 2, 3, 1).flags.c_contiguous
    assert results["dw"][0].transpose(2, 3, 1, 0).flags.c_contiguous
    for a, copy in zip((laid_x, laid_dy, laid_w, b), copies, strict=True):
        np.testing.assert_array_equal(a, copy)


CASES = {
    "one pixel": (1, 16, 1, 1, 16, 1),
    "3x3": (2, 16, 3, 3, 16, 1),
    "3x3 to one": (2, 17, 3, 3, 33, 0),
    "odd": (1, 40, 7, 13, 48, 1),
    "wide padding": (2, 16, 5, 6, 33, 2),
    "very wide padding": (1, 16, 2, 3, 16, 5),
    "one side": (1, 33, 6, 9, 17, ((0, 3), (2, 0))),
    "another side": (2, 16, 8, 4, 48, ((4, 0), (0, 1))),
    "one channel": (1, 1, 6, 7, 16, 1),
    "three channels": (2, 3, 9, 5, 33, 1),
    "one filter": (1, 17, 5, 5, 1, 1),
    "few of both": (1, 3, 4, 6, 6, 0),
    "several blocks": (3, 17, 31, 29, 33, 1),
}


@pytest.mark.parametrize("m", MS)
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_against_sums_in_float64(case, m, rng):
    check(rng, m, *case)


def contiguous(a):
    return a


@pytest.mark.parametrize("of_filters", [filters_last, contiguous, sliced], ids=lambda f: f.__name__)
@pytest.mark.parametrize("of_pictures", [channels_last, contiguous, sliced], ids=lambda f: f.__name__)
def test_any_memory_layout(of_pictures, of_filters, rng):
    check(rng, 2, 2, 17, 6, 5, 34, 1, (of_pictures, of_filters))


@pytest.mark.parametrize("more", [-1, 0, 1])
@pytest.mark.parametrize("m", [2, 4])
def test_block_boundaries(m, more, rng):
    """So many pictures of one tile each that a block, or a part of the weight gradient, is just full."""
    C, F = 16, 17
    for tiles in (winograd_weight_numba.SHORT * 2 + more, winograd_numba.ROWS * 9 + more):
        check(rng, m, tiles, C, m, m, F, 1)


@pytest.mark.parametrize("threads", [1, 2, 3, 5, 16])
def test_threads_have_as_much_to_do_where_tiles_are_few(threads):
    """Of 20 tiles one thread alone would take all: filters are shared out."""
    cut = winograd_numba._cut(20, 512, 512, 4, (1, 1), threads)
    rows, panels = -(-20 // winograd_numba.ROWS), 512 // winograd_numba.WIDE
    most = -(-cut.blocks * cut.shares // threads) * -(-rows // cut.blocks) * -(-panels // cut.shares)
    assert most <= 1.5 * rows * panels / threads
    parts, cut = winograd_weight_numba._cut(20, 512, 512, 4, (1, 1), threads)
    assert (parts, cut.shares) == (1, threads)


def test_no_pictures():
    x, w = np.zeros((0, 16, 5, 5), np.float32), np.ones((16, 16, 3, 3), np.float32)
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    assert winograd_numba.forward(x, w, None, window, 2).shape == (0, 16, 5, 5)
    assert winograd_numba.input_gradient(x, w, window, x.shape, 2).shape == x.shape
    assert not winograd_numba.weight_gradient(x, x, window, 2).any()


@pytest.mark.parametrize("m", MS)
@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_nan_and_infinity_stay_in_the_tiles_that_read_them(number, m, rng):
    x, w = normal(rng, 1, 16, 6 * m, 6 * m), normal(rng, 16, 16, 3, 3)
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    clean = winograd_numba.forward(x, w, None, window, m)
    x[0, 5, 2 * m + 1, 3 * m + 1] = number  # not on a tile's border: read by one tile alone
    y = winograd_numba.forward(x, w, None, window, m)
    tile = np.zeros((6 * m, 6 * m), bool)
    reached = np.s_[2 * m : 3 * m + (m == 2) * m, 3 * m : 4 * m + (m == 2) * m]  # of F(2x2), by four tiles
    tile[reached] = True
    assert not np.isfinite(y[0, :, 2 * m : 2 * m + 3, 3 * m : 3 * m + 3]).all()
    np.testing.assert_array_equal(y[0][:, ~tile], clean[0][:, ~tile])
    floored = winograd_numba.forward(np.full_like(x, np.nan), w, None, window, m, True)
    assert np.isnan(floored).all()


@pytest.mark.parametrize("m", MS)
@pytest.mark.parametrize("case", [CASES["odd"], CASES["one side"], CASES["several blocks"], CASES["few of both"]])
def test_nothing_is_written_outside_and_no_scratch_is_read_before(case, m, rng):
    with memory.watch() as trespasses:
        check(rng, m, *case)
    assert trespasses == []


def test_relative_errors(rng):
    """Root mean squares, for pictures after a ReLU and weights of He's size; a direct sum has 3e-7."""
    x = np.maximum(normal(rng, 4, 64, 16, 16), 0)
    w = normal(rng, 64, 64, 3, 3) * np.float32(np.sqrt(2 / (9 * 64)))
    window = Window((3, 3), padding=((1, 1), (1, 1)))
    y = correlate(x, w, None, window.padding)

    def error(m):
        return np.linalg.norm(winograd_numba.forward(x, w, None, window, m) - y) / np.linalg.norm(y)

    assert error(2) < 5e-7
    assert error(3) < 1.2e-6
    assert error(4) < 1.5e-6


THREADS = """
import hashlib, numpy as np, numba, sys
from tinyconv.geometry import Window
from tinyconv.kernels import winograd_numba as winograd
rng = np.random.default_rng(0)
for N, C, H, F in ((2, 16, 9, 33), (40, 33, 12, 48), (1, 64, 7, 130)):
    x, w = rng.standard_normal((N, C, H, H)).astype("f4"), rng.standard_normal((F, C, 3, 3)).astype("f4")
    dy, window = rng.standard_normal((N, F, H, H)).astype("f4"), Window((3, 3), padding=((1, 1), (1, 1)))
    expected = None
    for threads in (1, 2, 3):
        numba.set_num_threads(threads)
        results = [winograd.forward(x, w, None, window, 4), winograd.input_gradient(dy, w, window, x.shape, 4)]
        results.append(winograd.weight_gradient(dy, x, window, 4))
        bits = [np.ascontiguousarray(a).tobytes() for a in results]
        expected = expected or bits
        print(bits == expected)
"""


def test_bits_do_not_depend_on_the_number_of_threads():
    environment = os.environ | {"NUMBA_NUM_THREADS": "3", "PYTHONPATH": str(ROOT)}
    run = subprocess.run([sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["True"] * 9
