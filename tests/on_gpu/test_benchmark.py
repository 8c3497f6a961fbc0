"""benchmarks/gpu.py: tinyconv's sides of it run on the stand-in; PyTorch's need a GPU."""

import importlib
from pathlib import Path

import numpy as np
import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler

pytestmark = needs_compiler


@pytest.fixture
def module(monkeypatch):
    monkeypatch.syspath_prepend(Path(__file__).parents[2] / "benchmarks")
    with stand_in.installed():
        yield importlib.import_module


@pytest.mark.parametrize("name", ["tinyconv", "tinyconv, uncaptured", "tinyconv, float16"])
@pytest.mark.parametrize("job", ["lenet5:3", "lenet5:2:inference"])
def test_tinyconvs_sides(module, name, job):
    side = module("_gpu_sides").SIDES[name](module("_nets").Job.parse(job))
    before = [p.cpu().detach().numpy().copy() for p in side.model.parameters()]
    for _ in range(2):
        side.step()
    side.memory()
    assert side.seconds(1) > 0
    assert side.peak_mb >= 0
    after = [p.cpu().detach().numpy() for p in side.model.parameters()]
    assert all(np.array_equal(a, b) == side.job.inference for a, b in zip(after, before, strict=True))


def test_they_compute_what_the_cpu_does(module):
    job = module("_nets").Job("lenet5", 3)
    found = module("_gpu_sides").Ours(job, exact=True).gradients()
    here = module("_training").tinyconv(job, 1, True).check()
    assert found["loss"] == pytest.approx(here["forward"]["the loss"], rel=1e-5)
    for name, gradient in here["backward"].items():
        np.testing.assert_allclose(found[name.removeprefix("the gradient of ")], gradient, atol=1e-5)


def test_a_race_and_its_table(module):
    gpu, job = module("gpu"), module("_nets").Job("lenet5", 2)
    result = gpu.race(job, ["tinyconv, uncaptured", "PyTorch"], rounds=2, seconds=1e-4)
    assert result["sides"]["tinyconv, uncaptured"]["step_ms"] > 0
    assert "failed" in result["sides"]["PyTorch"]
    result["sides"] = {
        "tinyconv": {"step_ms": 0.1234, "over_pytorch": 0.5, "peak_mb": 12.3},
        "PyTorch": {"step_ms": 0.2468, "over_pytorch": 1.0, "peak_mb": 20.0},
        "other": {"failed": "RuntimeError"},
    }
    assert gpu.table([result], ["tinyconv", "PyTorch", "other"]).splitlines()[2] == (
        "| lenet5, 2 | 0.123 ms (0.50), 12 MB | 0.247 ms (1.00), 20 MB | failed |"
    )
