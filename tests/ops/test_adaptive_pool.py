"""Pooling to a given size: by hand, against PyTorch, ties and NaN, adjoints; spatial pyramids."""

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv import kernels
from tinyconv.nn import functional
from tinyconv.ops.adaptive_pool import adaptive_avg_pool2d, adaptive_max_pool2d, spatial_pyramid_pool2d
from tinyconv.tensor import Tensor

PICTURE = np.array([[[[1.0, 5, 2], [3, 4, 6], [9, 8, 7]]]])


# ---------------------------------------------------------------- by hand


def test_neighbours_share_a_row_and_a_column(engine):
    """Two bins along a side of three pixels: each has two of them."""
    y, indices = adaptive_max_pool2d(PICTURE, 2, return_indices=True)
    assert y.tolist() == [[[[5, 6], [9, 8]]]]
    assert indices.tolist() == [[[[1, 5], [6, 7]]]]
    assert adaptive_avg_pool2d(PICTURE, 2).tolist() == [[[[13 / 4, 17 / 4], [24 / 4, 25 / 4]]]]


def test_gradients_of_shared_pixels_add_up(engine):
    dy = np.array([[[[1.0, 10], [100, 1000]]]])
    x = Tensor(PICTURE, requires_grad=True)
    adaptive_max_pool2d(x, 2).backward(dy)
    assert x.grad.tolist() == [[[[0, 1, 0], [0, 0, 10], [100, 1000, 0]]]]
    x = Tensor(PICTURE, requires_grad=True)
    adaptive_avg_pool2d(x, 2).backward(dy)
    expected = [[1 / 4, 11 / 4, 10 / 4], [101 / 4, 1111 / 4, 1010 / 4], [100 / 4, 1100 / 4, 1000 / 4]]
    assert x.grad.tolist() == [[expected]]


def test_one_bin_is_global_pooling(engine):
    assert adaptive_max_pool2d(PICTURE, 1).tolist() == [[[[9]]]]
    np.testing.assert_allclose(adaptive_avg_pool2d(PICTURE, 1).data, 5, rtol=1e-15)


def test_none_keeps_a_size(engine):
    assert adaptive_max_pool2d(PICTURE, (None, 1)).tolist() == [[[[5], [6], [9]]]]
    assert adaptive_avg_pool2d(PICTURE, None).tolist() == PICTURE.tolist()


@pytest.mark.parametrize("value", [7, -np.inf, np.inf, np.nan])
def test_the_first_of_equals_wins(engine, value):
    y, indices = adaptive_max_pool2d(np.full((1, 1, 3, 3), value), 2, return_indices=True)
    np.testing.assert_array_equal(y.data, np.full((1, 1, 2, 2), value))
    assert indices.tolist() == [[[[0, 1], [3, 4]]]]


def test_nan_stays_in_its_bins(engine):
    x = PICTURE.copy()
    x[0, 0, 0, 0] = np.nan
    for pool in (adaptive_max_pool2d, adaptive_avg_pool2d):
        assert np.isnan(pool(x, 2).data).tolist() == [[[[True, False], [False, False]]]]


def test_a_pyramid(engine):
    x = np.concatenate([PICTURE, -PICTURE], 1)
    assert spatial_pyramid_pool2d(x, (2, 1)).tolist() == [[5, 6, 9, 8, -1, -2, -3, -4, 9, -1]]


def test_a_pyramid_of_any_picture_has_one_length(rng):
    for size in ((4, 4), (7, 5), (3, 13)):
        assert spatial_pyramid_pool2d(rng.standard_normal((2, 3, *size)), (4, 2, 1)).shape == (2, 3 * 21)


# ---------------------------------------------------------------- PyTorch


@pytest.mark.parametrize("name", ["adaptive_max_pool2d", "adaptive_avg_pool2d"])
def test_many_sizes_are_pytorchs(rng, engine, name):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours, theirs = getattr(functional, name), getattr(torch.nn.functional, name)
    for _ in range(15):
        x = np.round(rng.standard_normal((1, 2, *rng.integers(1, 9, 2))))  # with ties
        size = tuple(rng.integers(1, 7, 2).tolist())
        assert_twins(rng, lambda x, size=size: ours(x, size), lambda x, size=size: theirs(x, size), x)
        if name == "adaptive_max_pool2d":
            indices = ours(x, size, return_indices=True)[1].data
            np.testing.assert_array_equal(indices, theirs(torch.tensor(x), size, return_indices=True)[1].numpy())


# ---------------------------------------------------------------- adjoints


@pytest.mark.parametrize("size", [(3, 2), (2, 2), (7, 4), (1, 1)])
def test_adjoint(engine, rng, size):
    """<dy, A x> = <A' dy, x>"""
    x, dy = rng.standard_normal((2, 3, 6, 5)), rng.standard_normal((2, 3, *size))
    y, dx = kernels.adaptive_avg_pool2d(x, size), kernels.adaptive_avg_pool2d_input(dy, x.shape)
    assert abs((dy * y).sum() - (dx * x).sum()) < 1e-12 * max(1.0, np.sqrt((dy**2).sum() * (y**2).sum()))


def test_adjoint_of_places(engine, rng):
    x, place = rng.standard_normal((2, 3, 4)), rng.integers(-1, 24, (3, 5))
    dy = rng.standard_normal(place.shape)
    y, dx = kernels.from_places(x, place), kernels.to_places(dy, place, x.shape)
    assert y.tolist() == [[x.flat[i] if i >= 0 else 0 for i in row] for row in place]
    assert abs((dy * y).sum() - (dx * x).sum()) < 1e-12 * max(1.0, np.sqrt((dy**2).sum() * (y**2).sum()))
