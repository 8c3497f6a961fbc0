"""The first kernels on a machine: what is said while they are compiled, where they are kept, `tinyconv warmup`."""

import gc
import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace

import pytest

import tinyconv

pytestmark = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")

ROOT = Path(tinyconv.__file__).parents[1]
RELU = "import numpy as np, tinyconv\nprint(tinyconv.kernels.relu(np.array([-1.0, 2.0, -3.0, 4.0])))\n"
RELU += "from tinyconv.kernels._compiling_numba import watch\nprint(len(watch.functions))"
SAID = ["[0.", "2.", "0.", "4.]"]
COMPILED = "2"  # functions: the kernel, and the loop by which threads share its work


def started(code: str, root: Path = ROOT, **environment: str) -> subprocess.Popen:
    """A fresh interpreter that runs the code."""
    command = [sys.executable, "-c", code]
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", **environment}
    return subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def said(process: subprocess.Popen) -> tuple[list[str], str]:
    """The words on its standard output, and its standard error."""
    out, err = process.communicate(timeout=100)
    assert process.returncode == 0, err
    return out.split(), err


# ---------------------------------------------------------------- what is said


@pytest.fixture
def compiling(monkeypatch):
    """The module, with a clock that stands at the time given, and what was said so far."""
    from tinyconv.kernels import _compiling_numba as _compiling

    lines, clock = [], SimpleNamespace(now=0.0)
    monkeypatch.setattr(_compiling.time, "perf_counter", lambda: clock.now)
    watch = _compiling.Watch(lines.append)

    def at(time, event, module="tinyconv.kernels.pool_numba", cache="folder", inner=False):
        clock.now = time
        function = SimpleNamespace(__module__=module, __name__="f")
        stats, options = SimpleNamespace(cache_path=cache), {"no_cpython_wrapper": True} if inner else {}
        dispatcher = SimpleNamespace(py_func=function, stats=stats, targetoptions=options)
        getattr(watch, event)(SimpleNamespace(data={"dispatcher": dispatcher}))

    return SimpleNamespace(at=at, watch=watch, lines=lines, module=_compiling)


def test_nothing_is_said_in_the_first_second(compiling):
    compiling.at(0.0, "on_start")
    compiling.at(0.9, "on_end")
    compiling.at(5.0, "on_start")
    compiling.at(5.05, "on_end")
    assert compiling.lines == []
    assert compiling.watch.seconds == pytest.approx(0.95)
    assert compiling.watch.functions == ["f", "f"]


def test_one_line_after_a_second_of_compiling(compiling):
    compiling.at(0.0, "on_start")
    compiling.at(0.9, "on_end")
    compiling.at(5.0, "on_start")
    compiling.at(5.2, "on_start", cache=None)  # a function that the kernel calls
    compiling.at(5.3, "on_end", cache=None)
    assert compiling.lines == [compiling.module.KEPT]
    compiling.at(8.0, "on_end")
    compiling.at(8.0, "on_start")
    assert compiling.lines == [compiling.module.KEPT]
    assert compiling.watch.seconds == pytest.approx(3.9)
    assert compiling.watch.functions == ["f"] * 3


def test_what_only_kernels_call_is_kept_with_them(compiling):
    compiling.at(0.0, "on_start", cache=None, inner=True)
    compiling.at(2.0, "on_end", cache=None, inner=True)
    compiling.at(3.0, "on_start")
    assert compiling.lines == [compiling.module.KEPT]


def test_another_line_where_kernels_cannot_be_kept(compiling):
    compiling.at(0.0, "on_start", cache=None)
    compiling.at(2.0, "on_start", cache=None)
    assert compiling.lines == [compiling.module.NOT_KEPT]


def test_other_code_that_numba_compiles_is_not_our_affair(compiling):
    compiling.at(0.0, "on_start", module="their.code")
    compiling.at(9.0, "on_start", module="their.code")
    compiling.at(9.5, "on_end", module="their.code")
    compiling.at(9.5, "on_end", module="their.code")
    assert compiling.lines == []
    assert compiling.watch.seconds == 0
    assert compiling.watch.functions == []


