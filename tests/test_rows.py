"""Convolution with pixels as lanes: kernels/rows_numba.py, by itself, whatever conv2d chooses."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tinyconv.geometry import Window
from tinyconv.memory import watch

pytest.importorskip("numba", reason="the kernels under test are compiled by Numba")
from tinyconv.kernels import rows_numba as rows

PASSES = ("forward", "input_gradient", "weight_gradient")


def window(size, stride=1, padding=0, dilation=1, groups=1) -> Window:
    return Window.of("test", size, stride, padding, dilation, groups)


# N, C, F, H, W, window
CASES = {
    "lenet 1": (3, 1, 6, 28, 28, window(5, padding=2)),
    "lenet 2": (17, 6, 16, 14, 14, window(5)),
    "one pixel": (1, 1, 1, 1, 1, window(1)),
    "one filter": (2, 3, 1, 9, 9, window(3)),
    "one channel, many filters": (2, 1, 29, 8, 9, window(3, padding=1)),
    "one line": (3, 2, 7, 1, 40, window((1, 3), padding=(0, 1))),
    "one column": (3, 2, 7, 40, 1, window((3, 1), padding=(1, 0))),
    "more taps than a tile": (1, 5, 8, 12, 11, window((4, 7), padding=3)),
    "stride": (4, 3, 6, 13, 17, window(3, 2, 1)),
    "stride beyond the kernel": (2, 2, 9, 11, 13, window((2, 1), (3, 4))),
    "stride and dilation with common factors": (2, 2, 6, 23, 19, window((3, 2), (4, 6), 3, (6, 4))),
    "dilation": (2, 4, 8, 17, 15, window(3, 1, 2, (2, 3))),
    "padding beyond the kernel": (2, 2, 6, 4, 5, window(2, 1, 5)),
    "more border than picture": (1, 2, 6, 2, 1, window((4, 3), 2, 4)),
    "lines that no window reads": (2, 3, 6, 12, 12, window(3, 5)),
    "groups": (3, 12, 18, 10, 9, window(3, 1, 1, groups=3)),
    "depthwise": (2, 7, 7, 12, 9, window(3, 2, 1, groups=7)),
    "bands of a large picture": (1, 3, 10, 150, 131, window(5, padding=2)),
    "bands with stride": (1, 4, 6, 161, 90, window((7, 3), (2, 1), 3)),
    "fewer pixels than lanes": (5, 8, 7, 5, 5, window(3)),
}


def definition(x, w, b, window):
    """y, dx and dw of sum(y*dy), tap by tap in float64."""
    x, w, G = x.astype(float), w.astype(float), window.groups
    (N, C, H, W), (F, CG, KH, KW) = x.shape, w.shape
    (top, bottom), (left, right), (OH, OW) = *window.padding, window.out(H, W)
    padded = np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right))).reshape(N, G, CG, H + top + bottom, -1)
    wg = w.reshape(G, F // G, CG, KH, KW)
    y = np.zeros((N, G, F // G, OH, OW))

    def seen_by(ky, kx):
        (SH, SW), (DH, DW) = window.stride, window.dilation
        return (..., slice(ky * DH, ky * DH + (OH - 1) * SH + 1, SH), slice(kx * DW, kx * DW + (OW - 1) * SW + 1, SW))

    taps = list(np.ndindex(KH, KW))
    for ky, kx in taps:
        y += np.einsum("ngchw,gfc->ngfhw", padded[seen_by(ky, kx)], wg[..., ky, kx])
    y = y.reshape(N, F, OH, OW) + (0 if b is None else b.astype(float).reshape(F, 1, 1))

    def gradients(dy):
        dyg = dy.astype(float).reshape(N, G, F // G, OH, OW)
        dx, dw = np.zeros_like(padded), np.zeros_like(wg)
        for ky, kx in taps:
            dx[seen_by(ky, kx)] += np.einsum("ngfhw,gfc->ngchw", dyg, wg[..., ky, kx])
            dw[..., ky, kx] = np.einsum("ngfhw,ngchw->gfc", dyg, padded[seen_by(ky, kx)])
        return dx.reshape(N, C, H + top + bottom, -1)[:, :, top : top + H, left : left + W], dw.reshape(w.shape)

    return y, gradients


def arrays(rng, case, dtype):
    N, C, F, H, W, window = CASES[case]
    x = rng.standard_normal((N, C, H, W)).astype(dtype)
    w = rng.standard_normal((F, C // window.groups, *window.size)).astype(dtype)
    b = rng.standard_normal(F).astype(dtype)
    dy = rng.standard_normal((N, F, *window.out(H, W))).astype(dtype)
    return x, w, b, dy, window


def assert_close(got, expected, size, terms):
    """size: of the absolute sum; terms: how many there are in a sum. Errors of rounding are far below terms*eps."""
    assert got.dtype in (np.float32, np.float64)
    assert got.shape == expected.shape
    tolerance = min(4e-7 * np.sqrt(terms) + 1e-6, 1e-5) if got.dtype == np.float32 else 1e-12
    assert np.abs(got - expected).max() <= tolerance * max(size, 1)


def compare(x, w, b, dy, window):
    y, gradients = definition(x, w, b, window)
    dx, dw = gradients(dy)
    size, terms = abs(w).sum((1, 2, 3)).max(), w[0].size
    assert_close(rows.forward(x, w, b, window), y, size, terms)
    assert_close(rows.input_gradient(dy, w, window, x.shape), dx, abs(w).sum((0, 2, 3)).max(), w[:, 0].size)
    assert_close(rows.weight_gradient(dy, x, window), dw, np.sqrt(dy[:, 0].size) * 4, dy[:, 0].size)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("case", CASES)
def test_every_pass_is_the_sum_over_the_taps(rng, case, dtype):
    with watch() as trespasses:  # memory comes full of NaN, between guards
        compare(*arrays(rng, case, dtype))
    assert trespasses == []


@pytest.mark.parametrize("N", [1, 2, 15, 16, 17, 33])
def test_any_number_of_pictures_is_shared_out(rng, N):
    x, w, b, dy, window = arrays(rng, "groups", np.float32)
    some = np.arange(N) % len(x)
    compare(x[some], w, b, dy[some], window)


ORDERS = {
    "channels-last": lambda a: np.ascontiguousarray(a.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2),
    "reversed": lambda a: np.ascontiguousarray(a[..., ::-1])[..., ::-1],
    "part of a larger array": lambda a: np.repeat(a, 2, axis=3)[..., ::2],
    "axes in another order": lambda a: np.ascontiguousarray(a.T).T,
    "read-only": lambda a: np.broadcast_to(a[None], (1, *a.shape))[0],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("case", ["groups", "stride", "one channel, many filters", "fewer pixels than lanes"])
def test_arrays_may_lie_in_memory_in_any_order(rng, case, order):
    x, w, b, dy, window = arrays(rng, case, np.float32)
    before = [a.copy() for a in (x, w, dy)]
    x, w, dy = (ORDERS[order](a) for a in (x, w, dy))
    compare(x, w, np.repeat(b, 2)[::2], dy, window)
    for a, was in zip((x, w, dy), before, strict=True):
        assert np.array_equal(a, was)


def test_relu_and_no_bias(rng):
    x, w, b, _, window = arrays(rng, "lenet 2", np.float32)
    y = rows.forward(x, w, b, window)
    assert (y < 0).any()
    assert np.array_equal(rows.forward(x, w, b, window, relu=True), np.maximum(y, 0))
    assert np.array_equal(rows.forward(x, w, None, window), rows.forward(x, w, 0 * b, window))


def test_relu_keeps_a_nan(rng):
    x, w, b, _, window = arrays(rng, "lenet 1", np.float32)
    x[1, 0, 14, 14] = np.nan
    y = rows.forward(x, w, b, window, relu=True)
    assert np.isnan(y[1, :, 12:17, 12:17]).all()
    assert np.isnan(y).sum() == 6 * 25


def test_the_input_gradient_of_an_infinity_stays_where_it_belongs(rng):
    x, w, _, dy, window = arrays(rng, "lenet 2", np.float32)
    dy[3, 2, 4, 5] = np.inf
    dx = rows.input_gradient(dy, w, window, x.shape)
    assert not np.isfinite(dx[3, :, 4:9, 5:10]).any()
    assert (~np.isfinite(dx)).sum() == 6 * 25


def test_an_empty_batch():
    x, w, window = np.zeros((0, 2, 5, 5), np.float32), np.ones((3, 2, 3, 3), np.float32), CASES["one filter"][-1]
    y = rows.forward(x, w, None, window)
    assert y.shape == (0, 3, 3, 3)
    assert rows.input_gradient(y, w, window, x.shape).shape == x.shape
    assert np.array_equal(rows.weight_gradient(y, x, window), np.zeros_like(w))


SCRIPT = """
import sys, numpy as np, tinyconv
from tinyconv.geometry import Window
from tinyconv.kernels import rows_numba as rows
tinyconv.set_num_threads(int(sys.argv[1]))
rng = np.random.default_rng(1)
for N, window in ((1, Window((5, 5), padding=((2, 2), (2, 2)))), (37, Window((3, 3), (2, 1)))):
    x = rng.standard_normal((N, 3, 41, 37), np.float32)
    w = rng.standard_normal((10, 3, *window.size), np.float32)
    y = rows.forward(x, w, None, window)
    results = (y, rows.input_gradient(y, w, window, x.shape), rows.weight_gradient(y, x, window))
    print(*(a.tobytes().hex()[:4000] + str(hash(a.tobytes())) for a in results))
"""


def test_results_do_not_depend_on_the_number_of_threads():
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("one core cannot run two threads")

    def results(threads):
        environment = {**os.environ, "NUMBA_NUM_THREADS": "2", "PYTHONHASHSEED": "0"}
        command = [sys.executable, "-c", SCRIPT, str(threads)]
        return subprocess.run(command, env=environment, check=True, capture_output=True).stdout

    one = results(1)
    assert len(one) > 4000
    assert results(2) == one
