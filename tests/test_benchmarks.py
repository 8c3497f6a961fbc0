"""The benchmarks run, refuse wrong results, and write what they say. (No test depends on a time.)"""

import importlib
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
TINY = ["--batch", "3", "--launches", "1", "--rounds", "2", "--seconds", "0.01", "--threads", "1"]
SET_BY_TINYCONV = {"OMP_WAIT_POLICY", "OPENBLAS_THREAD_TIMEOUT"}


def run(script: str, *arguments: str) -> subprocess.CompletedProcess:
    """A benchmark as a user would start it, from a shell that tinyconv has not changed."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    environment = {name: value for name, value in os.environ.items() if name not in SET_BY_TINYCONV}
    environment["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(command, env=environment, capture_output=True, text=True)


@pytest.fixture
def module(monkeypatch):
    """A module of the folder benchmarks/, by its name."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module


def test_lenet_without_pytorch(tmp_path):
    pytest.importorskip("numba", reason="Numba is not installed")
    file = tmp_path / "results" / "lenet.json"
    sides = ["tinyconv", "tinyconv-numpy"]
    done = run("lenet.py", *TINY, "--json", file, "--sides", *sides)
    assert done.returncode == 0, done.stderr
    assert "Batch 3" in done.stdout
    assert [path.name for path in file.parent.iterdir()] == [file.name]

    content = json.loads(file.read_text())
    assert content["machine"].keys() >= {"cpu", "cores", "versions"}
    assert min(content["ceilings"].values()) > 0
    (result,) = content["results"]
    assert (result["batch"], result["checked_against"]) == (3, "tinyconv-numpy")
    for side in sides:
        step = result["sides"][side]["step_ms"]
        assert 0 < step["low"] <= step["median"] <= step["high"]
        assert len(result["sides"][side]["step_ms_of_launches"]) == 1
        assert {"conv2d", "conv2d_input", "conv2d_weight", "optimiser"} <= result["parts_ms"][side].keys()
    assert result["tinyconv_over"]["tinyconv-numpy"]["median"] > 0


def test_tinyconvs_thread_settings_do_not_reach_pytorch(tmp_path):
    """They slow it down by half, and the comparison would flatter tinyconv."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    done = run("lenet.py", *TINY, "--json", tmp_path / "lenet.json", "--sides", "tinyconv", "pytorch")
    assert done.returncode == 0, done.stderr
    (result,) = json.loads((tmp_path / "lenet.json").read_text())["results"]
    environment = {name: set(side["environment"]) for name, side in result["sides"].items()}
    assert environment["tinyconv"] >= SET_BY_TINYCONV
    assert environment["pytorch"].isdisjoint(SET_BY_TINYCONV)
    assert result["checked_against"] == "pytorch"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--sides", "tinyconv"], "needs tinyconv and at least one other side"),
        (["--sides", "pytorch", "tinyconv-numpy"], "needs tinyconv and at least one other side"),
        (["--sides", "tinyconv", "caffe"], "invalid choice: 'caffe'"),
        (["--batch", "64", "0"], "must be above 0"),
        (["--seconds", "0"], "must be above 0"),
    ],
)
def test_lenet_with_wrong_arguments(arguments, message):
    done = run("lenet.py", *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_start(tmp_path):
    pytest.importorskip("numba", reason="Numba is not installed")
    done = run("start.py", "--times", "1", "--cold", "0", "--json", tmp_path / "start.json")
    assert done.returncode == 0, done.stderr
    seconds = json.loads((tmp_path / "start.json").read_text())["seconds"]
    assert seconds["import tinyconv"]["median"] > 0
    assert seconds["first step, kernels from the cache"]["processes"] == 1


def test_equal_but_for_rounding(module):
    check_agree = module("_timing").check_agree
    expected = {"loss": 2.0, "dw": np.array([[4.0, -8.0]])}
    found = {"loss": 2.0, "dw": np.array([[4.0, -8.002]], np.float32)}
    assert check_agree(expected, found, "ours", 1e-3) == pytest.approx(0.002 / 8, rel=1e-3)
    with pytest.raises(SystemExit, match=r"ours: dw is wrong by 2.5e-04 of its size. Nothing was timed."):
        check_agree(expected, found, "ours", 1e-4)


@pytest.mark.parametrize("dw", [[4.0, np.nan], [4.0], [[4.0, -8.0]]], ids=["nan", "too short", "another shape"])
def test_what_is_never_equal(module, dw):
    with pytest.raises(SystemExit, match="dw is wrong"):
        module("_timing").check_agree({"dw": np.array([4.0, -8.0])}, {"dw": np.array(dw)}, "ours", 1e-3)


def test_a_contender_that_fails_ends_the_benchmark(module):
    timing = module("_timing")
    nobody = timing.Contender("nobody", int, "seven")  # int("seven") raises in its process
    with pytest.raises(SystemExit, match="nobody failed; its own message is above"):
        nobody.call("bit_length")
    nobody.close()


def test_a_contender_has_its_own_environment(module):
    timing = module("_timing")
    side = timing.Contender("shell", os.path.expandvars, "$TINYCONV_SIDE", environment={"TINYCONV_SIDE": "left"})
    assert side.call("upper") == side.call("upper") == "LEFT"
    side.close()
    assert "TINYCONV_SIDE" not in os.environ


def test_the_quietest_rounds_are_kept(module, monkeypatch):
    timing = module("_timing")

    class Side:
        name, pid = "ours", os.getpid()

        def call(self, method, steps):
            return [0.02] * steps

    loads = iter([0.0, 0.9, 0.3, 0.02, 0.7, 0.4, 0.5, 0.6])  # the first is not a round's
    monkeypatch.setattr(timing.OtherPrograms, "cores", lambda self: next(loads))
    rounds = timing.take_turns([Side()], 2, seconds=0.01)
    assert rounds == [({"ours": 0.02}, 0.02), ({"ours": 0.02}, 0.3)]


def test_median_and_quartiles(module):
    timing = module("_timing")
    assert timing.spread([5.0, 1.0, 2.0, 4.0, 3.0]) == {"median": 3.0, "low": 2.0, "high": 4.0}
    assert timing.spread([7.0]) == {"median": 7.0, "low": 7.0, "high": 7.0}
    assert list(timing.medians([{"a": 1.0, "b": 9.0}, {"a": 3.0, "b": 5.0}]).items()) == [("b", 7.0), ("a", 2.0)]
    assert timing.show({"median": 12.34, "low": 1.0, "high": 20.0}) == "12.3 (1 to 20)"


def test_the_work_of_a_step(module):
    # C1 28 28 6 25, C3 10 10 16 150, C5 400 120, F6 120 84, output 84 10; C1 has no dx; two per multiplication
    macs = 117_600 + 240_000 + 48_000 + 10_080 + 840
    assert module("lenet").gflop(1) == pytest.approx(2 * (3 * macs - 117_600) / 1e9)
