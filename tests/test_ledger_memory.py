"""The predicted peak is what a training step takes."""

import gc
import importlib.util
import os
import subprocess
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import _arena, memory, models, nn, observe, optim
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.ledger import memory as ledger
from tinyconv.ledger.pool import held_idle
from tinyconv.ledger.summary import OPTIMIZERS
from tinyconv.rehearsal import Rehearsal, rehearsing, stage

needs_numba = pytest.mark.skipif(
    importlib.util.find_spec("numba") is None, reason="without Numba layers run apart, and compute"
)


def vgg_like():
    """Two stages of VGG with batch norm and a branch of each kind that NumPy computes by itself."""
    stage = [nn.Conv2d(3, 32, 3, padding=1), nn.BatchNorm2d(32), nn.ReLU(), nn.MaxPool2d(2)]
    stage += [nn.Concat(nn.Conv2d(32, 24, 1), nn.Conv2d(32, 40, 3, padding=1)), nn.ReLU(), nn.SqueezeExcitation(64, 8)]
    stage += [nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Dropout(0.5)]
    net = nn.Sequential(*stage, nn.Linear(64 * 8 * 8, 100), nn.Tanh(), nn.Linear(100, 10))
    net.input_size = (3, 32, 32)
    return net


def step(net, optimizer, N):
    x, t = tc.rand(N, *net.input_size), tc.tensor(np.arange(N) % 10)
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x), t).backward()
    optimizer.step()


@pytest.fixture
def plain_pool(monkeypatch):
    """As users have it, but lending no more than is asked for, so that what is lent is what arrays take."""
    monkeypatch.setattr(memory, "_trespasses", None)
    monkeypatch.setattr(_arena, "KEEP", 0)
    gc.collect()
    memory.empty_cache()
    yield
    memory.empty_cache()


def measured(build, N, make, monkeypatch):
    """The most bytes of arrays at a time in real steps: what the pool lends and what Python allocates besides."""
    step(net := build(), make(net.parameters()), min(N, 2))  # what is loaded and compiled but once
    del net
    gc.collect()
    tracemalloc.start()
    try:
        lent = memory.memory_stats()["lent"]
        net = build()
        optimizer = make(net.parameters())
        step(net, optimizer, N)
        most, lend = 0, memory._arenas.lend

        def look():
            nonlocal most
            most = max(most, memory._arenas.lent - lent + tracemalloc.get_traced_memory()[1])
            tracemalloc.reset_peak()

        def lend_and_look(size):
            look()
            place = lend(size)
            look()
            return place

        monkeypatch.setattr(memory._arenas, "lend", lend_and_look)
        tracemalloc.reset_peak()
        step(net, optimizer, N)
        look()
    finally:
        tracemalloc.stop()
    return most


NETS = {name: models.card(name).build for name in ("lenet5", "deck_cifar", "resnet20")} | {"vgg": vgg_like}
QUICK = [("lenet5", 1), ("lenet5", 128), ("vgg", 16)]
SLOW = [(name, N) for name in NETS for N in (1, 16, 128) if (name, N) not in QUICK if (name, N) != ("vgg", 1)]


@needs_numba
@pytest.mark.parametrize(
    ("name", "N"), [*QUICK, *(pytest.param(*case, marks=pytest.mark.long) for case in SLOW)], ids=str
)
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_the_peak_within_ten_per_cent(name, N, optimizer, plain_pool, monkeypatch):
    """(And within five, mostly within one: so that something can change.)"""
    build = NETS[name]
    predicted = build().summary(batch_size=N, optimizer=optimizer).peak
    assert predicted == pytest.approx(measured(build, N, OPTIMIZERS[optimizer], monkeypatch), rel=0.05)


PROCESS = """
import ctypes, gc, sys
sys.path[:0] = {path!r}
import numpy as np
import tinyconv as tc
from tinyconv import memory, models, nn, optim

def kilobytes(key):
    return next(int(line.split()[1]) for line in open("/proc/self/status") if line.startswith(key))

def step(N):
    x, t = tc.rand(N, *net.input_size), tc.tensor(np.arange(N) % 10)
    optimizer.zero_grad()
    nn.functional.cross_entropy(net(x), t).backward()
    optimizer.step()

net = models.create({name!r})
optimizer = optim.SGD(net.parameters(), lr=1e-4, momentum=0.9)
step(2), step(2)
optimizer.zero_grad()
gc.collect()
memory.empty_cache()
ctypes.CDLL(None).malloc_trim(0)
before = kilobytes("VmRSS")
open("/proc/self/clear_refs", "w").write("5")
step({N}), step({N})
fixed = sum(2 * p.data.nbytes for p in net.parameters()) + sum(b.data.nbytes for b in net.buffers())
print((kilobytes("VmHWM") - before) * 1024 + fixed)
"""


@needs_numba
@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="only Linux says the most memory a process had")
@pytest.mark.parametrize(("name", "N"), [("deck_cifar", 16), ("deck_cifar", 128), ("resnet18", 16)])
def test_the_peak_of_a_process(name, N):
    """As the system sees it, with what the pool holds between arrays."""
    code = PROCESS.format(path=sys.path, name=name, N=N)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=600, env={**os.environ})
    assert done.returncode == 0, done.stderr
    assert models.create(name).summary(batch_size=N).process == pytest.approx(int(done.stdout), rel=0.1)


