"""DataLoader: every picture once an epoch, and from any point on the same batches again."""

import gc
import itertools
import json
import threading

import numpy as np
import pytest

from tinyconv import random
from tinyconv.backend import current_engine, engine
from tinyconv.data import DataLoader, Dataset, Normalize, RandomAffine
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tensor import Tensor


def numbered(N=10):
    """N pictures of one pixel, whose value is their number."""
    return Dataset(np.arange(N, dtype=np.uint8).reshape(N, 1, 1, 1), np.arange(N), N)


def batches(loader, most=None):
    """The numbers of the pictures in each batch (of at most `most` batches)."""
    return [labels.data.tolist() for _, labels in itertools.islice(iter(loader), most)]


def test_in_order():
    loader = DataLoader(numbered(), batch_size=4)
    assert len(loader) == 3
    assert batches(loader) == batches(loader) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    dropping = DataLoader(numbered(), batch_size=4, drop_last=True)
    assert len(dropping) == 2
    assert batches(dropping) == [[0, 1, 2, 3], [4, 5, 6, 7]]


def test_what_a_batch_is(rng):
    dataset = Dataset(rng.integers(0, 256, (6, 3, 4, 5), np.uint8), [0, 1, 2, 0, 1, 2], 3)
    images, labels = next(iter(DataLoader(dataset, 4)))
    assert isinstance(images, Tensor) and isinstance(labels, Tensor)
    assert images.dtype == np.uint8 and labels.dtype == np.int64
    np.testing.assert_array_equal(images.data, dataset.images[:4])
    assert images.data.flags.writeable  # a copy: the data set is safe from what is done to it
    transform = Normalize([0.1, 0.2, 0.3], [1, 2, 3])
    images, labels = next(iter(DataLoader(dataset, 4, transform=transform)))
    np.testing.assert_array_equal(images.data, transform(dataset.images[:4]))
    assert labels.tolist() == [0, 1, 2, 0]


def test_images_and_labels_stay_together():
    for images, labels in DataLoader(numbered(), 3, shuffle=True):
        assert images.data.ravel().tolist() == labels.tolist()


def test_shuffled_epochs_are_permutations_from_the_stream():
    loader = DataLoader(numbered(50), 7, shuffle=True)
    random.manual_seed(5)
    first, second = batches(loader), batches(loader)
    assert first != second
    random.manual_seed(5)
    for epoch in (first, second):
        assert [i for batch in epoch for i in batch] == random.stream("shuffle").permutation(50).tolist()


def test_without_shuffling_the_stream_is_left_alone():
    before = random.get_state()
    batches(DataLoader(numbered()))
    assert random.get_state() == before


def test_a_loop_broken_off_does_not_go_on():
    loader = DataLoader(numbered(), 4)
    for _ in loader:
        break
    assert len(batches(loader)) == 3


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("taken", range(13))
def test_resumed_after_any_batch(shuffle, taken):
    """Three epochs of four batches; stopped after `taken` batches, saved through JSON, and gone on with."""

    def epochs(loader, number):
        """(epoch, batch) pairs; the state is taken inside the loop, as a training loop does it."""
        for _ in range(number):
            for images, labels in loader:
                yield images.data.ravel().tolist(), labels.tolist()

    random.manual_seed(11)
    loader = DataLoader(numbered(), 3, shuffle=shuffle)
    whole = list(epochs(loader, 3))

    random.manual_seed(11)
    loader = DataLoader(numbered(), 3, shuffle=shuffle)
    running = epochs(loader, 3)
    begun = [next(running) for _ in range(taken)]
    saved = json.dumps([loader.state_dict(), random.get_state()])

    random.manual_seed(99)
    loader = DataLoader(numbered(), 3, shuffle=shuffle)
    batches(loader, most=2)  # whatever it did before
    state, streams = json.loads(saved)
    random.set_state(streams)
    loader.load_state_dict(state)
    assert loader.state_dict() == state
    epochs_left = 3 - max(taken - 1, 0) // 4
    assert begun + list(epochs(loader, epochs_left)) == whole


def test_the_state_at_the_end_of_an_epoch():
    loader = DataLoader(numbered(), 5, shuffle=True)
    for _ in loader:
        state = loader.state_dict()
    assert state["position"] == 2
    loader.load_state_dict(state)
    assert batches(loader) == []  # the epoch it was taken in ends,
    assert len(batches(loader)) == 2  # and a new one begins
    assert loader.state_dict()["position"] == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size is 0; it must be a whole number of at least 1"),
        ({"batch_size": 2.0}, "batch_size is 2.0"),
        ({"batch_size": True}, "batch_size is True"),
        ({"batch_size": 11, "drop_last": True}, "batch_size 11 with drop_last leaves no batch of 10 images"),
    ],
)
def test_arguments_that_cannot_be(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        DataLoader(numbered(), **arguments)


def test_something_else_than_a_dataset():
    with pytest.raises(ArgumentError, match=r"dataset is a ndarray; make one with Dataset\(images, labels"):
        DataLoader(np.zeros((3, 1, 2, 2)))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"images": 11}, "images is 11 in the state, 10 in this loader"),
        ({"batch_size": 5}, "batch_size is 5 in the state, 4 in this loader"),
        ({"shuffle": False}, "shuffle is False in the state, True in this loader"),
        ({"drop_last": None}, "drop_last is None"),
        ({"position": 4}, "position is 4; it must be 0 to 3 batches"),
        ({"position": None}, "position is None"),
        ({"generator": None}, "generator is None; it must be the state of a PCG64"),
        ({"generator": {"bit_generator": "PCG64"}}, "must be the state of a PCG64"),
        ({"generator": {"bit_generator": "MT19937"}}, "must be the state of a PCG64"),
        ({"generator": {"bit_generator": "PCG64", "state": {"state": "x", "inc": 1}}}, "must be the state"),
    ],
)
def test_states_that_do_not_fit_change_nothing(change, message):
    loader = DataLoader(numbered(), 4, shuffle=True)
    batches(loader, most=2)
    before = loader.state_dict()
    with pytest.raises(ArgumentError, match=message):
        loader.load_state_dict({**before, **change})
    assert loader.state_dict() == before