def test_no_garbage_is_collected_meanwhile(compiling):
    collecting = gc.isenabled()
    gc.enable()
    try:
        compiling.at(0.0, "on_start")
        compiling.at(0.1, "on_start")
        compiling.at(0.2, "on_end")
        assert not gc.isenabled()
        compiling.at(0.3, "on_end")
        assert gc.isenabled()
        gc.disable()
        compiling.at(1.0, "on_start")
        compiling.at(1.1, "on_end")
        assert not gc.isenabled()
    finally:
        gc.enable() if collecting else gc.disable()


def test_whoever_shows_the_names_needs_no_line(compiling):
    names = []
    with compiling.watch.by(names.append):
        compiling.at(0.0, "on_start")
        compiling.at(5.0, "on_end")
        compiling.at(5.0, "on_start")
    compiling.at(6.0, "on_end")
    assert names == ["f", "f"]
    assert compiling.lines == []


@pytest.mark.parametrize("stream", [None, "closed"])
def test_no_standard_error_is_no_error(monkeypatch, tmp_path, stream):
    from tinyconv.kernels import _compiling_numba as _compiling

    file = None
    if stream:
        file = open(tmp_path / "closed", "w")  # noqa: SIM115
        file.close()
    monkeypatch.setattr(sys, "stderr", file)
    _compiling._to_standard_error("a line")


def test_a_line_is_said_once_on_a_machine(tmp_path):
    code = "from tinyconv.kernels import _compiling_numba as _compiling\n_compiling.PATIENCE = 0\n" + RELU
    words, errors = said(started(code, NUMBA_CACHE_DIR=str(tmp_path)))
    assert words == [*SAID, COMPILED]
    assert errors.splitlines() == [
        "tinyconv compiles its kernels for this machine, once: about 10 s. `tinyconv warmup` does it beforehand."
    ]
    assert said(started(code, NUMBA_CACHE_DIR=str(tmp_path))) == ([*SAID, "0"], "")


# ---------------------------------------------------------------- where kernels are kept


def test_two_processes_that_compile_at_once(tmp_path):
    both = [started(RELU, NUMBA_CACHE_DIR=str(tmp_path)) for _ in range(2)]
    assert [said(process)[0][:-1] for process in both] == [SAID, SAID]
    assert said(started(RELU, NUMBA_CACHE_DIR=str(tmp_path))) == ([*SAID, "0"], "")


@pytest.mark.parametrize("shape", [(20, 20), (3, 5)])
def test_what_a_kernel_from_the_cache_calls_is_there(tmp_path, shape):
    """The micro-kernel has machine code of its own, which its callers only name."""
    code = f"import numpy as np, tinyconv\na = np.arange(float({shape[0]} * {shape[1]})).reshape({shape})\n"
    code += "print(np.array_equal(tinyconv.kernels.matmul(a, a.T), a @ a.T))"
    for _ in range(2):
        assert said(started(code, NUMBA_CACHE_DIR=str(tmp_path)))[0] == ["True"]


@pytest.fixture
def unwritable(tmp_path):
    """An installed copy beside whose kernels nothing can be written (not even by root), and a home like that."""
    package = tmp_path / "site" / "tinyconv"
    left_out = shutil.ignore_patterns("__pycache__", "mnist")
    shutil.copytree(Path(tinyconv.__file__).parent, package, ignore=left_out)
    shutil.copytree(Path(tinyconv.kernels.__file__).parent, package / "kernels", ignore=left_out)
    (package / "kernels" / "__pycache__").write_text("a file where the folder would be")
    (tmp_path / "home").write_text("a file where the folder would be")
    return package.parent, tmp_path / "home"


def test_read_only_site_packages(unwritable, tmp_path):
    site, _ = unwritable
    cache = tmp_path / "cache"
    for compiled in (COMPILED, "0"):
        words, _ = said(started(RELU, site, XDG_CACHE_HOME=str(cache), NUMBA_CACHE_DIR=""))
        assert words == [*SAID, compiled]
    assert any(cache.rglob("*.nbc"))


