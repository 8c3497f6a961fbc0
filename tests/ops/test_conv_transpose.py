"""Transposed convolution: by hand, against loops, beside conv2d whose adjoint it is, beside PyTorch; one axis."""

import numpy as np
import pytest
from torch_twin import assert_twins

import tinyconv
from tinyconv.ops.conv import conv1d, conv2d
from tinyconv.ops.conv_transpose import conv_transpose1d, conv_transpose2d
from tinyconv.tensor import Tensor, grad

TWO = np.array([[[[1.0, 10]]]])
KERNEL = np.array([[[[2.0, 3, 5]]]])


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({}, [[2, 3 + 20, 5 + 30, 50]]),  # 1*(2 3 5) laid on the left, 10*(2 3 5) one further
        (dict(stride=2), [[2, 3, 5 + 20, 30, 50]]),
        (dict(stride=4), [[2, 3, 5, 0, 20, 30, 50]]),
        (dict(stride=2, padding=(0, 1)), [[3, 25, 30]]),  # both ends cut off
        (dict(stride=2, padding=(0, 1), output_padding=(0, 1)), [[3, 25, 30, 50]]),  # the right one given back
        (dict(stride=2, output_padding=(0, 1)), [[2, 3, 25, 30, 50, 0]]),
        (dict(stride=(2, 1), output_padding=(1, 0)), [[2, 23, 35, 50], [0, 0, 0, 0]]),
        (dict(dilation=2), [[2, 20, 3, 30, 5, 50]]),
        (dict(dilation=(1, 2), padding=(0, 1), output_padding=(0, 1)), [[20, 3, 30, 5, 50]]),
        (dict(padding=((0, 0), (1, 0))), [[23, 35, 50]]),
        (dict(bias=np.array([0.5])), [[2.5, 23.5, 35.5, 50.5]]),
    ],
)
def test_by_hand(engine, arguments, expected):
    assert conv_transpose2d(TWO, KERNEL, **arguments).tolist() == [[expected]]


def test_gradients_by_hand(engine):
    """y = (2*1, 3*1 + 2*10, 3*10): dy meets each pixel's copy of the kernel."""
    x = Tensor(np.array([[[[1.0, 10]]]]), requires_grad=True)
    w = Tensor(np.array([[[[2.0, 3]]]]), requires_grad=True)
    b = Tensor(np.array([0.0]), requires_grad=True)
    conv_transpose2d(x, w, b).backward(np.array([[[[1.0, 100, 10000]]]]))
    assert x.grad.data.ravel().tolist() == [2 + 300, 200 + 30000]
    assert w.grad.data.ravel().tolist() == [1 + 1000, 100 + 100000]
    assert b.grad.tolist() == [10101]


