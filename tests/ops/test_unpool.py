"""Max unpooling: by hand, after pooling, repeated indices, against PyTorch."""

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv.gradcheck import gradcheck
from tinyconv.nn import functional as ours
from tinyconv.ops.pool import max_pool2d
from tinyconv.ops.unpool import max_unpool2d
from tinyconv.tensor import Tensor

PICTURE = np.array([[[[1.0, 5, 2], [3, 4, 6], [9, 8, 7]]]])


def test_by_hand(engine):
    x, indices = np.array([[[[5.0, 6], [9, 8]]]]), np.array([[[[1, 7], [12, 10]]]])
    x = Tensor(x, requires_grad=True)
    y = max_unpool2d(x, indices, 2)
    assert y.tolist() == [[[[0, 5, 0, 0], [0, 0, 0, 6], [0, 0, 8, 0], [9, 0, 0, 0]]]]
    y.backward(np.arange(16.0).reshape(1, 1, 4, 4))
    assert x.grad.tolist() == [[[[1, 7], [12, 10]]]]


def test_back_to_where_the_winners_were(engine):
    y, indices = max_pool2d(PICTURE, 2, return_indices=True)
    with pytest.raises(ValueError, match="indices contain 1"):  # of a picture of 3x3, not of 1x1
        max_unpool2d(y, indices, 1)
    assert max_unpool2d(y, indices, 2, output_size=(3, 3)).tolist() == [[[[0, 5, 0], [0, 0, 0], [0, 0, 0]]]]
    y, indices = max_pool2d(PICTURE, 2, ceil_mode=True, return_indices=True)
    assert max_unpool2d(y, indices, 2, output_size=(3, 3)).tolist() == [[[[0, 5, 0], [0, 0, 6], [9, 0, 7]]]]


def test_of_equal_indices_the_last_one_stays(engine):
    x = Tensor(np.array([[[[1.0, 2], [3, 4]]], [[[5, 6], [7, 8]]]]), requires_grad=True)
    indices = np.array([[[[0, 1], [0, 2]]], [[[3, 3], [3, 3]]]])
    y = max_unpool2d(x, indices, 1)
    assert y.tolist() == [[[[3, 2], [4, 0]]], [[[0, 0], [0, 8]]]]
    y.backward(np.array([[[[10.0, 20], [30, 40]]], [[[50, 60], [70, 80]]]]))
    assert x.grad.tolist() == [[[[0, 20], [10, 30]]], [[[0, 0], [0, 80]]]]


def test_what_does_not_stay_has_no_part(rng):
    x, indices = Tensor(rng.standard_normal((2, 1, 2, 3)), requires_grad=True), rng.integers(0, 6, (2, 1, 2, 3))
    assert gradcheck(lambda x: max_unpool2d(x, indices, 1), [x], order=2)
    infinite = Tensor(np.array([[[[np.inf, 2.0]]]]))
    assert max_unpool2d(infinite, np.zeros((1, 1, 1, 2), int), 1).tolist() == [[[[2, 0]]]]


def test_the_indices_are_copied(rng):
    x, indices = Tensor(rng.standard_normal((1, 1, 1, 2)), requires_grad=True), np.array([[[[0, 3]]]])
    y = max_unpool2d(x, indices, (2, 2), (2, 1), output_size=(2, 3))
    indices[...] = 1
    y.backward(np.arange(6.0).reshape(1, 1, 2, 3))
    assert x.grad.tolist() == [[[[0, 3]]]]


@pytest.mark.parametrize("number", range(6))
def test_after_pooling_as_pytorch(rng, engine, number):
    functional = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed").nn.functional
    x = rng.standard_normal((2, 2, *rng.integers(4, 9, 2)))
    k, stride = [(2, None), (3, 3), ((2, 3), (2, 3))][number % 3]
    ceil_mode = number % 2 == 1

    def there_and_back(F):
        return lambda x: F.max_unpool2d(
            *F.max_pool2d(x, k, stride, ceil_mode=ceil_mode, return_indices=True), k, stride, output_size=list(x.shape)
        )

    assert_twins(rng, there_and_back(ours), there_and_back(functional), x)
