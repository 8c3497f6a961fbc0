"""The benchmarks run, refuse wrong results, and write what they say. (No test depends on a time.)"""

import importlib
import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyconv

ROOT = Path(__file__).parents[1]
pytestmark = pytest.mark.timeout(300)  # each of these processes has to load its libraries first
TINY = ["--rounds", "1", "--seconds", "0.01", "--threads", "1"]


def run(script: str, *arguments: str, **environment: str) -> subprocess.CompletedProcess:
    """A benchmark as a user would start it."""
    command = [sys.executable, str(ROOT / "benchmarks" / script), *arguments]
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    return subprocess.run(
        command, env={**os.environ, **environment, "PYTHONPATH": path}, capture_output=True, text=True
    )


@pytest.fixture
def module(monkeypatch):
    """A module of the folder benchmarks/, by its name."""
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    return importlib.import_module


USERS = {"OMP_WAIT_POLICY": "", "OMP_PROC_BIND": "", "OPENBLAS_THREAD_TIMEOUT": ""}  # as good as not set


@pytest.fixture(scope="module")
def content(tmp_path_factory):
    """What a short run of cpu.py writes."""
    pytest.importorskip("numba", reason="Numba is not installed")
    file = tmp_path_factory.mktemp("benchmark") / "results" / "cpu.json"
    sides = ["tinyconv", "tinyconv-numpy", *["pytorch"] * (importlib.util.find_spec("torch") is not None)]
    options = ["--nets", "lenet5:3", "--launches", "1", "--parts", "--json", file, "--sides", *sides]
    done = run("cpu.py", *TINY, *options, **USERS)
    assert done.returncode == 0, done.stderr
    assert "lenet5, batch 3: 0.007 GFLOP a step" in done.stdout
    assert [path.name for path in file.parent.iterdir()] == [file.name]
    return json.loads(file.read_text())


@pytest.mark.xdist_group("cpu.py")
def test_a_net(content):
    assert content["machine"].keys() >= {"cpu", "cores", "versions"}
    assert min(content["ceilings"].values()) > 0
    (result,) = content["results"]
    assert (result["net"], result["batch"], result["inference"]) == ("lenet5", 3, False)
    for side in result["sides"].values():
        assert 0 < side["step_ms"]["low"] <= side["step_ms"]["median"] <= side["step_ms"]["high"]
        assert len(side["step_ms_of_launches"]) == 1
        assert side["largest_errors"].keys() == {"forward", "backward", "update"}
        for kind, error in side["largest_errors"].items():
            assert error <= result["tolerance"][kind] < 1e-3
    assert result["tinyconv_over"]["tinyconv-numpy"]["median"] > 0
    assert {"conv2d", "conv2d_input", "conv2d_weight", "optimiser"} <= result["parts_ms"].keys()


