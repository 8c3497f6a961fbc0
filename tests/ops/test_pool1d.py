"""Pooling of sequences, by hand. (PyTorch, engines and errors: tests/registry/pool1d.py.)"""

import numpy as np

from tinyconv.ops.pool1d import adaptive_avg_pool1d, adaptive_max_pool1d, avg_pool1d, max_pool1d
from tinyconv.tensor import Tensor

SEQUENCE = np.array([[[1.0, 5, 2, 3, 4]]])


def test_max_pool1d(engine):
    assert max_pool1d(SEQUENCE, 2).tolist() == [[[5, 3]]]
    assert max_pool1d(SEQUENCE, 2, padding=1).tolist() == [[[1, 5, 4]]]
    assert max_pool1d(SEQUENCE, (2,), (1,), dilation=(3,)).tolist() == [[[3, 5]]]
    y, indices = max_pool1d(SEQUENCE, 2, ceil_mode=True, return_indices=True)
    assert y.tolist() == [[[5, 3, 4]]]
    assert indices.tolist() == [[[1, 3, 4]]]


def test_avg_pool1d(engine):
    assert avg_pool1d(SEQUENCE, 2).tolist() == [[[3, 2.5]]]
    assert avg_pool1d(SEQUENCE, 2, padding=1).tolist() == [[[0.5, 3.5, 3.5]]]
    assert avg_pool1d(SEQUENCE, 2, padding=1, count_include_pad=False).tolist() == [[[1, 3.5, 3.5]]]
    assert avg_pool1d(SEQUENCE, 2, ceil_mode=True).tolist() == [[[3, 2.5, 4]]]


def test_bins_may_overlap(engine):
    """Three bins of five numbers: 0 and 1; 1, 2 and 3; 3 and 4."""
    y, indices = adaptive_max_pool1d(SEQUENCE, 3, return_indices=True)
    assert y.tolist() == [[[5, 5, 4]]]
    assert indices.tolist() == [[[1, 1, 4]]]
    np.testing.assert_allclose(adaptive_avg_pool1d(SEQUENCE, 3).data, [[[3, 10 / 3, 3.5]]], rtol=1e-15)


def test_gradients(engine):
    x = Tensor(SEQUENCE, requires_grad=True)
    adaptive_max_pool1d(x, 3).backward(np.array([[[1.0, 10, 100]]]))
    assert x.grad.tolist() == [[[0, 11, 0, 0, 100]]]
