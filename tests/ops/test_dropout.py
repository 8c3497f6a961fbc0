"""Dropout: what is kept and how it is scaled, gradients, the mask's sameness and statistics, bad input."""

import numpy as np
import pytest

import tinyconv
from tinyconv import kernels, random
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.dropout import dropout, dropout2d
from tinyconv.tensor import Tensor, grad

KEY = 0x9E37_79B9_7F4A_7C15


def mask(shape, p, key=KEY):
    return kernels.dropout(np.ones(shape, np.float32), p, key) > 0


# ---------------------------------------------------------------- the operation


def test_elements_are_dropped_or_scaled(engine, rng):
    x = Tensor(1 + rng.random((20, 30)), requires_grad=True)
    y = dropout(x, 0.2)
    kept = y.data != 0
    np.testing.assert_allclose(y.data[kept], x.data[kept] / 0.8, rtol=1e-15)
    assert 0 < kept.sum() < kept.size

    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    np.testing.assert_allclose(x.grad.data, np.where(kept, dy / 0.8, 0), rtol=1e-15)


def test_gradients_of_gradients(engine, rng):
    """y is linear in x and dx in dy: d dx / d dy is the same mask again."""
    x = Tensor(np.ones((4, 5)), requires_grad=True)
    dy = Tensor(rng.standard_normal((4, 5)), requires_grad=True)
    y = dropout(x, 0.5)
    (dx,) = grad(y, x, dy, create_graph=True)
    v = rng.standard_normal((4, 5))
    (ddy,) = grad(dx, dy, v)
    np.testing.assert_array_equal(ddy.data, y.data * v)


@pytest.mark.parametrize("p", [0, 0.0])
def test_p_0_keeps_everything(p, rng):
    x = Tensor(rng.standard_normal((3, 4)))
    assert dropout(x, p) is x


@pytest.mark.parametrize("p", [1, 1.0])
def test_p_1_keeps_nothing(engine, p, rng):
    x = Tensor(rng.standard_normal((3, 4)), requires_grad=True)
    y = dropout(x, p)
    y.backward(np.ones((3, 4)))
    np.testing.assert_array_equal(y.data, 0)
    np.testing.assert_array_equal(x.grad.data, 0)


def test_evaluation_is_the_identity_and_draws_nothing(rng):
    x = Tensor(rng.standard_normal((3, 4)))
    before = random.get_state()
    assert dropout(x, 0.5, training=False) is x
    assert random.get_state() == before


def test_float32_stays_float32(engine):
    assert dropout(np.ones((3, 4), np.float32), 0.3).dtype == np.float32


def test_backward_keeps_the_key_and_p_alone():
    x = Tensor(np.ones((8, 8)), requires_grad=True)
    (rule,) = dropout(x, 0.25).grad_fn.rules
    key, p = (cell.cell_contents for cell in rule.function.__closure__)
    assert type(key) is int and p == 0.25


@pytest.mark.parametrize("p", [-0.1, 1.5, float("nan")])
def test_p_must_be_a_probability(p):
    with pytest.raises(ArgumentError, match=rf"dropout: p is {p}; a probability lies between 0 and 1"):
        dropout(np.ones(3), p)


# ---------------------------------------------------------------- whole channels


def test_channels_are_dropped_or_scaled(engine, rng):
    x = Tensor(1 + rng.random((8, 16, 3, 2)), requires_grad=True)
    y = dropout2d(x, 0.2)
    kept = y.data[:, :, :1, :1] != 0
    np.testing.assert_allclose(y.data, np.where(kept, x.data / 0.8, 0), rtol=1e-15)
    assert 0 < kept.sum() < kept.size

    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    np.testing.assert_allclose(x.grad.data, np.where(kept, dy / 0.8, 0), rtol=1e-15)


def test_dropout2d_drops_what_dropout_drops_of_one_pixel(engine):
    x = np.ones((5, 7, 1, 1))
    tinyconv.manual_seed(9)
    y = dropout(x, 0.4).data
    tinyconv.manual_seed(9)
    np.testing.assert_array_equal(dropout2d(np.ones((5, 7, 2, 3)), 0.4).data, np.broadcast_to(y, (5, 7, 2, 3)))


def test_dropout2d_at_its_ends(rng):
    x, before = Tensor(rng.standard_normal((2, 3, 2, 2))), random.get_state()
    assert dropout2d(x, 0.5, training=False) is x
    assert dropout2d(x, 0) is x
    assert random.get_state() == before
    np.testing.assert_array_equal(dropout2d(x, 1).data, 0)


