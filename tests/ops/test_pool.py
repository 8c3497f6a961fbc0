"""Pooling: by hand, against PyTorch, ties, infinities and NaN, adjoints, bad input."""

import numpy as np
import pytest
from kernel_cases.pool import GEOMETRIES, winners
from torch_twin import assert_twins

import tinyconv
from tinyconv import kernels
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import Window
from tinyconv.ops import pool as pooling
from tinyconv.ops.pool import avg_pool2d, max_pool2d
from tinyconv.tensor import Tensor

PICTURE = np.array([[[[1.0, 5, 2], [3, 4, 6], [9, 8, 7]]]])


def gradient(pool, x, dy):
    """dx of a pooling for one picture."""
    x = Tensor(np.array(x, np.float64)[None, None], requires_grad=True)
    pool(x).backward(np.array(dy, np.float64)[None, None])
    return x.grad.data[0, 0].tolist()


# ---------------------------------------------------------------- by hand


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(kernel_size=2), [[5]]),
        (dict(kernel_size=2, stride=1), [[5, 6], [9, 8]]),
        (dict(kernel_size=(1, 3)), [[5], [6], [9]]),
        (dict(kernel_size=2, padding=1), [[1, 5], [9, 8]]),
        (dict(kernel_size=2, stride=1, dilation=2), [[9]]),
        (dict(kernel_size=2, ceil_mode=True), [[5, 6], [9, 7]]),
        (dict(kernel_size=2, stride=(1, 2), ceil_mode=True), [[5, 6], [9, 7]]),
        (dict(kernel_size=3, stride=4, padding=1, ceil_mode=True), [[5]]),  # a second window would begin outside
    ],
)
def test_max_pool2d(engine, arguments, expected):
    assert max_pool2d(PICTURE, **arguments).tolist() == [[expected]]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(kernel_size=2), [[13 / 4]]),
        (dict(kernel_size=2, stride=1), [[13 / 4, 17 / 4], [24 / 4, 25 / 4]]),
        (dict(kernel_size=2, padding=1), [[1 / 4, 7 / 4], [12 / 4, 25 / 4]]),
        (dict(kernel_size=2, padding=1, count_include_pad=False), [[1, 7 / 2], [12 / 2, 25 / 4]]),
        (dict(kernel_size=2, ceil_mode=True), [[13 / 4, 8 / 2], [17 / 2, 7]]),  # what is outside never counts
        (dict(kernel_size=2, ceil_mode=True, count_include_pad=False), [[13 / 4, 8 / 2], [17 / 2, 7]]),
        (dict(kernel_size=3, stride=3, padding=1, ceil_mode=True), [[13 / 9, 8 / 6], [17 / 6, 7 / 4]]),
        (dict(kernel_size=2, divisor_override=3), [[13 / 3]]),
        (dict(kernel_size=2, padding=1, divisor_override=1), [[1, 7], [12, 25]]),
    ],
)
def test_avg_pool2d(engine, arguments, expected):
    np.testing.assert_allclose(avg_pool2d(PICTURE, **arguments).data, [[expected]], rtol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(kernel_size=2), [[1]]),
        (dict(kernel_size=2, stride=1), [[1, 5], [6, 7]]),
        (dict(kernel_size=2, padding=1), [[0, 1], [6, 7]]),
        (dict(kernel_size=2, stride=1, dilation=2), [[6]]),
        (dict(kernel_size=2, ceil_mode=True), [[1, 5], [6, 8]]),
        (dict(kernel_size=2, stride=3, padding=2, dilation=3), [[4, 4], [4, 4]]),  # all other corners are in the border
    ],
)
def test_indices_are_places_in_the_picture(engine, arguments, expected):
    y, indices = max_pool2d(PICTURE, **arguments, return_indices=True)
    assert indices.dtype == np.int64 and not indices.requires_grad
    assert indices.tolist() == [[expected]]
    assert y.tolist() == [[[[PICTURE[0, 0].flat[i] for i in row] for row in expected]]]


def test_a_window_without_a_pixel_has_no_index(engine):
    x = np.array([[[[1.0, 2], [3, 4]]]])
    y, indices = max_pool2d(x, 2, stride=1, padding=2, dilation=3, return_indices=True)
    assert y.tolist() == [[[[4, -np.inf, 3], [-np.inf] * 3, [2, -np.inf, 1]]]]
    assert indices.tolist() == [[[[3, -1, 2], [-1] * 3, [1, -1, 0]]]]


