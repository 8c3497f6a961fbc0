"""`tinyconv doctor`: what it says of a machine in order, and of machines on which something is broken."""

import importlib.util
import json
import re
from pathlib import Path

import numpy as np
import pytest

import tinyconv.kernels as kernels
from tinyconv import cli, train
from tinyconv.checkup import Checkup, Fact, checkup, facts, installed, machine, places
from tinyconv.errors import DeviceError

ROOT = Path(__file__).parents[1]
needs_numba = pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="Numba is not installed")


def fact(of, name):
    (found,) = [fact for fact in of if fact.name == name]
    return found


@pytest.fixture
def no_gpu(monkeypatch):
    def missing():
        raise DeviceError("cuda", "CuPy is not installed. Install it with: pip install 'tinyconv[cuda13]'.")

    monkeypatch.setattr(machine, "cupy", missing)


# ---------------------------------------------------------------- the command


@needs_numba
@pytest.mark.usefixtures("no_gpu")
def test_all_is_well(capsys, monkeypatch):
    monkeypatch.delenv("TINYCONV_DATA", raising=False)
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    titles = [line for line in lines if line and not line.startswith(" ")]
    assert titles == [
        *("versions", "packages", "engines", "threads", "devices", "folders"),
        "All that is needed works.",
    ]
    for engine in ("loops", "numpy", "numba"):
        assert any(line.startswith(f"  ok  {engine} ") for line in lines)
    assert any(
        re.fullmatch(r"   -  cuda +not used: CuPy is not installed\. Install it with: pip .*", line) for line in lines
    )
    assert any(line.startswith("  ok  kernels ") for line in lines)
    assert len(lines) < 40 and max(map(len, lines)) <= 100


@needs_numba
@pytest.mark.usefixtures("no_gpu")
def test_as_data(capsys):
    assert cli.main(["doctor", "--json"]) == 0
    data = json.loads(capsys.readouterr().out)
    assert data["ok"] is True
    assert data["versions"][1]["name"] == "Python"
    assert {fact["name"]: fact["state"] for fact in data["engines"]} == {
        "loops": "ok",
        "numpy": "ok",
        "numba": "ok",
        "cuda": "note",
    }


def test_the_status_when_something_is_wrong(capsys, monkeypatch):
    broken = Checkup({"engines": [Fact("numba", "it fails", facts.WRONG, "Mend it.")]})
    monkeypatch.setattr("tinyconv.checkup.checkup", lambda: broken)
    assert cli.main(["doctor"]) == 1
    assert capsys.readouterr().out.splitlines() == [
        "engines",
        "   !  numba         it fails. Mend it.",
        "",
        "1 of these must be mended: see the lines with !",
    ]
    assert cli.main(["doctor", "--json"]) == 1


def test_rich_may_be_what_is_missing(capsys, monkeypatch):
    def terminal(self):
        raise ImportError("no module named rich")

    monkeypatch.setattr(train.console.Output, "terminal", terminal)
    monkeypatch.setattr("tinyconv.checkup.checkup", lambda: Checkup({"packages": [Fact("needed", "numpy 2")]}))
    assert cli.main(["doctor"]) == 0
    assert "ok  needed        numpy 2" in capsys.readouterr().out


def test_lines_are_as_wide_as_the_terminal():
    found = Checkup({"folders": [Fact("kernels", "word " * 20 + "/a/very-long/path-that/is-not-cut")]})
    lines = found.lines(50)
    assert max(map(len, lines)) <= 55
    assert lines[1].startswith("  ok  kernels       word") and lines[2].startswith(" " * 20 + "word")


# ---------------------------------------------------------------- engines


def test_the_convolution_by_hand():
    """The same three results, by loops."""
    X, W, DY = machine.X, machine.W, machine.DY
    y, dx, dw = np.zeros((2, 2)), np.zeros((3, 3)), np.zeros((2, 2))
    for i in range(2):
        for j in range(2):
            for k in range(2):
                for m in range(2):
                    y[i, j] += W[k, m] * X[i + k, j + m]
                    dx[i + k, j + m] += W[k, m] * DY[i, j]
                    dw[k, m] += X[i + k, j + m] * DY[i, j]
    assert (y == machine.Y).all() and (dx == machine.DX).all() and (dw == machine.DW).all()


@pytest.mark.parametrize("letter", ["conv2d", "conv2d_input", "conv2d_weight"])
def test_an_engine_that_is_wrong_is_found(monkeypatch, letter):
    right = kernels.Kernel.all[letter].definition
    monkeypatch.setitem(kernels.Kernel.all[letter].versions, "numpy", lambda *args: 2 * right(*args))
    name = {"conv2d": "y", "conv2d_input": "dx", "conv2d_weight": "dw"}[letter]
    problem = machine.mistake("numpy")
    assert problem.startswith(f"{name} of a 2x2 convolution is [[") and "it must be [[" in problem
    _, found = machine.engines()
    assert (fact(found, "numpy").state, fact(found, "numpy").value) == ("wrong", problem)
    assert not Checkup({"engines": found}).ok


@needs_numba
def test_an_engine_that_fails_is_no_traceback(monkeypatch):
    def broken(engine, device="cpu"):
        raise OSError("LLVM has no room\nleft")

    monkeypatch.setattr(machine, "mistake", broken)
    _, found = machine.engines()
    assert fact(found, "numba").value == "it fails: OSError: LLVM has no room left"
    assert fact(found, "loops").state == "wrong"


