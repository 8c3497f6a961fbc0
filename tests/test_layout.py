"""Arrays in memory order: what is a view, what is copied, and that elements stay beside each other."""

import numpy as np
import pytest

from tinyconv import memory
from tinyconv.kernels._layout import flat, is_channels_last, order_of, pixels, plain


def as_it_is(x):
    return x


def channels_last(x):
    return x.transpose(0, 2, 3, 1).copy().transpose(0, 3, 1, 2)


def fortran(x):
    return np.asfortranarray(x)


def width_first(x):
    return x.transpose(3, 1, 0, 2).copy().transpose(2, 1, 3, 0)


def sliced(x):
    return np.repeat(x, 2, 1)[:, ::2]


def backwards(x):
    return x[:, :, ::-1, :].copy()[:, :, ::-1, :]


def repeated(x):
    return np.broadcast_to(x[:, :1], x.shape)


def read_only(x):
    x = x.copy()
    x.flags.writeable = False
    return x


DENSE = [as_it_is, channels_last, fortran, width_first]
LAYOUTS = [*DENSE, sliced, backwards, repeated, read_only]
SHAPES = [(2, 3, 4, 5), (1, 3, 4, 5), (2, 1, 4, 5), (2, 3, 1, 1), (1, 1, 1, 1), (2, 3, 4, 1), (0, 3, 4, 5)]


@pytest.fixture(params=SHAPES, ids=str)
def x(request, rng):
    return rng.standard_normal(request.param)


@pytest.mark.parametrize("layout", DENSE)
def test_a_dense_array_is_not_copied(layout, x):
    y = layout(x)
    assert x.size == 0 or np.shares_memory(flat(y), y)
    assert sorted(flat(y)) == sorted(x.ravel())


@pytest.mark.parametrize("other", LAYOUTS)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_elements_stay_beside_each_other(layout, other, x, rng):
    a, b = layout(x), other(rng.standard_normal(x.shape))
    y = memory.empty_like(a)
    flat(y)[:] = flat(a) + flat(b, order_of(a))
    np.testing.assert_array_equal(y, a + b)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_pixels(layout, x):
    a = layout(x)
    p = pixels(a)
    assert p.flags.carray
    np.testing.assert_array_equal(p.transpose(0, 3, 1, 2), a)


def test_channels_last_needs_no_copy(rng):
    x = channels_last(rng.standard_normal((2, 3, 4, 5)))
    assert is_channels_last(x)
    assert np.shares_memory(pixels(x), x)


@pytest.mark.parametrize("layout", [as_it_is, fortran, width_first, sliced])
def test_other_orders_are_not_channels_last(layout, rng):
    assert not is_channels_last(layout(rng.standard_normal((2, 3, 4, 5))))


@pytest.mark.parametrize("shape", [(2, 1, 4, 5), (2, 3, 1, 1), (3, 4), (2, 3, 4)])
def test_one_order_only_counts_as_the_written_one(shape):
    assert not is_channels_last(np.ones(shape))


def test_plain_passes_on_what_it_can(rng):
    x = rng.standard_normal((3, 4))
    assert plain(x) is x
    for other in (x.T, x[::2], np.broadcast_to(x, (2, 3, 4)), read_only(x)):
        assert plain(other).flags.carray
        np.testing.assert_array_equal(plain(other), other)