def test_gradients_of_overlapping_windows_add_up(engine):
    dy = [[1, 10], [100, 1000]]
    assert gradient(lambda x: max_pool2d(x, 2, 1), PICTURE[0, 0], dy) == [
        [0, 1, 0],
        [0, 0, 10],
        [100, 1000, 0],
    ]
    assert gradient(lambda x: avg_pool2d(x, 2, 1), PICTURE[0, 0], dy) == [
        [1 / 4, 11 / 4, 10 / 4],
        [101 / 4, 1111 / 4, 1010 / 4],
        [100 / 4, 1100 / 4, 1000 / 4],
    ]


@pytest.mark.parametrize("value", [0, 7, -np.inf, np.inf, np.nan])
def test_the_first_of_equals_inside_the_picture_wins(engine, value):
    dx = gradient(lambda x: max_pool2d(x, 3, padding=1), np.full((2, 2), value), [[1]])
    assert dx == [[1, 0], [0, 0]]


def test_nan_wins_over_every_number(engine):
    x = np.array([[[[1, np.nan, np.inf, 2], [3, np.nan, 4, 5]]]])
    np.testing.assert_array_equal(max_pool2d(x, 2).data, [[[[np.nan, np.inf]]]])
    assert gradient(lambda x: max_pool2d(x, 2), x[0, 0], [[1, 1]]) == [[0, 1, 1, 0], [0, 0, 0, 0]]


def test_the_border_never_wins(engine):
    assert max_pool2d(np.full((1, 1, 3, 3), -5.0), 3, padding=1, stride=1).data.max() == -5


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
def test_whole_numbers_become_float32(pool):
    assert pool(np.arange(4).reshape(1, 1, 2, 2), 2).dtype == np.float32


def test_the_mean_of_complex_numbers(engine):
    assert avg_pool2d(np.array([[[[1 + 2j, 3]]]]), (1, 2)).item() == 2 + 1j


# ---------------------------------------------------------------- PyTorch


