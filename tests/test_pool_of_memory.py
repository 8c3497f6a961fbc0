"""The pool of memory: what it lends, takes back, counts and guards."""

import gc
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

import tinyconv
from tinyconv import _arena, memory, nn

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


@pytest.mark.parametrize("keep", [0, 2**26], ids=["cut", "whole"])
def test_arrays_do_not_disturb_each_other(keep, rng, monkeypatch):
    monkeypatch.setattr(_arena, "KEEP", keep)
    arrays = []
    for step in range(600):
        if arrays and rng.random() < 0.5:
            x, value = arrays.pop(int(rng.integers(len(arrays))))
            assert (x == value).all()
        else:
            arrays.append((memory.empty((int(2 ** rng.uniform(13, 17)),), FLOAT), step))
            arrays[-1][0][...] = step
    assert all((x == value).all() for x, value in arrays)


def test_idle_memory_can_be_given_back():
    memory.empty((64, 1024), FLOAT)
    assert counts()["idle"] > 0
    tinyconv.empty_cache()
    assert counts()["idle"] == 0


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
    assert counts()["lent"] + counts()["idle"] <= 2 * counts()["most_lent"]


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="only Linux says how much memory a process has")
def test_idle_memory_between_arrays_is_given_back():
    def megabytes():
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * _arena.PAGE / 2**20

    arrays = [memory.empty((16, 2**18), FLOAT) for _ in range(3)]
    for i, x in enumerate(arrays):
        x[...] = i
    before = megabytes()
    arrays[1] = x = None
    memory.empty_cache()
    assert 12 < before - megabytes() < 20
    assert (arrays[0] == 0).all() and (arrays[2] == 2).all()


# ---------------------------------------------------------------- from several sides at a time


def run(code: str) -> subprocess.CompletedProcess:
    """In a process of its own."""
    code = f"import sys, warnings\nwarnings.simplefilter('ignore')\nsys.path[:0] = {sys.path!r}\n{code}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    return done


@pytest.fixture
def lent():
    """What is lent when the test begins must be so at its end."""
    before = counts()["lent"]
    yield before
    gc.collect()
    assert counts()["lent"] == before


def test_several_python_threads(lent, monkeypatch):
    monkeypatch.setattr(_arena, "KEEP", 2**20)
    wrong, loans = [], counts()["loans"]
    lend = memory._arenas.lend

    def lend_slowly(size):
        time.sleep(1e-5)  # other threads may run
        return lend(size)

    monkeypatch.setattr(memory._arenas, "lend", lend_slowly)

    def work(number):
        rng = np.random.default_rng(number)
        kept = []
        for step in range(300):
            x = memory.empty((int(2 ** rng.uniform(13, 16)),), FLOAT)
            x[...] = 1000 * number + step
            kept.append((x, 1000 * number + step))
            if len(kept) > 5:
                x, value = kept.pop(int(rng.integers(5)))
                wrong.extend(x[x != value])

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [] and counts()["loans"] == loans + 4 * 300


def in_a_cycle():
    cycle = [memory.empty((64, 1024), FLOAT)]
    cycle.append(cycle)


def test_the_garbage_collector_in_the_middle_of_a_loan(lent, monkeypatch):
    def while_garbage_is_collected(size):
        gc.collect()
        return lend(size)

    lend = memory._arenas.lend
    in_a_cycle()
    monkeypatch.setattr(memory._arenas, "lend", while_garbage_is_collected)
    x = memory.empty((64, 1024), FLOAT)
    assert counts()["lent"] == lent + x.nbytes


def test_an_array_goes_while_another_thread_is_at_work(lent):
    arrays = [memory.empty((64, 1024), FLOAT)]
    thread = threading.Thread(target=arrays.clear)
    with memory._lock:
        thread.start()
        thread.join(timeout=10)
        assert not thread.is_alive()


def test_the_handler_of_a_signal_in_the_middle_of_a_loan(lent, monkeypatch):
    def interrupted(size):
        arrays.append(memory.empty((64, 1024), FLOAT))
        assert memory.memory_stats()["lent"] == lent
        memory.empty_cache()
        return lend(size)

    lend, arrays = memory._arenas.lend, []
    monkeypatch.setattr(memory._arenas, "lend", interrupted)
    x = memory.empty((64, 1024), FLOAT)
    monkeypatch.undo()
    x[...], arrays[0][...] = 1, 2
    assert (x == 1).all() and counts()["lent"] == lent + x.nbytes


INTERRUPTS = """
import random, signal
import numpy as np
from tinyconv import _arena, memory

class Interrupt(Exception):
    pass

def interrupt(number, frame):
    global interrupts
    interrupts += 1
    raise Interrupt

_arena.KEEP = 2**20
interrupts, arrays = 0, []
signal.signal(signal.SIGALRM, interrupt)
for step in range(1000):
    try:
        signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 1e-4))
        for _ in range(20):
            arrays.append(memory.empty((random.randint(2**13, 2**14),), np.dtype(np.float32)))
            if len(arrays) > 20:
                arrays.pop(random.randrange(20))
        signal.setitimer(signal.ITIMER_REAL, 0)
    except Interrupt:
        pass
for i, x in enumerate(arrays):
    x[...] = i
print(interrupts > 100, all((x == i).all() for i, x in enumerate(arrays)))
"""


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timer")
def test_interrupts_at_any_moment():
    assert run(INTERRUPTS).stdout.split() == ["True", "True"]


FORK = """
import os, signal, threading, time
import numpy as np
from tinyconv import memory

def lend(size):
    x = memory.empty((size,), np.dtype(np.float32))
    x[...] = size
    return x

done = False
def work():
    while not done:
        with memory._lock:
            time.sleep(0.01)

thread = threading.Thread(target=work)
thread.start()
mine, codes = lend(30000), []
for _ in range(20):
    pid = os.fork()
    if pid == 0:
        signal.alarm(5)  # the end of a child that waits for a lock
        arrays = [lend(20000 + i) for i in range(20)]
        mine[...] = 0
        os._exit(any((x != x.size).any() for x in arrays))
    codes.append(os.waitpid(pid, 0)[1])
done = True
thread.join()
print(codes == [0] * 20, (mine == 30000).all())
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_children_of_a_process_with_threads():
    assert run(FORK).stdout.split() == ["True", "True"]


# ---------------------------------------------------------------- watched


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
