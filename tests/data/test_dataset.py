"""Dataset: its parts fit together, and pieces of it are what they say."""

import dataclasses

import numpy as np
import pytest

from tinyconv.data import Dataset, Labelled
from tinyconv.errors import ArgumentError, DataError, DTypeError, ShapeError


def numbered(N=10, K=5, dtype=np.uint8):
    """N pictures of 2 channels, 1 x 3, filled with their own number; labels 0, 1, ..., K-1, 0, ..."""
    images = np.broadcast_to(np.arange(N, dtype=dtype)[:, None, None, None], (N, 2, 1, 3)).copy()
    return Dataset(images, np.arange(N) % K, K, "numbers")


def which(dataset):
    return dataset.images[:, 0, 0, 0].tolist()


def test_its_parts():
    dataset = Dataset(np.zeros((2, 1, 3, 4), np.uint8), np.array([1, 0], np.uint8), ["cat", "dog"], "pets")
    assert len(dataset) == 2 and dataset.classes == ("cat", "dog") and dataset.labels.dtype == np.int64
    assert repr(dataset) == "Dataset(pets: 2 images 1x3x4 uint8, 2 classes)"
    assert numbered(K=3).classes == ("0", "1", "2")


def test_it_does_not_change():
    images = np.zeros((2, 1, 3, 4), np.uint8)
    dataset = Dataset(images, [0, 0], 1)
    with pytest.raises(ValueError, match="read-only"):
        dataset.images[0] = 1
    with pytest.raises(ValueError, match="read-only"):
        dataset.labels[0] = 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.name = "other"
    assert images.flags.writeable  # the caller's own array is left alone


def test_indexing():
    dataset = numbered()
    image, label = dataset[7]
    assert image.shape == (2, 1, 3) and image[0, 0, 0] == 7 and label == 2
    assert dataset[np.int64(-1)][1] == 4
    assert which(dataset[2:8:3]) == [2, 5] and dataset[2:8:3].labels.tolist() == [2, 0]
    assert which(dataset[[3, 1, -1]]) == [3, 1, 9]
    assert [label for _, label in dataset] == [0, 1, 2, 3, 4] * 2
    with pytest.raises(IndexError):
        dataset[10]


def test_subset():
    dataset = numbered()
    part = dataset.subset(dataset.labels == 3)
    assert which(part) == [3, 8] and part.classes == dataset.classes and part.name == "numbers"
    assert which(dataset.subset(range(2))) == [0, 1]


@pytest.mark.parametrize("size", [0.3, 3, np.int64(3)])
@pytest.mark.parametrize("stratified", [False, True])
def test_split_shares_nothing_and_loses_nothing(size, stratified):
    rest, held = numbered().split(size, seed=4, stratified=stratified)
    assert len(held) == 3
    assert sorted(which(rest) + which(held)) == list(range(10))


def test_split_depends_on_the_seed_alone():
    dataset = numbered(100)
    again, other = (which(dataset.split(30, seed)[1]) for seed in (0, 1))
    assert which(dataset.split(30)[1]) == again != other


def test_stratified_split_keeps_proportions():
    labels = np.repeat([0, 1, 3], [600, 300, 100])  # no picture of class 2
    dataset = Dataset(np.zeros((1000, 1, 1, 1), np.uint8), labels, 4)
    for count in (10, 100, 101, 333):
        rest, held = dataset.split(count, stratified=True)
        assert np.abs(np.bincount(held.labels) - count * np.array([0.6, 0.3, 0, 0.1])).max() <= 1
        assert len(held) == count and len(rest) == 1000 - count


def test_stratified_split_with_classes_of_one_picture():
    labels = np.minimum(np.arange(1000), 20)  # 20 classes of one picture, the last of 980
    _, held = Dataset(np.zeros((1000, 1, 1, 1), np.uint8), labels, 21).split(10, stratified=True)
    assert held.labels.tolist() == [20] * 10


@pytest.mark.parametrize(("dtype", "white"), [(np.uint8, 255), (np.float32, 1)])
def test_statistics(rng, dtype, white):
    images = (rng.random((2345, 3, 2, 2)) * [[[[1]], [[0.5]], [[0.1]]]] * white).astype(dtype)
    mean, std = Dataset(images, np.zeros(2345, int), 1).statistics()
    expected = images.astype(np.float64).transpose(1, 0, 2, 3).reshape(3, -1) / white
    np.testing.assert_allclose(mean, expected.mean(1), rtol=1e-12)
    np.testing.assert_allclose(std, expected.std(1), rtol=1e-12)


IMAGES = np.zeros((3, 1, 2, 2), np.uint8)


@pytest.mark.parametrize(
    ("images", "labels", "error", "message"),
    [
        (IMAGES[:, 0], [0, 1, 0], ShapeError, r"images have shape \(3, 2, 2\); they must be \(N, C, H, W\)"),
        (IMAGES, [0, 1], ShapeError, r"labels have shape \(2,\); 3 images need \(3,\)"),
        (IMAGES, [[0], [1], [0]], ShapeError, r"labels have shape \(3, 1\)"),
        (IMAGES[:0], np.zeros(0, int), DataError, r"\(0, 1, 2, 2\): there is nothing in them"),
        (IMAGES[:, :0], [0, 1, 0], DataError, "there is nothing in them"),
        (IMAGES.astype(int), [0, 1, 0], DTypeError, "images are int64; they must be uint8"),
        (IMAGES, [0.0, 1.0, 0.0], DTypeError, r"labels are float64.* labels.astype\(np.int64\)"),
        (IMAGES, [True, False, True], DTypeError, "labels are bool"),
        (IMAGES, [0, 2, 0], DataError, r"label 2 of image 1 is not one of 2 classes \(0..1\)"),
        (IMAGES, [0, 1, -1], DataError, "label -1 of image 2"),
    ],
)
def test_parts_that_do_not_fit(images, labels, error, message):
    with pytest.raises(error, match=message):
        Dataset(images, labels, 2)


@pytest.mark.parametrize(
    ("indices", "error", "message"),
    [
        ([0, 10], ArgumentError, "index 10 is outside the 10 images of numbers"),
        ([-11], ArgumentError, "index -11 is outside"),
        ([0.5], ArgumentError, "indices are float64"),
        ([[1, 2]], ArgumentError, r"int64 of shape \(1, 2\)"),
        ([True, False], ArgumentError, r"a boolean mask of shape \(10,\)"),
        ([], DataError, "there is nothing in them"),
    ],
)
def test_subsets_that_cannot_be(indices, error, message):
    with pytest.raises(error, match=message):
        numbered().subset(indices)


@pytest.mark.parametrize("size", [0, 10, -1, 0.0, 1.0, 0.01])
def test_splits_that_cannot_be(size):
    with pytest.raises(ArgumentError, match=rf"size is {size}: of 10 images .* 1 to 9 can be"):
        numbered().split(size)


def test_batch_and_shape():
    dataset = numbered()
    assert dataset.batch(np.array([3, 1]))[:, 0, 0, 0].tolist() == [3, 1]
    assert dataset.picture_shape == (2, 1, 3)
    assert isinstance(dataset, Labelled)
