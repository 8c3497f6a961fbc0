"""DataLoader: every picture once an epoch, and from any point on the same batches again."""

import itertools
import json

import numpy as np
import pytest

from tinyconv import random
from tinyconv.data import DataLoader, Dataset, Normalize
from tinyconv.errors import ArgumentError
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