@needs_numba
def test_kernels_that_had_to_be_compiled(monkeypatch):
    from tinyconv.kernels._compiling_numba import watch

    monkeypatch.setattr(watch, "functions", [])
    monkeypatch.setattr(machine, "mistake", lambda *engine: watch.functions.extend(["_conv2d", "_dots"]) or "")
    _, found = machine.engines()
    said = "2 functions had to be compiled first, in 0 s; `tinyconv warmup` compiles all kernels beforehand"
    assert fact(found, "numba").value == f"right; compiled for this CPU; {said}"


def test_numba_may_be_missing(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tinyconv.kernels._compiling_numba", None)
    _, found = machine.engines()
    numba = fact(found, "numba")
    assert numba.state == "wrong" and numba.cure == "pip install --upgrade numba"
    assert numba.value.startswith("Numba does not load (") and "on plain NumPy, several times slower" in numba.value


def test_an_engine_that_the_environment_chooses(monkeypatch):
    monkeypatch.setattr("tinyconv.backend._engine_of_process", lambda: "loops")
    monkeypatch.setenv("TINYCONV_ENGINE", "loops")
    assert [fact.value for fact in machine._chosen()] == ["TINYCONV_ENGINE=loops: kernels run in 'loops'"]
    monkeypatch.delenv("TINYCONV_ENGINE")
    assert machine._chosen() == []


def test_devices(monkeypatch, no_gpu):
    assert [fact.state for fact in machine.devices()] == ["ok", "note"]

    class Runtime:
        @staticmethod
        def getDeviceCount():  # noqa: N802  # CuPy's name
            return 2

    class CuPy:
        class cuda:  # noqa: N801  # CuPy's name
            runtime = Runtime

    monkeypatch.setattr(machine, "cupy", lambda: CuPy)
    monkeypatch.setattr(machine.cuda, "mem_get_info", lambda device: (2**30, 4 * 2**30))
    monkeypatch.setattr(machine.cuda, "get_device_name", lambda device: f"GPU {device[-1]}")
    names = [(fact.name, fact.value) for fact in machine.devices()[1:]]
    assert names == [("cuda:0", "GPU 0, 1.0 of 4.0 GiB free"), ("cuda:1", "GPU 1, 1.0 of 4.0 GiB free")]
    monkeypatch.setattr(machine.cuda, "mem_get_info", lambda device: 1 / 0)
    assert machine.devices()[1].state == "wrong"


# ---------------------------------------------------------------- packages


def test_the_list_of_packages_is_that_of_setup():
    text = (ROOT / "setup.py").read_text(encoding="utf-8")
    required = re.search(r"install_requires=\[(.*?)\]", text, re.DOTALL)[1]
    names = set(re.findall(r'"([a-z]+)', required))
    assert names - {"tomli"} == set(installed.NEEDED) - {"tomli"}
    extras = set(re.findall(r'"(\w+)": ', text.partition("extras_require")[2]))
    assert {extra for *_, extra in installed.OPTIONAL} <= extras


def test_packages_that_are_missing(monkeypatch):
    monkeypatch.setattr(installed, "installed", lambda name: None if name in ("rich", "matplotlib") else "1.0")
    found = installed.packages()
    assert "numpy 1.0" in found[0].value and "rich" not in found[0].value
    assert fact(found, "rich") == Fact("rich", "not installed: progress bars and tables", "wrong", "pip install rich")
    assert fact(found, "matplotlib").cure == "pip install 'tinyconv[viz]'"
    assert fact(found, "matplotlib").state == "note"
    assert fact(found, "cupy").value == "cupy-cuda13x 1.0: NVIDIA GPUs"


def test_what_cannot_be_found_out_is_said(monkeypatch):
    def broken():
        raise RuntimeError("no idea")

    for name in ("versions", "engines", "devices"):
        monkeypatch.setattr(f"tinyconv.checkup.{name}", broken)
    found = checkup()
    assert not found.ok
    assert [fact.value for fact in found.wrong] == ["could not be found out: RuntimeError: no idea"] * 3


# ---------------------------------------------------------------- folders


def test_folders(monkeypatch, tmp_path):
    monkeypatch.setenv("TINYCONV_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("TINYCONV_DATA", str(tmp_path / "data"))
    assert [(fact.name, fact.state) for fact in places.folders()] == [("downloads", "ok"), ("data", "wrong")]
    assert places.folders()[0].value == f"{tmp_path / 'cache'}, made when it is needed"
    (tmp_path / "data").mkdir()
    (tmp_path / "cache" / "mnist").mkdir(parents=True)
    (tmp_path / "cache" / "mnist" / "pictures").write_bytes(bytes(1_500_000))
    assert [fact.value for fact in places.folders()] == [
        f"{tmp_path / 'cache'}, 1.5 MB",
        f"{tmp_path / 'data'}, looked in first (TINYCONV_DATA)",
    ]


def test_kernels_that_are_kept_and_a_folder_that_cannot_be_written(monkeypatch, tmp_path):
    for name in ("a.nbi", "a.1.nbc", "b.nbi", "other.py"):
        (tmp_path / name).write_bytes(bytes(100_000))
    assert places.of_kernels({tmp_path}, lost=False) == [Fact("kernels", f"{tmp_path}, 2 kept, 0.3 MB")]
    monkeypatch.setattr(places, "_writable", lambda folder: False)
    kept, lost = places.of_kernels({tmp_path}, lost=True)
    assert (kept.state, lost.state) == ("note", "note")
    assert kept.value.endswith("cannot be written to") and "NUMBA_CACHE_DIR" in kept.cure


def test_whether_a_folder_can_be_written_to(tmp_path):
    assert places._writable(tmp_path)
    assert not places._writable(tmp_path / "not there")
    assert list(tmp_path.iterdir()) == []