# ---------------------------------------------------------------- random pictures, threads


def moved(num_workers=0, **options):
    """A loader whose pictures are turned at random."""
    images = np.random.default_rng(0).integers(0, 256, (23, 1, 8, 8)).astype(np.uint8)
    dataset = Dataset(images, np.arange(23) % 3, 3)
    return DataLoader(dataset, 5, shuffle=True, transform=RandomAffine(30), num_workers=num_workers, **options)


def pixels(loader, most=None):
    return [x.data.copy() for x, _ in itertools.islice(iter(loader), most)]


@pytest.mark.parametrize("num_workers", [1, 3])
def test_threads_change_nothing_but_the_time(num_workers):
    random.manual_seed(7)
    expected = [pixels(moved()), random.get_state()]
    random.manual_seed(7)
    loader = moved(num_workers)
    assert_same(pixels(loader), expected[0])
    assert random.get_state() == expected[1]
    assert not np.array_equal(pixels(loader)[0], expected[0][0])  # another epoch, other pictures
    assert not any(thread.name.startswith("tinyconv-loader") for thread in threading.enumerate())


def assert_same(found, expected):
    assert len(found) == len(expected)
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("num_workers", [0, 2])
def test_random_pictures_go_on_where_they_were(num_workers):
    random.manual_seed(7)
    expected = pixels(moved())
    random.manual_seed(7)
    first = moved(num_workers)
    before = pixels(first, 2)
    state, streams = json.loads(json.dumps(first.state_dict())), random.get_state()
    random.manual_seed(99)
    second = moved(num_workers)
    second.load_state_dict(state)
    random.set_state(streams)
    assert_same(before + pixels(second), expected)


def test_threads_end_when_the_loop_is_broken_off():
    for _ in moved(2):
        break
    gc.collect()
    assert not any(thread.name.startswith("tinyconv-loader") for thread in threading.enumerate())


@pytest.mark.parametrize("num_workers", [0, 2])
def test_an_error_in_a_transform_comes_out(num_workers):
    def fails(images):
        raise RuntimeError("a broken transform")

    with pytest.raises(RuntimeError, match="a broken transform"):
        list(DataLoader(numbered(), 2, transform=fails, num_workers=num_workers))


def test_threads_use_the_engine_that_was_chosen():
    used = []

    def which(images):
        used.append(current_engine())
        return images

    with engine("loops"):
        list(DataLoader(numbered(), 5, transform=which, num_workers=2))
    assert used == ["loops", "loops"]


def test_mixing_comes_last_and_sees_the_batchs_generator():
    def halves(images, labels, rng):
        order = rng.permutation(len(images))
        return (images + images[order]) / 2, (np.eye(10)[labels] + np.eye(10)[labels[order]]) / 2

    def as_numbers(images):
        return images.astype(np.float64)

    random.manual_seed(1)
    loader = DataLoader(numbered(), 5, transform=as_numbers, mix=halves, num_workers=1)
    epochs = [[(x.data.ravel(), t.data) for x, t in loader] for _ in range(2)]
    for x, t in epochs[0] + epochs[1]:
        np.testing.assert_allclose(t.sum(1), 1)
        np.testing.assert_allclose(t @ np.arange(10), x)
    assert not np.array_equal(epochs[0][0][0], epochs[1][0][0])


def test_pictures_of_different_sizes_are_no_batch():
    def different(images):
        return [np.zeros((1, 2 + i, 3), np.uint8) for i in range(len(images))]

    with pytest.raises(ShapeError, match=r"DataLoader: the pictures of a batch have different sizes \(2x3, 3x3, 4x3"):
        next(iter(DataLoader(numbered(), 5, transform=different)))


def test_evaluation_does_not_touch_the_stream_of_augmentation():
    before = random.get_state()["augment"]
    list(DataLoader(numbered(), 5, transform=Normalize([0.5], [1])))
    assert random.get_state()["augment"] == before


def test_labels_of_several_outputs():
    class Cars:
        labels = {"side": np.arange(5) % 2, "kind": np.arange(5) % 3}

        def __len__(self):
            return 5

        def batch(self, indices):
            return np.zeros((len(indices), 1, 2, 2), np.uint8)

    (_, first), (_, last) = DataLoader(Cars(), 3)
    assert {name: t.tolist() for name, t in first.items()} == {"side": [0, 1, 0], "kind": [0, 1, 2]}
    assert {name: t.tolist() for name, t in last.items()} == {"side": [1, 0], "kind": [0, 1]}