@needs_numba
def test_what_layers_keep_by_hand():
    """Conv-relu-pool keeps its input, z and a byte for each winner; batch norm its input, with ReLU its output."""
    net = nn.Sequential(
        nn.Conv2d(1, 8, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(8, 8, 1), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(),
        nn.Linear(8 * 9, 5),
    )  # fmt: skip
    summary = net.summary((1, 8, 8), batch_size=10)
    kept = {row.path: row.kept for row in summary.rows}
    picture, z, winners, y = 10 * 64 * 4, 10 * 8 * 9 * 4, 10 * 8 * 9, 10 * 8 * 9 * 4
    assert kept["0"] == picture + z + winners
    assert (kept["1"], kept["2"], kept["3"], kept["5"]) == (0, 0, 0, 0)
    assert kept["4"] - 2 * y in range(200)  # and the mean and variance of each channel
    assert kept["7"] == 0  # it shares batch norm's output


def test_frozen_weights_need_no_gradient():
    net = nn.Sequential(nn.Linear(1000, 1000), nn.Linear(1000, 10))
    all_learn = net.summary((1000,))
    net[0].requires_grad_(False)
    half = net.summary((1000,))
    assert all_learn.optimizer_bytes == 4 * (1001 * 1000 + 1001 * 10) and half.optimizer_bytes == 4 * 1001 * 10
    assert all_learn.peak - half.peak > 7.5e6  # the gradient of a million weights, and its moving average
    net.requires_grad_(False)
    assert net.summary((1000,)).peak < 4.3e6


@pytest.mark.parametrize(
    ("optimizer", "arrays"),
    [("sgd", 1), ("adam", 2), ("adadelta", 2), ("adagrad", 1), ("rmsprop", 1), (optim.SGD, 0),
     (lambda ps: optim.Adam(ps, amsgrad=True), 3)],
)  # fmt: skip
def test_what_optimisers_remember(optimizer, arrays):
    assert nn.Linear(30, 10).summary((30,), optimizer=optimizer).optimizer_bytes == arrays * 4 * 310


def test_large_batches_are_extrapolated(monkeypatch):
    net = vgg_like()
    exact = net.summary(batch_size=64)
    monkeypatch.setattr(ledger, "MOST", 2**22)
    two = net.summary(batch_size=64)
    assert exact.memory.sizes == (64,) and len(two.memory.sizes) == 2 and max(two.memory.sizes) < 64
    assert two.peak == pytest.approx(exact.peak, rel=0.1)
    assert two.kept == pytest.approx(exact.kept, rel=0.01)
    assert "rehearsals on" in str(two) and "a rehearsal on 64 pictures" in str(exact)


@needs_numba
def test_a_rehearsal_takes_no_memory():
    """Four gigabytes that nobody writes to."""
    net = nn.Sequential(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3), nn.ReLU())
    tracemalloc.start()
    try:
        summary = net.summary((3, 224, 224), batch_size=100)
        assert summary.memory.sizes == (100,)
        assert summary.peak > 2e9
        assert tracemalloc.get_traced_memory()[1] < 2e8
    finally:
        tracemalloc.stop()


@needs_numba
@pytest.mark.parametrize(("apart", "names"), [(True, ["conv2d", "relu"]), (False, ["conv2d_relu"])])
def test_who_looks_sees_layers_apart_or_as_they_are(apart, names):
    seen = []
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU())
    with observe.on_operation(lambda name, *_: seen.append(name), apart=apart), tc.no_grad():
        net(tc.ones(1, 1, 5, 5))
    assert seen == names and not observe.observed()


def test_arrays_of_a_rehearsal_are_counted():
    seen = []
    rehearsal = Rehearsal(lambda: seen.append(rehearsal.lent), lambda: None)
    with rehearsing(rehearsal):
        x = memory.empty((100, 1000), np.dtype(np.float32))
        small = memory.empty((10,), np.dtype(np.float32))
        assert (x == 0).all() and (small == 0).all()
        view = memory.empty_like(x)[3:, :5]
        assert rehearsal.lent == 800_000
        del x
        assert rehearsal.lent == 400_000
        del view
    assert rehearsal.lent == 0 and seen == [0, 400_000]
    assert (rehearsal.sizes, rehearsal.events) == ([400_000, 400_000], [0, 1, ~0, ~1])
    assert stage.now is None


def test_what_the_pool_holds_idle():
    """80 MB that were lent cannot serve 100 MB; the second MB lies there. 181 are there when 102 are lent."""
    rehearsal = Rehearsal(lambda: None, lambda: None)
    with rehearsing(rehearsal):
        for megabytes in (80, 100):
            x = memory.empty((megabytes * 2**20,), np.dtype(np.uint8))
            y = memory.empty((2**20,), np.dtype(np.uint8))
            del x
        del y
    assert held_idle(rehearsal) == (80 + 1 + 100 - 102) * 2**20


def test_a_step_that_is_not_possible():
    net = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4))
    summary = net.summary((3,), batch_size=1)
    assert summary.peak is summary.kept is summary.memory is None
    assert "The peak in training is not known: a training step on 1 picture(s) is not possible: batch_norm" in " ".join(
        str(summary).split()
    )
    assert net.summary((3,), batch_size=2).peak > 0


def test_what_optimiser():
    with pytest.raises(UnknownNameError, match="summary: there is no optimizer 'adm'. Did you mean 'adam'"):
        nn.Linear(3, 4).summary((3,), optimizer="adm")
    with pytest.raises(
        ArgumentError, match=r"summary: optimizer makes int of parameters; give a class such as optim.A"
    ):
        nn.Linear(3, 4).summary((3,), optimizer=len)
    with pytest.raises(ArgumentError, match="summary: batch_size is 0; it must be a whole number of at least 1"):
        nn.Linear(3, 4).summary((3,), batch_size=0)
