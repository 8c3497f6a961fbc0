"""The pool of memory: what it lends, takes back, counts and guards."""

import gc

import numpy as np
import pytest

import tinyconv
from tinyconv import memory, nn

FLOAT = np.dtype(np.float32)


@pytest.fixture(autouse=True)
def a_pool_of_our_own(monkeypatch):
    """As users have it, not watched."""
    monkeypatch.setattr(memory, "_trespasses", None)
    gc.collect()
    memory.empty_cache()
    yield
    memory.empty_cache()


def counts():
    return tinyconv.memory_stats()


def test_memory_comes_back_when_the_last_view_is_gone():
    lent = counts()["lent"]
    x = memory.empty((64, 1024), FLOAT)
    view = x[1:].reshape(-1)[5:]
    assert counts()["lent"] - lent >= x.nbytes
    del x
    assert counts()["lent"] > lent
    del view
    assert counts()["lent"] == lent


def test_the_next_array_of_the_size_is_made_there():
    x = memory.empty((64, 1024), FLOAT)
    address, new = x.ctypes.data, counts()["new"]
    del x
    y = memory.empty((1024, 64), FLOAT)
    assert y.ctypes.data == address and counts()["new"] == new


def test_small_arrays_are_not_its_business():
    loans = counts()["loans"]
    memory.empty((10, 10), FLOAT)
    assert counts()["loans"] == loans


@pytest.mark.parametrize("order", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 0, 1, 2)])
def test_empty_like_keeps_the_order_of_axes(order):
    x = np.empty((3, 4, 5, 6), np.float32).transpose(order)
    y = memory.empty_like(x)
    assert (y.shape, y.strides, y.dtype) == (x.shape, x.strides, x.dtype)


def test_channels_last():
    y = memory.empty_channels_last((2, 3, 5, 7), FLOAT)
    assert y.shape == (2, 3, 5, 7) and y.transpose(0, 2, 3, 1).flags.c_contiguous


def test_idle_memory_can_be_given_back():
    memory.empty((64, 1024), FLOAT)
    assert counts()["idle"] > 0
    tinyconv.empty_cache()
    assert counts()["idle"] == 0


def test_the_pool_keeps_little_more_than_was_ever_lent(monkeypatch):
    monkeypatch.setattr(memory, "FREE_TO_KEEP", 2**20)
    monkeypatch.setitem(memory._counts, "most_lent", 0)
    for n in range(100, 1000, 50):  # each too large for the block that the one before left behind
        x = memory.empty((n, n), FLOAT)
        del x
    assert 0 < counts()["idle"] <= max(2**20, memory.SLACK * counts()["most_lent"])


def test_what_came_back_last_is_kept_longest(monkeypatch):
    monkeypatch.setattr(memory, "FREE_TO_KEEP", 2**20)
    monkeypatch.setitem(memory._counts, "most_lent", 0)
    for megabytes in (1, 2, 4, 8):
        memory.empty((megabytes * 2**18,), FLOAT)
    new = counts()["new"]
    memory.empty((8 * 2**18,), FLOAT)
    assert counts()["new"] == new


def test_a_steady_training_loop_takes_nothing_new():
    net = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.Flatten(), nn.Linear(16 * 30 * 30, 10))
    optimiser = tinyconv.optim.SGD(net.parameters(), lr=0.01, momentum=0.9)
    x, t = tinyconv.rand(16, 3, 32, 32), tinyconv.tensor(np.arange(16) % 10)
    taken = []
    for _ in range(6):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x), t).backward()
        optimiser.step()
        taken.append(counts()["new"])
    assert taken[2] == taken[-1]


def test_watched_memory_comes_full_of_nan():
    with memory.watch():
        assert np.isnan(memory.empty((3, 5), FLOAT)).all()


def write_outside(x, beyond):
    outside = x.ctypes.data + 4 * beyond
    (np.ctypeslib.as_array((np.ctypeslib.ctypes.c_float * 1).from_address(outside)))[0] = 0


@pytest.mark.parametrize("beyond", [-1, 7])
def test_writing_outside_is_noticed(beyond):
    with memory.watch() as trespasses:
        write_outside(memory.empty((7,), FLOAT), beyond)
        assert len(trespasses) == 1 and "28 bytes" in trespasses[0]


def test_one_watch_inside_another():
    with memory.watch() as outer:
        with memory.watch() as inner:
            pass
        write_outside(memory.empty((7,), FLOAT), 7)
        assert (len(outer), len(inner)) == (1, 0)
