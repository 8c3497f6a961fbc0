"""Borders: by hand, and against NumPy's."""

import numpy as np
import pytest

import tinyconv
from tinyconv.ops.pad import pad
from tinyconv.tensor import Tensor

ROW = np.array([[1.0, 2, 3]])


@pytest.mark.parametrize(
    ("arguments", "expected", "gradient"),
    [
        (((2, 1),), [0, 0, 1, 2, 3, 0], [100, 1000, 10000]),
        (((2, 1), "constant", 7), [7, 7, 1, 2, 3, 7], [100, 1000, 10000]),
        (((2, 1), "reflect"), [3, 2, 1, 2, 3, 2], [100, 1000 + 10 + 100000, 10000 + 1]),
        (((2, 1), "replicate"), [1, 1, 1, 2, 3, 3], [100 + 10 + 1, 1000, 10000 + 100000]),
        (((2, 1), "circular"), [2, 3, 1, 2, 3, 1], [100 + 100000, 1000 + 1, 10000 + 10]),
    ],
)
def test_by_hand(arguments, expected, gradient):
    x = Tensor(ROW, requires_grad=True)
    y = pad(x, *arguments)
    assert y.tolist() == [expected]
    y.backward(10.0 ** np.arange(6)[None])
    assert x.grad.tolist() == [gradient]


def test_two_axes_by_hand():
    x = np.array([[1, 2], [3, 4]])
    assert pad(x, (1, 0, 0, 1), value=7).tolist() == [[7, 1, 2], [7, 3, 4], [7, 7, 7]]
    assert pad(x, (1, 0, 0, 1), "replicate").tolist() == [[1, 1, 2], [3, 3, 4], [3, 3, 4]]
    assert pad(x, (1, 0, 0, 1), "reflect").tolist() == [[2, 1, 2], [4, 3, 4], [2, 1, 2]]


@pytest.mark.parametrize(("mode", "numpys"), [("reflect", "reflect"), ("replicate", "edge"), ("circular", "wrap")])
def test_against_numpy(rng, mode, numpys):
    for _ in range(20):
        x = rng.standard_normal(rng.integers(1, 6, 3))
        left, right = (int(rng.integers(0, x.shape[2])) for _ in range(2))
        top, bottom = (int(rng.integers(0, x.shape[1])) for _ in range(2))
        y = pad(x, (left, right, top, bottom), mode)
        np.testing.assert_array_equal(y.data, np.pad(x, [(0, 0), (top, bottom), (left, right)], numpys))


def test_without_a_border_it_is_a_copy():
    for mode in ("constant", "reflect", "replicate", "circular"):
        x = tinyconv.ones(2, 3)
        y = pad(x, (0, 0), mode)
        assert not np.shares_memory(x.data, y.data)
        assert y.version is not x.version
        assert pad(x, ()).tolist() == x.tolist()


@pytest.mark.parametrize("mode", ["constant", "reflect"])
def test_the_order_of_axes_in_memory_stays(mode):
    x = Tensor(np.zeros((2, 5, 6, 3)).transpose(0, 3, 1, 2), requires_grad=True)
    y = pad(x, (1, 1, 1, 1), mode)
    assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