def random_geometry(rng, dilated):
    """A picture, and arguments that PyTorch takes too."""
    size, stride = (tuple(rng.integers(1, 5, 2).tolist()) for _ in "12")
    dilation = tuple(rng.integers(1, 4, 2).tolist()) if dilated else (1, 1)
    padding = tuple(int(rng.integers(0, k // 2 + 1)) for k in size)
    H, W = (d * (k - 1) + 1 + int(rng.integers(0, 8)) for k, d in zip(size, dilation, strict=True))
    x = rng.standard_normal((int(rng.integers(1, 4)), int(rng.integers(1, 4)), H, W))
    return x, dict(kernel_size=size, stride=stride, padding=padding) | (dict(dilation=dilation) if dilated else {})


@pytest.mark.parametrize("number", range(12))
def test_max_pool2d_is_pytorchs(rng, engine, number):
    functional = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed").nn.functional
    x, arguments = random_geometry(rng, dilated=True)
    arguments |= dict(ceil_mode=number % 4 > 1)
    if number % 2:
        x = np.round(x)  # with ties
    assert_twins(rng, lambda x: max_pool2d(x, **arguments), lambda x: functional.max_pool2d(x, **arguments), x)


@pytest.mark.parametrize("count_include_pad", [True, False])
@pytest.mark.parametrize("number", range(8))
def test_avg_pool2d_is_pytorchs(rng, engine, number, count_include_pad):
    functional = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed").nn.functional
    x, arguments = random_geometry(rng, dilated=False)
    arguments |= dict(count_include_pad=count_include_pad, ceil_mode=number % 2 == 1)
    assert_twins(rng, lambda x: avg_pool2d(x, **arguments), lambda x: functional.avg_pool2d(x, **arguments), x)


@pytest.mark.parametrize("engine_name", ["numpy", "numba"])
def test_three_hundred_geometries_are_pytorchs(rng, engine_name):
    """Every kind of rounding, border and divisor, among them those that PyTorch refuses too."""
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    if engine_name == "numba":
        pytest.importorskip("numba", reason="Numba is not installed")
    compared = 0
    while compared < 300:
        x, arguments = random_geometry(rng, dilated=bool(rng.integers(2)))
        x = np.round(x[..., int(rng.integers(4)) :, int(rng.integers(4)) :])  # with ties; some too small
        arguments["ceil_mode"] = bool(rng.integers(2))
        if "dilation" in arguments:
            name, arguments["return_indices"] = "max_pool2d", True
        else:
            name, arguments["count_include_pad"] = "avg_pool2d", bool(rng.integers(2))
            arguments["divisor_override"] = rng.choice([None, None, 5])
        with tinyconv.engine(engine_name):
            compared += compare_with_torch(rng, torch, name, x, arguments)


def compare_with_torch(rng, torch, name, x, arguments):
    """1 if both have the same values, indices and gradients, 0 if both refuse, otherwise a failure."""
    x, t = Tensor(x, requires_grad=True), torch.tensor(x, requires_grad=True)
    try:
        z = getattr(torch.nn.functional, name)(t, **arguments)
    except (RuntimeError, IndexError):
        with pytest.raises(ShapeError):
            getattr(pooling, name)(x, **arguments)
        return 0
    y = getattr(pooling, name)(x, **arguments)
    if name == "max_pool2d":
        (y, indices), (z, theirs) = y, z
        if np.isinf(y.data).any():  # of a window without a pixel PyTorch's index means nothing
            return 0
        np.testing.assert_array_equal(indices.data, theirs.numpy(), str(arguments))
    np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=0, atol=1e-12, err_msg=str(arguments))
    dy = rng.standard_normal(y.shape)
    y.backward(Tensor(dy)), z.backward(torch.tensor(dy))
    np.testing.assert_allclose(x.grad.data, t.grad.numpy(), rtol=0, atol=1e-12, err_msg=str(arguments))
    return 1


# ---------------------------------------------------------------- adjoints


@pytest.mark.parametrize("label", GEOMETRIES)
def test_adjoints(engine, rng, label):
    """<dy, A x> = <A' dy, x> for the mean, and for the gathering of winners."""
    X, geometry = GEOMETRIES[label]
    window = Window.of("test", **geometry)
    x, dy = rng.standard_normal(X), rng.standard_normal((*X[:2], *window.out(*X[2:])))
    winner = winners(rng, X, window)
    pairs = [(kernels.max_pool2d_gather(x, winner, window), kernels.max_pool2d_input(dy, winner, window, X))]
    pairs += [
        (kernels.avg_pool2d(x, window, divisor), kernels.avg_pool2d_input(dy, window, divisor, X))
        for divisor in (1, 7, rng.integers(1, 9, dy.shape[2:]))
    ]
    for y, dx in pairs:
        assert abs((dy * y).sum() - (dx * x).sum()) < 1e-12 * max(1.0, np.sqrt((dy**2).sum() * (y**2).sum()))


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize("pool", [max_pool2d, avg_pool2d])
@pytest.mark.parametrize(
    ("shape", "arguments", "error", "message"),
    [
        (
            (3, 8, 8),
            dict(kernel_size=2),
            ShapeError,
            r"pool2d: input has shape \(3, 8, 8\); it must be \(N, C, H, W\)",
        ),
        (
            (1, 1, 2, 2),
            dict(kernel_size=3, stride=2),
            ShapeError,
            "a 3x3 window with stride 2, padding 0 does not fit a 2x2 input: the output would be 0x0",
        ),
        ((1, 1, 8, 8), dict(kernel_size=0), ArgumentError, "kernel_size is 0; .* at least 1"),
        ((1, 1, 8, 8), dict(kernel_size=2, stride=-1), ArgumentError, "stride is -1"),
        (
            (1, 1, 8, 8),
            dict(kernel_size=(4, 3), padding=2),
            ArgumentError,
            r"padding 2 is more than half of \(4, 3\), the rows and columns of a window",
        ),
    ],
)
def test_bad_input(pool, shape, arguments, error, message):
    with pytest.raises(error, match=message):
        pool(np.zeros(shape), **arguments)


def test_complex_numbers_have_no_largest():
    with pytest.raises(DTypeError, match="max_pool2d: is not defined for complex numbers"):
        max_pool2d(np.zeros((1, 1, 2, 2), np.complex128), 2)
