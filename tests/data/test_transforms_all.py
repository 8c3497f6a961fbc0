"""What every transform promises: the same draws give the same pictures, in every engine; inputs stay as they are."""

import dataclasses

import numpy as np
import pytest

import tinyconv
from tinyconv import random
from tinyconv.data import (
    CenterCrop,
    ColorJitter,
    Compose,
    Cutout,
    FiveCrop,
    Lighting,
    Mixup,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomVerticalFlip,
    Resize,
    ScaleJitter,
    Standardize,
    TenCrop,
)
from tinyconv.data.transforms.describe import TRANSFORMS

DRAWING = [
    RandomAffine(10, 0.1, (0.9, 1.1), 5, fill_mode="reflect"),
    RandomHorizontalFlip(),
    RandomVerticalFlip(),
    RandomCrop(6, padding=2, padding_mode="symmetric"),
    RandomResizedCrop((5, 6)),
    ScaleJitter(5, 12),
    ColorJitter(0.4, 0.4, 0.4, 0.2),
    Lighting(0.5),
    Cutout(3),
]
FIXED = [CenterCrop(5), FiveCrop(4), TenCrop(4), Resize(6), Standardize()]
SIZED = (RandomAffine,)  # those that take no list

every = pytest.mark.parametrize("transform", [*DRAWING, *FIXED], ids=lambda t: type(t).__name__)


def batch(rng, dtype=np.uint8):
    x = rng.integers(0, 256, (6, 3, 9, 8), np.uint8)
    return x if dtype == np.uint8 else (x / 255).astype(dtype)


def same(a, b):
    return all(np.array_equal(x, y) and x.dtype == y.dtype for x, y in zip(a, b, strict=True))


def test_all_are_here():
    assert TRANSFORMS.keys() == {type(t).__name__ for t in [*DRAWING, *FIXED]} | {"Normalize", "Mixup"}


@pytest.mark.parametrize("dtype", [np.uint8, np.float32, np.float64])
@every
def test_the_same_draws_give_the_same_pictures(transform, dtype, rng):
    x = batch(rng, dtype)
    before = x.copy()
    x.flags.writeable = False
    y = transform(x, np.random.default_rng(1))
    assert same(y, transform(x, np.random.default_rng(1)))
    np.testing.assert_array_equal(x, before)
    assert not any(np.shares_memory(x, picture) for picture in y)
    assert y[0].dtype == dtype or isinstance(transform, Standardize)


@pytest.mark.parametrize("transform", DRAWING, ids=lambda t: type(t).__name__)
def test_what_is_drawn_at_random(transform, rng):
    x = batch(rng)
    assert transform.draws
    results = [transform(x, np.random.default_rng(seed)) for seed in range(8)]
    assert not all(
        len(y) == len(results[0]) and all(np.array_equal(a, b) for a, b in zip(y, results[0], strict=True))
        for y in results
    )
    random.manual_seed(5)
    y = transform(x)
    z = transform(x)
    random.manual_seed(5)
    assert same(y, transform(x))
    assert same(z, transform(x))


@pytest.mark.parametrize("transform", FIXED, ids=lambda t: type(t).__name__)
def test_what_draws_nothing(transform, rng):
    before = random.get_state()
    transform(batch(rng))
    assert random.get_state() == before
    assert not transform.draws


@every
def test_a_picture_does_not_depend_on_the_others_in_the_batch(transform, rng):
    x = batch(rng)
    y = transform(x, np.random.default_rng(1))
    others = batch(rng)
    others[2] = x[2]
    z = transform(others, np.random.default_rng(1))
    np.testing.assert_array_equal(y[2], z[2])
    assert z[2].dtype == y[2].dtype
    if not isinstance(transform, SIZED):
        others = [np.zeros((3, 13 + n, 11), np.uint8) for n in range(6)]
        others[2] = x[2]
        np.testing.assert_array_equal(y[2], transform(others, np.random.default_rng(1))[2])


@every
def test_engines_agree_on_every_grey_level(transform, rng):
    x = batch(rng)
    expected = transform(x, np.random.default_rng(1))
    for engine in ("loops", "numpy"):
        with tinyconv.engine(engine):
            y = transform(x, np.random.default_rng(1))
        if isinstance(transform, Standardize):
            np.testing.assert_allclose(y, expected, atol=1e-6)
        else:
            assert same(y, expected)


@every
def test_one_after_the_other(transform, rng):
    x = batch(rng)
    together = Compose([Cutout(2), transform])(x, np.random.default_rng(1))
    generator = np.random.default_rng(1)
    assert same(together, transform(Cutout(2)(x, generator), generator))


@every
def test_arguments_cannot_be_changed_afterwards(transform):
    fields = dataclasses.fields(transform)
    if fields:
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(transform, fields[0].name, 3)
    assert hash(transform) == hash(dataclasses.replace(transform))


def test_mixup_draws_from_the_stream(rng):
    x, labels = batch(rng), np.arange(6)
    random.manual_seed(3)
    y, t = Mixup(1, 6)(x, labels)
    random.manual_seed(3)
    z, s = Mixup(1, 6)(x, labels)
    np.testing.assert_array_equal(y, z)
    np.testing.assert_array_equal(t, s)
    assert (t.sum(1) == 1).all() and (t < 1).any()