def naive(x, w, b, s, p, extra, groups, d):
    """Each pixel lays its kernel onto a picture without borders, which are cut off in the end."""
    (N, F, H, W), (_, CG, KH, KW) = x.shape, w.shape
    FG = F // groups
    full = np.zeros((N, CG * groups, (H - 1) * s[0] + d[0] * KH + 9, (W - 1) * s[1] + d[1] * KW + 9))
    for n, f, iy, ix in np.ndindex(*x.shape):
        for c, ky, kx in np.ndindex(CG, KH, KW):
            full[n, f // FG * CG + c, iy * s[0] + ky * d[0], ix * s[1] + kx * d[1]] += w[f, c, ky, kx] * x[n, f, iy, ix]
    OH = (H - 1) * s[0] - 2 * p[0] + d[0] * (KH - 1) + extra[0] + 1
    OW = (W - 1) * s[1] - 2 * p[1] + d[1] * (KW - 1) + extra[1] + 1
    return full[:, :, p[0] : p[0] + OH, p[1] : p[1] + OW] + b[:, None, None]


def random_arguments(rng):
    """x, w, b, and the rest in the order of the function's arguments; the output has a pixel at least."""
    size, s, d = (tuple(rng.integers(1, 4, 2).tolist()) for _ in range(3))
    H, W, groups, FG, CG = rng.integers(1, 4, 5).tolist()
    p = tuple(int(rng.integers(0, (d[i] * (size[i] - 1)) // 2 + 1)) for i in (0, 1))
    extra = tuple(int(rng.integers(0, max(s[i], d[i]))) for i in (0, 1))
    x, w = rng.standard_normal((2, FG * groups, H, W)), rng.standard_normal((FG * groups, CG, *size))
    return (x, w, rng.standard_normal(CG * groups)), (s, p, extra, groups, d)


@pytest.mark.parametrize("number", range(10))
def test_random_geometries_against_loops(engine, rng, number):
    arrays, geometry = random_arguments(rng)
    y = conv_transpose2d(*arrays, *geometry)
    np.testing.assert_allclose(y.data, naive(*arrays, *geometry), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("number", range(12))
def test_random_geometries_are_pytorchs(rng, number):
    functional = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed").nn.functional
    arrays, geometry = random_arguments(rng)
    assert_twins(
        rng,
        lambda *xs: conv_transpose2d(*xs, *geometry),
        lambda *xs: functional.conv_transpose2d(*xs, *geometry),
        *arrays,
    )


@pytest.mark.parametrize("size", [5, 6])
def test_it_is_what_backward_of_conv2d_does(engine, rng, size):
    """Two sizes of x give conv2d the same output with stride 2; output_padding says which one to go back to."""
    x = Tensor(rng.standard_normal((1, 4, size, size)), requires_grad=True)
    w = rng.standard_normal((6, 2, 3, 3))
    y = conv2d(x, w, stride=2, padding=1, groups=2)
    assert y.shape == (1, 6, 3, 3)
    dy = rng.standard_normal(y.shape)
    (dx,) = grad(y, x, Tensor(dy))
    again = conv_transpose2d(dy, w, None, 2, 1, size - 5, 2)
    np.testing.assert_allclose(again.data, dx.data, rtol=1e-12, atol=1e-12)


def test_one_axis_is_a_row(engine, rng):
    x, w, b = rng.standard_normal((2, 4, 5)), rng.standard_normal((4, 3, 3)), rng.standard_normal(6)
    y = conv_transpose1d(x, w, b, 2, 1, 1, 2, 2)
    row = conv_transpose2d(x[:, :, None], w[:, :, None], b, (1, 2), (0, 1), (0, 1), 2, (1, 2))
    np.testing.assert_array_equal(y.data, row.data[:, :, 0])
    z = conv1d(x, w[:, :2], b[:4], 2, 1, 2, 2)
    row = conv2d(x[:, :, None], w[:, :2, None], b[:4], (1, 2), (0, 1), (1, 2), 2)
    np.testing.assert_array_equal(z.data, row.data[:, :, 0])


def test_conv1d_by_hand(engine):
    x, w = np.array([[[1.0, 2, 3, 4]]]), np.array([[[1.0, 10]]])
    assert conv1d(x, w).tolist() == [[[21, 32, 43]]]  # not flipped
    assert conv1d(x, w, np.array([0.5]), 2, 1).tolist() == [[[10.5, 32.5, 4.5]]]
    assert conv1d(x, w, padding="same", dilation=3).tolist() == [[[30, 41, 2, 3]]]  # one zero before, two after


@pytest.mark.parametrize(
    ("x", "w", "padding", "message"),
    [
        (
            (1, 1, 1, 1),
            (1, 1, 1, 1),
            1,
            "conv_transpose2d: a 1x1 window with stride 1, padding 1 does not fit a 1x1 input: the output would be "
            "-1x-1. OH = (1 - 1)*1 - 2*1 + 1*(1 - 1) + 1 + 0 = -1. Lower the padding, which cuts rows and columns "
            "off, or make the input larger.",
        ),
        (
            (1, 1, 3, 2),
            (1, 1, 3, 1),
            (0, (1, 2)),
            "conv_transpose2d: a 3x1 window with stride 1, padding ((0, 0), (1, 2)) does not fit a 3x2 input: the "
            "output would be 5x-1. OW = (2 - 1)*1 - 1 - 2 + 1*(1 - 1) + 1 + 0 = -1. Lower the padding, which cuts "
            "rows and columns off, or make the input larger.",
        ),
    ],
)
def test_an_output_without_pixels_is_refused_before_anything_happens(x, w, padding, message):
    with pytest.raises(tinyconv.errors.ShapeError) as caught:
        conv_transpose2d(tinyconv.ones(*x), tinyconv.ones(*w), padding=padding)
    assert str(caught.value) == message