def test_read_only_site_packages_and_home(unwritable):
    site, home = unwritable
    code = "from tinyconv.kernels import _compiling_numba as _compiling\n_compiling.PATIENCE = 0\n" + RELU
    words, errors = said(started(code, site, HOME=str(home), XDG_CACHE_HOME=str(home / "cache"), NUMBA_CACHE_DIR=""))
    assert words == [*SAID, COMPILED]
    assert errors.startswith("tinyconv compiles its kernels anew in every process")
    assert "NUMBA_CACHE_DIR" in errors


# ---------------------------------------------------------------- tinyconv warmup

WARM = """
import tinyconv as tc
from tinyconv.kernels._compiling_numba import watch
from tinyconv.warmup import compiled_kernels, warmup

state = tc.random.get_state()
warmup(float64=True)
assert tc.random.get_state() == state
print("left out:", *sorted(kernel.py_func.__qualname__ for kernel in compiled_kernels() if not kernel.signatures))
before = len(watch.functions)
for dtype in ("float32", "float64"):
    for N in (1, 5):
        model = tc.models.LeNet5(3, 2).to(dtype)
        optimizer = tc.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
        x = tc.randn(N, 2, 28, 28, dtype=dtype)
        tc.nn.functional.cross_entropy(model(x), tc.zeros(N, dtype="int64")).backward()
        optimizer.step()
print("compiled afterwards:", *watch.functions[before:])
"""


def test_warmup_compiles_all_kernels():
    process = started(WARM)
    out, err = process.communicate(timeout=115)
    assert process.returncode == 0, err
    count, where, left_out, afterwards = out.splitlines()
    assert count.endswith(" s.") and " functions were compiled, in " in count
    assert where.startswith("All are in ")
    assert left_out == "left out:"
    assert afterwards == "compiled afterwards:"


def test_warmup_says_that_nothing_can_be_kept(monkeypatch, capsys):
    from tinyconv import warmup

    monkeypatch.setattr(warmup, "NETS", ())
    monkeypatch.setattr(warmup, "_augment", lambda images: None)
    monkeypatch.setattr(warmup, "compiled_kernels", lambda: [SimpleNamespace(stats=SimpleNamespace(cache_path=None))])
    warmup.warmup()
    assert capsys.readouterr().out.splitlines()[-1] == warmup.NOT_KEPT


def test_the_command(monkeypatch):
    from tinyconv import cli, warmup

    asked = []
    monkeypatch.setattr(warmup, "warmup", asked.append)
    assert cli.main(["warmup"]) == 0
    assert cli.main(["warmup", "--float64"]) == 0
    assert asked == [False, True]


def test_warmup_without_numba(monkeypatch, capsys):
    from tinyconv import warmup

    monkeypatch.setitem(sys.modules, "tinyconv.kernels._compiling_numba", None)
    warmup.warmup()
    assert capsys.readouterr().out.startswith("Nothing can be compiled: ")


def test_a_bar_on_a_terminal(monkeypatch):
    """The name of each kernel is drawn while it is compiled."""
    from tinyconv import warmup
    from tinyconv.kernels._compiling_numba import watch

    drawn, closed = [], []
    bar = SimpleNamespace(draw=lambda *row: drawn.append(row), close=lambda: closed.append(True))
    monkeypatch.setattr(warmup, "Bar", lambda console, total: bar if total == 2 else None)
    monkeypatch.setattr(warmup.Output, "terminal", lambda self: "a terminal")
    monkeypatch.setattr(warmup, "_steps", lambda model, x: watch._each(f"kernel of {x.shape[0]} {x.dtype}"))
    monkeypatch.setattr(warmup, "NETS", ((tinyconv.nn.Sequential, (6, 1, 2, 2)),))
    monkeypatch.setattr(warmup, "_augment", lambda images: None)
    warmup.warmup(float64=True)
    assert [(done, dtype, name) for done, dtype, _, name in drawn] == [
        *[(0, "float32", "kernel of 6 float32")] * 2,
        *[(1, "float64", "kernel of 6 float64")] * 2,
    ]
    assert closed == [True]
