"""Compiled passes over arrays of many blocks, in every layout, against float64 NumPy and at full accuracy."""

import numpy as np
import pytest

import tinyconv
from tinyconv import kernels, memory
from tinyconv.geometry import Window

pytest.importorskip("numba", reason="Numba is not installed")


def as_written(x):
    return np.ascontiguousarray(x)


def channels_last(x):
    return x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)


def every_second(x):
    return np.repeat(x, 2, 3)[..., ::2]


SHAPES = [(8, 64, 20, 20), (5, 3, 17, 13), (1, 1, 300, 7), (3, 600, 9, 11), (2, 16, 64, 64), (1, 40, 37, 1)]


@pytest.fixture(autouse=True)
def compiled():
    with tinyconv.engine("numba"):
        yield


@pytest.fixture(params=SHAPES, ids=str)
def shape(request):
    return request.param


@pytest.fixture(params=[as_written, channels_last, every_second])
def layout(request):
    return request.param


def normal(rng, shape, shift=0.0):
    """float32 numbers, as float32 and as float64."""
    x = (shift + rng.standard_normal(shape)).astype(np.float32)
    return x, x.astype(np.float64)


def channels(a):
    return a.reshape(-1, 1, 1)


# ---------------------------------------------------------------- batch norm


@pytest.mark.parametrize("shift", [0, 1e3, -1e5])
def test_statistics(shape, layout, shift, rng):
    """The mean to a rounding; the variance to a few, however large the mean is."""
    x, exact = normal(rng, shape, shift)
    mean, var = kernels.batch_norm_stats(layout(x))
    np.testing.assert_allclose(mean, exact.mean((0, 2, 3)), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(var, exact.var((0, 2, 3)), rtol=2e-5)


def test_a_constant_channel_has_no_variance(layout):
    mean, var = kernels.batch_norm_stats(layout(np.full((7, 5, 31, 9), 1e4 / 3, np.float32)))
    np.testing.assert_array_equal(mean, np.float32(1e4 / 3))
    np.testing.assert_array_equal(var, 0)


def test_an_outlier_in_front_does_no_harm(layout, rng):
    """Deviations are taken from the first row of a block."""
    x = rng.standard_normal((4, 3, 40, 40)).astype(np.float32)
    x[0, :, 0, 0] = 100
    _, var = kernels.batch_norm_stats(layout(x))
    np.testing.assert_allclose(var, x.astype(np.float64).var((0, 2, 3)), rtol=1e-4)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("residual", [False, True])
def test_batch_norm_forward(shape, layout, residual, relu, rng):
    (x, x64), (z, z64) = normal(rng, shape), normal(rng, shape)
    mean, weight, bias = rng.standard_normal((3, shape[1])).astype(np.float32)
    var = rng.uniform(0.5, 2, shape[1]).astype(np.float32)
    y = kernels.batch_norm(layout(x), mean, var, weight, bias, 1e-5, layout(z) if residual else None, relu)
    expected = (x64 - channels(mean)) / channels(np.sqrt(var + 1e-5)) * channels(weight) + channels(bias)
    expected = expected + z64 if residual else expected
    np.testing.assert_allclose(y, np.maximum(expected, 0) if relu else expected, atol=1e-5)


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("residual", [False, True])
def test_batch_norm_backward(shape, layout, residual, relu, rng):
    (dy, dy64), (x, x64) = normal(rng, shape), normal(rng, shape)
    mean, var = x64.mean((0, 2, 3)).astype(np.float32), x64.var((0, 2, 3)).astype(np.float32)
    weight = rng.uniform(0.5, 2, shape[1]).astype(np.float32)
    y = np.maximum(rng.standard_normal(shape), 0).astype(np.float32)
    results = kernels.batch_norm_input(
        layout(dy), layout(x), mean, var, weight, 1e-5, layout(y) if relu else None, residual
    )

    dy64 = np.where(y > 0, dy64, 0) if relu else dy64
    n, r = x.size / shape[1], 1 / np.sqrt(var.astype(np.float64) + 1e-5)
    z = (x64 - channels(mean)) * channels(r)
    dbias, dweight = dy64.sum((0, 2, 3)), (dy64 * z).sum((0, 2, 3))
    dx = channels(weight * r) * (dy64 - (channels(dbias) + z * channels(dweight)) / n)
    for result, expected in zip(results, (dx, dweight, dbias, dy64), strict=False):
        np.testing.assert_allclose(result, expected, atol=1e-6 * np.sqrt(n) + 1e-5)
    assert len(results) == 3 + residual


def test_results_lie_as_the_input_does(shape, layout, rng):
    x, _ = normal(rng, shape)
    a = layout(x)
    ones = np.ones(shape[1], np.float32)
    y = kernels.batch_norm(a, ones, ones, ones, ones, 1e-5)
    dx, _, _ = kernels.batch_norm_input(np.ascontiguousarray(y), a, ones, ones, ones, 1e-5)
    if layout is channels_last:
        assert y.transpose(0, 2, 3, 1).flags.c_contiguous and dx.transpose(0, 2, 3, 1).flags.c_contiguous
    else:
        assert y.flags.c_contiguous and dx.flags.c_contiguous


# ---------------------------------------------------------------- pooling

WINDOWS = [(2, 2, 0), (3, 2, 1), (3, 3, 0), (3, 1, 1), (2, 3, 0), (4, 2, 2)]


def patches(x, size, stride, padding, border):
    """(N, C, OH, OW, size*size)"""
    x = np.pad(x, [(0, 0), (0, 0), (padding, padding), (padding, padding)], constant_values=border)
    views = np.lib.stride_tricks.sliding_window_view(x, (size, size), (2, 3))[:, :, ::stride, ::stride]
    return views.reshape(*views.shape[:4], size * size)


def spread(dcols, shape, size, stride, padding):
    """The adjoint of `patches`."""
    N, C, H, W = shape
    OH, OW = dcols.shape[2:4]
    dx = np.zeros((N, C, H + 2 * padding, W + 2 * padding))
    for k in range(size * size):
        y0, x0 = divmod(k, size)
        dx[:, :, y0 : y0 + stride * OH : stride, x0 : x0 + stride * OW : stride] += dcols[..., k]
    return dx[:, :, padding : padding + H, padding : padding + W]


@pytest.mark.parametrize("geometry", WINDOWS, ids=str)
@pytest.mark.parametrize("pictures", [(3, 33, 15, 14), (2, 5, 28, 28), (1, 1, 9, 40), (2, 16, 8, 8)], ids=str)
def test_max_pooling(pictures, layout, geometry, rng):
    x = rng.integers(-9, 9, pictures).astype(np.float32)  # with many ties
    size, stride, padding = geometry
    window = Window.of("test", size, stride, padding)
    y, winner = kernels.max_pool2d(layout(x), window)
    cols = patches(x.astype(np.float64), *geometry, -np.inf)
    np.testing.assert_array_equal(y, cols.max(-1))
    np.testing.assert_array_equal(winner, cols.argmax(-1))

    dy = rng.standard_normal(y.shape).astype(np.float32)
    won = cols.argmax(-1)[..., None] == np.arange(size * size)
    expected = spread(won * dy[..., None].astype(np.float64), x.shape, *geometry)
    for gradient in (dy, layout(dy)):
        dx = kernels.max_pool2d_input(gradient, winner, window, x.shape)
        np.testing.assert_allclose(dx, expected, atol=1e-5)


@pytest.mark.parametrize("geometry", WINDOWS, ids=str)
@pytest.mark.parametrize("pictures", [(3, 33, 15, 14), (2, 5, 28, 28), (1, 1, 9, 40), (2, 16, 8, 8)], ids=str)
def test_average_pooling(pictures, layout, geometry, rng):
    x, x64 = normal(rng, pictures)
    size, stride, padding = geometry
    window = Window.of("test", size, stride, padding)
    y = kernels.avg_pool2d(layout(x), window, size**2)
    np.testing.assert_allclose(y, patches(x64, *geometry, 0).mean(-1), atol=1e-6)

    dy, dy64 = normal(rng, y.shape)
    shares = np.repeat(dy64[..., None] / size**2, size**2, -1)
    dx = kernels.avg_pool2d_input(layout(dy), window, size**2, x.shape)
    np.testing.assert_allclose(dx, spread(shares, x.shape, *geometry), atol=1e-6)


# ---------------------------------------------------------------- nothing outside, nothing unwritten


def test_every_result_is_written_whole_and_nothing_else(layout, rng):
    """In memory full of NaN, between guards."""
    with memory.watch() as trespasses:
        x = layout(rng.standard_normal((3, 33, 29, 31)).astype(np.float32))
        ones = np.ones(33, np.float32)
        results = [
            kernels.relu(x), kernels.relu_input(x, x), kernels.leaky_relu(x, 0.1), kernels.tanh(x),
            kernels.tanh_input(x, x), kernels.sigmoid(x), kernels.sigmoid_input(x, x), kernels.dropout(x, 0.3, 5),
            *kernels.batch_norm_stats(x), kernels.batch_norm(x, ones, ones, ones, ones, 1e-5, x, True),
            *kernels.batch_norm_input(x, x, ones, ones, ones, 1e-5, x, True),
            *kernels.cross_entropy_labels(x.reshape(-1, 29), np.zeros(x.size // 29, int)),
        ]  # fmt: skip
        for geometry in WINDOWS:
            window = Window.of("test", *geometry)
            y, winner = kernels.max_pool2d(x, window)
            mean = kernels.avg_pool2d(x, window, 3)
            results += [y, winner, mean, kernels.max_pool2d_input(y, winner, window, x.shape)]
            results.append(kernels.avg_pool2d_input(mean, window, 3, x.shape))
        assert not any(np.isnan(y).any() for y in results)
        del results, y, winner, mean
    assert trespasses == []


# ---------------------------------------------------------------- softmax and cross entropy


def test_cross_entropy_of_labels_is_right_to_a_few_roundings(rng):
    x = (20 * rng.standard_normal((100, 37))).astype(np.float32)
    labels = rng.integers(0, 37, 100)
    loss, p = kernels.cross_entropy_labels(x, labels)
    e = np.exp(x.astype(np.float64) - x.max(1, keepdims=True))
    exact = e / e.sum(1, keepdims=True)
    np.testing.assert_allclose(p, exact, rtol=1e-5, atol=1e-44)  # x - max x is rounded, at up to 120
    np.testing.assert_allclose(loss, -np.log(exact[np.arange(100), labels]), rtol=1e-6, atol=2e-7)


@pytest.mark.parametrize("special", [np.nan, np.inf])
def test_cross_entropy_of_an_impossible_row_is_nan_there_alone(special, rng):
    x = rng.standard_normal((3, 20)).astype(np.float32)
    x[1, 7] = special
    loss, p = kernels.cross_entropy_labels(x, np.zeros(3, int))
    assert np.isnan(loss).tolist() == [False, True, False]
    assert not np.isnan(p[[0, 2]]).any()


# ---------------------------------------------------------------- optimisers


def test_gradients_in_another_order_than_their_parameters(rng):
    """As channels-last kernels give them; without momentum and with."""
    w, g, v = (rng.standard_normal((40, 30, 3, 5)).astype(np.float32) for _ in range(3))
    expected = 0.5 * v.astype(np.float64) + g
    a, b = w.copy(), v.copy()
    kernels.sgd([a], [channels_last(g)], [b], [1.0], 0.1, 0.5, 0.0, False)
    np.testing.assert_allclose(b, expected, atol=1e-6)
    np.testing.assert_allclose(a, w - 0.1 * expected, atol=1e-6)


def test_parameters_that_are_slices_of_others(rng):
    whole, g = rng.standard_normal((2, 6, 8))
    kernels.sgd([whole[:, ::2]], [g[:, ::2]], None, [1.0], 0.1, 0.0, 0.0, False)
    untouched = whole[:, 1::2].copy()
    kernels.sgd([whole[:, ::2]], [g[:, ::2]], None, [1.0], 0.1, 0.0, 0.0, False)
    np.testing.assert_array_equal(whole[:, 1::2], untouched)
