"""Channels in another order, by hand."""

import numpy as np

from tinyconv.ops.shuffle import channel_shuffle, pixel_shuffle
from tinyconv.tensor import Tensor


def channels(*values):
    return np.array(values, float).reshape(1, -1, 1, 1)


def test_channels_are_dealt_out_in_turn():
    assert channel_shuffle(channels(*range(6)), 2).data.ravel().tolist() == [0, 3, 1, 4, 2, 5]
    assert channel_shuffle(channels(*range(6)), 3).data.ravel().tolist() == [0, 2, 4, 1, 3, 5]


def test_shuffling_by_the_other_factor_undoes_it(rng):
    x = rng.standard_normal((2, 12, 3, 2))
    np.testing.assert_array_equal(channel_shuffle(channel_shuffle(x, 3), 4).data, x)


def test_gradients_go_back_to_their_channels():
    x = Tensor(channels(*range(6)), requires_grad=True)
    channel_shuffle(x, 2).backward(channels(1, 10, 100, 1000, 10000, 100000))
    assert x.grad.data.ravel().tolist() == [1, 100, 10000, 10, 1000, 100000]


def test_four_channels_become_four_pixels():
    x = np.array([[[[1.0, 5]], [[2, 6]], [[3, 7]], [[4, 8]]]])  # (1, 4, 1, 2)
    assert pixel_shuffle(x, 2).tolist() == [[[[1, 2, 5, 6], [3, 4, 7, 8]]]]


def test_each_channel_keeps_its_own_pixels():
    y = pixel_shuffle(channels(*range(8)), 2).data
    assert y.tolist() == [[[[0, 1], [2, 3]], [[4, 5], [6, 7]]]]


def test_results_lie_channels_last_as_kernels_have_them():
    x = np.zeros((2, 3, 4, 8), np.float32).transpose(0, 3, 1, 2)
    for y in (channel_shuffle(x, 2), pixel_shuffle(x, 2)):
        assert y.data.transpose(0, 2, 3, 1).flags.c_contiguous
