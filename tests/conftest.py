"""Fixtures for all tests: random numbers that can be had again, the engines, guards against leaks and overflows."""

import os
import secrets
import zlib

# Before NumPy is loaded: every test process keeps to one core, for several of them run at once.
for variable in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(variable, "1")

# One seed for the run; worker processes inherit it.
SEED = int(os.environ.setdefault("TINYCONV_TEST_SEED", str(secrets.randbelow(2**32))))

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import tinyconv
from tinyconv import backend, memory, observe, random, tape


def pytest_report_header():
    return f"random numbers: TINYCONV_TEST_SEED={SEED}"


def pytest_terminal_summary(terminalreporter):
    """TINYCONV_SKIPPED names a file for what was skipped, so that it can be run where nothing lacks: pytest @FILE."""
    if path := os.environ.get("TINYCONV_SKIPPED"):
        skipped = dict.fromkeys(report.nodeid for report in terminalreporter.stats.get("skipped", ()))
        Path(path).write_text("".join(f"{nodeid}\n" for nodeid in skipped), encoding="utf-8")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        report.sections.append(("Random numbers", f"To have the same ones again: TINYCONV_TEST_SEED={SEED}"))
    return report


def seed_of(request) -> list[int]:
    """A seed for each test: it does not depend on which other tests run."""
    return [SEED, zlib.crc32(request.node.nodeid.encode())]


@pytest.fixture
def rng(request):
    """A NumPy generator; the seed of a test that failed stands in its report."""
    return np.random.default_rng(seed_of(request))


@pytest.fixture(params=["loops", "numpy", "numba"])
def engine(request):
    """Run the test once in each engine."""
    if request.param == "numba" and importlib.util.find_spec("numba") is None:
        pytest.skip("Numba is not installed")
    with tinyconv.engine(request.param):
        yield request.param


def global_state() -> dict:
    return {
        "engine": backend._chosen_engine.get(),
        "precision": backend.get_precision(),
        "gradients are recorded": tape.is_grad_enabled(),
        "observers of operations": [*observe._observers, *observe._step_observers],
        "layers being run": observe._modules.get(),
        "NumPy's floating-point errors": np.geterr(),
    }


@pytest.fixture(autouse=True)
def nothing_leaks(request):
    """Seed tinyconv's streams and put them back afterwards; fail a test that leaves other state changed."""
    before, streams = global_state(), random.get_state()
    random.manual_seed(int(np.random.SeedSequence(seed_of(request)).generate_state(1)[0]))
    yield
    random.set_state(streams)
    changed = [name for name, value in global_state().items() if value != before[name]]
    if changed:
        pytest.fail(f"the test left changed behind it: {', '.join(changed)}", pytrace=False)


@pytest.fixture(autouse=True)
def nothing_is_written_outside():
    """Results of kernels and scratch come full of NaN, between guards: fail a test that wrote on one."""
    with memory.watch() as trespasses:
        yield
    if trespasses:
        pytest.fail("; ".join(trespasses), pytrace=False)