def test_dropout2d_refuses_what_is_not_pictures():
    with pytest.raises(ShapeError, match=r"^dropout2d: input has shape \(3, 4\); it must be \(N, C, H, W\)"):
        dropout2d(np.ones((3, 4)), training=False)
    with pytest.raises(ArgumentError, match="^dropout2d: p is 2; a probability lies between 0 and 1"):
        dropout2d(np.ones((1, 1, 2, 2)), 2)


# ---------------------------------------------------------------- reproducibility


def test_the_same_seed_gives_the_same_masks():
    x = np.ones((40, 50))
    tinyconv.manual_seed(3)
    first, second = dropout(x).data, dropout(x).data
    tinyconv.manual_seed(3)
    np.testing.assert_array_equal(dropout(x).data, first)
    assert (first != second).any()


def test_engines_drop_the_same_elements():
    pytest.importorskip("numba", reason="Numba is not installed")
    results = []
    for name in ("loops", "numpy", "numba"):
        tinyconv.manual_seed(7)
        with tinyconv.engine(name):
            results.append(dropout(np.ones((3, 4, 5, 6)), 0.4).data)
    np.testing.assert_array_equal(results[0], results[1])
    np.testing.assert_array_equal(results[0], results[2])


def test_the_memory_order_does_not_matter(engine):
    tinyconv.manual_seed(5)
    x = np.ones((2, 3, 4, 5))
    y = dropout(x).data
    tinyconv.manual_seed(5)
    channels_last = np.moveaxis(np.ones((2, 4, 5, 3)), -1, 1)
    np.testing.assert_array_equal(dropout(channels_last).data, y)


def test_a_mask_worked_out_by_hand(engine):
    """With key 0 the mixer takes element 0 to 0: it is kept only if p = 0. Element 1 is worked out here."""

    def mix(h):
        h ^= h >> 16
        h = h * 0x7FEB352D % 2**32
        h ^= h >> 15
        h = h * 0x846CA68B % 2**32
        return h ^ (h >> 16)

    u = mix(mix(1)) / 2**32
    assert mask(2, 0.0, key=0).tolist() == [True, True]
    assert mask(2, u, key=0).tolist() == [False, True]
    assert mask(2, u + 2**-32, key=0).tolist() == [False, False]


# ---------------------------------------------------------------- statistics, with fixed keys

N = 2**20
KEYS = [KEY, 1, 2, 2**32, 2**63]


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("p", [0.001, 0.1, 0.5, 0.9])
def test_the_share_kept_is_1_minus_p(p, key):
    deviation = (mask(N, p, key).sum() - N * (1 - p)) / np.sqrt(N * p * (1 - p))
    assert abs(deviation) < 4


@pytest.mark.parametrize("key", KEYS)
def test_every_stretch_keeps_its_share(key):
    """Chi-square over 1024 stretches of 1024 elements: 1024, with a standard deviation of sqrt(2 1024)."""
    counts = mask(N, 0.5, key).reshape(1024, 1024).sum(1)
    chi_square = ((counts - 512) ** 2 / 256).sum()
    assert abs(chi_square - 1024) < 4 * np.sqrt(2 * 1024)


@pytest.mark.parametrize("key", KEYS)
@pytest.mark.parametrize("distance", [1, 2, 3, 4, 7, 8, 16, 28, 784, 1024, 6 * 784, 65536])
def test_neighbours_do_not_know_of_each_other(key, distance):
    kept = 2.0 * mask(N, 0.5, key) - 1
    assert abs((kept[distance:] * kept[:-distance]).mean()) < 4.5 / np.sqrt(N - distance)


@pytest.mark.parametrize("bit", [0, 1, 15, 31, 32, 47, 63])
def test_keys_that_differ_in_one_bit_give_independent_masks(bit):
    a, b = (2.0 * mask(N, 0.5, key) - 1 for key in (KEY, KEY ^ (1 << bit)))
    assert abs((a * b).mean()) < 4.5 / np.sqrt(N)


@pytest.mark.parametrize("seed", range(4))
def test_calls_one_after_the_other_give_independent_masks(seed):
    tinyconv.manual_seed(seed)
    ones = np.ones(N, np.float32)
    a, b = dropout(ones).data - 1, dropout(ones).data - 1
    for distance in (0, 1, 2, 784, 65536):
        assert abs((a[distance:] * b[: N - distance]).mean()) < 4.5 / np.sqrt(N - distance)