@pytest.mark.xdist_group("cpu.py")
def test_the_environment_of_pytorch_is_the_users(content):
    """What tinyconv sets for its own threads slows PyTorch down by half: the comparison would flatter tinyconv."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    (result,) = content["results"]
    environment = result["sides"]["pytorch"]["environment"]
    assert {name: environment.get(name) for name in USERS} == USERS
    assert (result["best_pytorch"], result["checked_against"]) == ("pytorch", "pytorch in float64")


@pytest.mark.parametrize(
    ("script", "arguments", "message"),
    [
        ("cpu.py", ["--sides", "pytorch", "tinyconv-numpy"], "--sides needs tinyconv"),
        ("cpu.py", ["--sides", "tinyconv", "caffe"], "invalid choice: 'caffe'"),
        ("cpu.py", ["--nets", "lenet5:0"], "'lenet5:0' is not NET, NET:BATCH or NET:BATCH:inference"),
        ("cpu.py", ["--nets", "lenet6"], "'lenet6' is not NET"),
        ("cpu.py", ["--seconds", "0"], "must be above 0"),
        ("ops.py", ["--sides", "pytorch"], "--sides needs tinyconv"),
        ("ops.py", ["--ops", "lstm"], "no operation's name contains 'lstm'"),
        ("ops.py", ["--rounds", "0"], "must be above 0"),
    ],
)
def test_wrong_arguments(script, arguments, message):
    done = run(script, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_an_operation(tmp_path):
    pytest.importorskip("numba", reason="Numba is not installed")
    done = run("ops.py", *TINY, "--ops", "dense 400->120 b64", "--json", tmp_path / "ops.json")
    assert done.returncode == 0, done.stderr
    assert "LeNet: dense 400->120 b64" in done.stdout
    results = json.loads((tmp_path / "ops.json").read_text())["results"]
    assert [result["pass"] for result in results] == ["forward", "dx", "dw"]
    for result in results:
        assert result["work"] == 2 * 64 * 400 * 120 / 1e9
        assert result["ms"]["tinyconv"]["median"] > 0
        assert result["largest_errors"]["tinyconv"] < 5e-5


def test_start(tmp_path):
    pytest.importorskip("numba", reason="Numba is not installed")
    done = run("start.py", "--times", "1", "--cold", "0", "--json", tmp_path / "start.json")
    assert done.returncode == 0, done.stderr
    seconds = json.loads((tmp_path / "start.json").read_text())["seconds"]
    assert seconds["import tinyconv"]["median"] > 0
    assert seconds["first step of LeNet-5, kernels from the cache"]["processes"] == 1


def test_equal_but_for_rounding(module):
    check_agree = module("_timing").check_agree
    exact = {"loss": np.float32(2), "dw": np.array([[3.0, -4.0]])}
    found = {"loss": np.float32(2), "dw": np.array([[3.0, -4.01]])}
    assert check_agree(found, exact, "ours:", 1e-2) == pytest.approx(0.01 / 5)
    with pytest.raises(SystemExit, match=r"ours: dw is wrong by 2.0e-03 of its size; 1.0e-03 is rounding."):
        check_agree(found, exact, "ours:", 1e-3)


@pytest.mark.parametrize("dw", [[3.0, np.nan], [3.0], [[3.0, -4.0]]], ids=["nan", "too short", "another shape"])
def test_what_is_never_equal(module, dw):
    with pytest.raises(SystemExit, match="dw is wrong by inf"):
        module("_timing").check_agree({"dw": np.array(dw)}, {"dw": np.array([3.0, -4.0])}, "ours:", 1e3)


def test_what_is_missing(module):
    with pytest.raises(SystemExit, match="db is wrong by inf"):
        module("_timing").check_agree({"dw": np.ones(2)}, {"dw": np.ones(2), "db": np.ones(2)}, "ours:", 1e3)


@pytest.mark.parametrize("name", ["lenet5", "deck_mnist", "deck_cifar", "resnet20", "resnet18", "resnet50"])
def test_a_net_is_the_same_in_both_libraries(module, name):
    torch = pytest.importorskip("torch", reason="PyTorch is not installed")
    build = module("_nets").NETS[name].build
    ours, theirs = (dict(build(nn).named_parameters()) for nn in (tinyconv.nn, torch.nn))
    assert {key: tuple(p.shape) for key, p in ours.items()} == {key: tuple(p.shape) for key, p in theirs.items()}


@pytest.mark.parametrize(("name", "parameters"), [("lenet5", 61_706), ("resnet20", 269_722), ("resnet50", 25_557_032)])
def test_a_net_has_as_many_parameters_as_it_should(module, name, parameters):
    model = module("_nets").NETS[name].build(tinyconv.nn)
    assert sum(p.numel() for p in model.parameters()) == parameters


def test_the_peak_of_memory_can_be_forgotten():
    if not Path("/proc/self/clear_refs").exists():
        pytest.skip("only Linux says how much memory a process has had")
    code = """if True:
        import _machine
        bytearray(b"1" * (80 << 20))  # and gone again
        peaks = [_machine.peak_memory()]
        _machine.forget_peak_memory()
        print(*peaks, _machine.peak_memory())"""
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT / "benchmarks", capture_output=True, text=True)
    before, after = map(float, done.stdout.split())
    assert before - 60 > after > 0


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
    training, job = module("_training"), module("_nets").Job
    threads = tinyconv.get_num_threads()
    step = training.tinyconv(job("lenet5", 2), threads).gflop()
    assert step == pytest.approx(2 * 2 * (3 * macs - 117_600) / 1e9)
    assert training.tinyconv(job("lenet5", 2, inference=True), threads).gflop() == pytest.approx(2 * 2 * macs / 1e9)
