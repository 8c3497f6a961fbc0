"""Hundreds of training steps, done in two ways that ought to make no difference: the weights stay together.

Two ways that round otherwise part in every step by a rounding of the weights, eps/2 of their size in each; gradients
are wrong by more roundings than one, but a step is far smaller than the weights. Where a small step goes down a
smooth valley, an old difference does not grow, and so they add up to at most STEPS eps.
"""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyconv
from tinyconv import nn, optim

pytest.importorskip("numba", reason="Numba is not installed")

ROOT = Path(__file__).parents[1]
STEPS = 200


def net(pool=nn.MaxPool2d):
    """Every fusion, and convolutions for which the algorithm depends on the precision.

    In front of each ReLU the biases, of either sign, are large beside the weights, so that every unit stays on its
    side of 0. One that rounding put on the other side would change the gradient by much more than a rounding.
    """
    layers = nn.Sequential(
        *(nn.Conv2d(3, 24, 3, padding=1), nn.ReLU(), nn.Dropout(0.1)),
        *(nn.Conv2d(24, 24, 3, padding=1), nn.ReLU(), pool(2)),
        *(nn.Conv2d(24, 24, 3, padding=1, bias=False), nn.BatchNorm2d(24), nn.ReLU()),
        nn.Residual(nn.Sequential(nn.Conv2d(24, 24, 1), nn.BatchNorm2d(24)), relu=True),
        *(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(24 * 3 * 3, 10)),
    )
    last = layers[9].body[1]
    with tinyconv.no_grad():
        for layer, scale, bias in (layers[0], 0.2, 0.7), (layers[3], 0.2, 0.7), (layers[7], 0.1, 0.7), (last, 0.1, 1.5):
            layer.weight.mul_(scale)
            layer.bias.copy_(bias * np.where(np.arange(24) % 3, 1, -1).astype(np.float32))
    return layers


def training(dtype=np.float32, pool=nn.MaxPool2d):
    """All weights and running statistics in one row, after every step."""
    tinyconv.manual_seed(5)
    model, rng = net(pool).to(dtype=dtype), np.random.default_rng(5)
    optimiser = optim.SGD(model.parameters(), lr=0.003, momentum=0.9)
    x = tinyconv.tensor(rng.standard_normal((32, 3, 12, 12)).astype(np.float32).astype(dtype))
    t = tinyconv.tensor(rng.integers(0, 10, 32))
    tensors = [a for a in model.state_dict().values() if a.dtype == dtype]
    rows = []
    for step in range(STEPS):
        some = slice(step % 4 * 8, step % 4 * 8 + 8)
        optimiser.zero_grad()
        nn.functional.cross_entropy(model(x[some]), t[some]).backward()
        optimiser.step()
        rows.append(np.concatenate([a.numpy().ravel() for a in tensors]))
    return np.array(rows)


def apart(a, b):
    """How far the two are from one another after each step, as a share of their size."""
    return np.linalg.norm(a.astype(np.float64) - b, axis=1) / np.linalg.norm(b, axis=1)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_with_and_without_fusion(dtype):
    together, seen = training(dtype), set()
    with tinyconv.on_operation(lambda name, *_: seen.add(name)):
        one_by_one = training(dtype)
    assert {"conv2d", "relu", "dropout", "max_pool2d", "batch_norm", "add"} <= seen
    assert apart(together[:1], together[-1:]).max() > 0.1  # it moves
    assert apart(together, one_by_one).max() <= STEPS * np.finfo(dtype).eps


def test_fast_and_accurate_precision():
    """With average pooling: where two pixels are almost as large, rounding chooses the one whose gradient it is."""
    fast = training(pool=nn.AvgPool2d)
    tinyconv.set_precision("accurate")
    try:
        accurate = training(pool=nn.AvgPool2d)
    finally:
        tinyconv.set_precision("fast")
    assert (fast != accurate).any()  # other algorithms
    assert apart(fast, accurate).max() <= STEPS * np.finfo(np.float32).eps


THREADS = """
import os
os.sched_getaffinity = lambda pid: {0, 1}
import tinyconv
from test_training_together import training
runs = []
for threads in (1, 2):
    tinyconv.set_num_threads(threads)
    runs.append(training().tobytes())
print(runs[0] == runs[1])
"""


def test_with_one_and_two_threads():
    """Bit for bit: how work is shared out, and so the order of every sum, depends on the sizes alone."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    environment = os.environ | {"NUMBA_NUM_THREADS": "2", "PYTHONPATH": path}
    run = subprocess.run([sys.executable, "-c", THREADS], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stdout.split() == ["True"]
