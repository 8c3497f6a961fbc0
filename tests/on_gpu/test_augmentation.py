"""Augmentation on a GPU: the pictures that the CPU would have made of the same draws."""

import numpy as np
import pytest
from data.test_transforms_all import DRAWING, FIXED

import tinyconv
from tinyconv.backend import is_cupy, move
from tinyconv.data import Compose, Mixup, Normalize

TRANSFORMS = [
    *DRAWING,
    *FIXED,
    Normalize([0.5, 0.4, 0.3], [0.2, 0.3, 0.25]),
    Compose([DRAWING[0], DRAWING[3], FIXED[0]]),
]


@pytest.mark.parametrize("dtype", [np.uint8, np.float32])
@pytest.mark.parametrize("transform", TRANSFORMS, ids=lambda t: type(t).__name__)
def test_the_same_draws_give_the_same_pictures(transform, dtype, device, rng):
    x = rng.integers(0, 256, (5, 3, 9, 8), np.uint8)
    x = x if dtype == np.uint8 else (x / 255).astype(dtype)
    with tinyconv.engine("numpy"):
        expected = transform(x, np.random.default_rng(4))
    y = transform(move(x, device), np.random.default_rng(4))
    for there, here in zip(y, expected, strict=True):
        assert is_cupy(there)
        assert (there.shape, there.dtype) == (here.shape, here.dtype)
        np.testing.assert_allclose(
            there.get().astype(float), here.astype(float), rtol=1e-5, atol=1e-5 + (dtype == np.uint8)
        )


def test_mixup(device, rng):
    x, labels = rng.random((5, 3, 4, 4), np.float32), np.arange(5)
    expected = Mixup(0.4, 5)(x, labels, np.random.default_rng(1))
    images, targets = Mixup(0.4, 5)(move(x, device), labels, np.random.default_rng(1))
    np.testing.assert_allclose(images.get(), expected[0], rtol=1e-6)
    np.testing.assert_array_equal(targets, expected[1])
