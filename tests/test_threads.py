"""Threads: one number for Numba and BLAS, in every Python thread, in child processes, in containers."""

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from tinyconv import kernels, threads
from tinyconv.errors import ArgumentError
from tinyconv.geometry import Window

needs_numba = pytest.mark.skipif(find_spec("numba") is None, reason="Numba is not installed")
needs_fork = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
SET_HERE = {*threads.BLAS_WAITS, *threads.NUMBA_WAITS, *threads.BLAS_NUMBERS}


def python(code: str, **environment: str) -> subprocess.CompletedProcess:
    """Run the code in a fresh interpreter, to which there are three cores."""
    unset = {"NUMBA_NUM_THREADS", "OMP_NUM_THREADS", *SET_HERE}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    code = "import os\nos.sched_getaffinity = lambda pid: {0, 1, 2}\n" + code
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=Path(threads.__file__).parents[1],
        env=inherited | environment,
        capture_output=True,
        text=True,
        timeout=100,
    )


def printed_by(code: str, **environment: str) -> list[str]:
    """The words that it prints."""
    run = python(code, **environment)
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


BOTH = """
import numpy as np, numba, threadpoolctl
from tinyconv import kernels
kernels.relu(np.ones(3))
blas = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
print(threads.get_num_threads(), numba.get_num_threads(), *blas)
"""


# ---------------------------------------------------------------- one number


def test_all_cores_unless_set():
    assert printed_by("from tinyconv import threads\nprint(threads.get_num_threads())") == ["3"]


@needs_numba
@pytest.mark.parametrize("between", ["", "import numba\n"], ids=["before Numba is loaded", "afterwards"])
def test_one_number_for_both_libraries(between):
    code = f"from tinyconv import threads\n{between}threads.set_num_threads(2){BOTH}"
    assert printed_by(code) == ["2", "2", "2"]


@needs_numba
def test_the_environment_variable():
    assert printed_by(f"from tinyconv import threads{BOTH}", TINYCONV_NUM_THREADS="2") == ["2", "2", "2"]


@needs_numba
@pytest.mark.parametrize("chosen", ["2", ""])
def test_blas_threads_that_spin_are_kept_out_of_numbas_way(chosen):
    code = f"import numpy\nfrom tinyconv import threads{BOTH}"
    assert printed_by(code, TINYCONV_NUM_THREADS=chosen) == [chosen or "3", chosen or "3", "1"]
    told_not_to_spin = printed_by(code, TINYCONV_NUM_THREADS="2", OPENBLAS_THREAD_TIMEOUT="4")
    assert told_not_to_spin == ["2", "2", "2"]


@needs_numba
def test_the_number_holds_in_every_python_thread():
    code = """
import threading, numba, numpy as np
import tinyconv
from tinyconv import kernels

def show():
    kernels.relu(np.ones(3))
    print(numba.get_num_threads())

def in_another():
    thread = threading.Thread(target=show)
    thread.start()
    thread.join()

tinyconv.set_num_threads(2)
show(), in_another()
tinyconv.set_num_threads(1)
show(), in_another()
"""
    assert printed_by(code) == ["2", "2", "1", "1"]


@needs_numba
def test_a_python_thread_that_has_run_kernels_learns_of_a_new_number():
    code = """
import queue, threading, numba, numpy as np
import tinyconv
from tinyconv import kernels

orders, said = queue.Queue(), queue.Queue()

def work():
    while orders.get():
        kernels.relu(np.ones(3))
        said.put(numba.get_num_threads())

threading.Thread(target=work).start()
for n in (3, 1, 2):
    tinyconv.set_num_threads(n)
    orders.put(True)
    print(said.get())
orders.put(False)
"""
    assert printed_by(code) == ["3", "1", "2"]


@pytest.mark.parametrize("n", [0, -1, 1.5, "two", True, None, 10**6])
def test_a_wrong_number(n):
    before = threads.get_num_threads()
    with pytest.raises(ArgumentError, match=rf"number of threads is {n!r}; it must be from 1 to \d+, the cores here"):
        threads.set_num_threads(n)
    assert threads.get_num_threads() == before


@pytest.mark.parametrize("text", ["0", "many", "-2", "4"])
def test_a_wrong_environment_variable_is_told_when_the_number_is_needed(text):
    code = """
import tinyconv
for attempt in (tinyconv.get_num_threads, lambda: tinyconv.kernels.relu(tinyconv.ones(3).data)):
    try:
        attempt()
    except tinyconv.errors.ArgumentError as error:
        print(str(error).replace(" ", "_"))
"""
    value = text if text.isdecimal() else f"'{text}'"
    line = f"TINYCONV_NUM_THREADS:_the_number_of_threads_is_{value};_it_must_be_from_1_to_3,_the_cores_here."
    assert printed_by(code, TINYCONV_NUM_THREADS=text) == [line] * (2 if find_spec("numba") else 1)


def test_a_wrong_environment_variable_is_one_line_of_the_command():
    run = python("from tinyconv.cli import main\nraise SystemExit(main(['warmup']))", TINYCONV_NUM_THREADS="0")
    assert run.returncode == 2
    assert run.stderr.splitlines() == [
        "tinyconv: TINYCONV_NUM_THREADS: the number of threads is 0; it must be from 1 to 3, the cores here."
    ]


# ---------------------------------------------------------------- how threads wait


@needs_numba
def test_openmp_is_told_how_to_wait_when_it_is_loaded():
    """OpenMP prints what it has read."""
    code = "import tinyconv, numpy\ntinyconv.kernels.relu(numpy.ones(3))"
    said = python(code, OMP_DISPLAY_ENV="verbose").stderr
    if "GOMP_SPINCOUNT" not in said:
        pytest.skip("Numba does not use GNU's OpenMP here")
    assert "OMP_WAIT_POLICY = 'PASSIVE'" in said
    assert "GOMP_SPINCOUNT = '3000'" in said
    said = python(code, OMP_DISPLAY_ENV="verbose", OMP_WAIT_POLICY="active", GOMP_SPINCOUNT="77").stderr
    assert "OMP_WAIT_POLICY = 'ACTIVE'" in said
    assert "GOMP_SPINCOUNT = '77'" in said


@pytest.mark.parametrize(("chosen", "number"), [("", "3"), ("2", "2"), ("wrong", "3")])
def test_blas_is_told_how_to_wait_when_numpy_is_loaded(chosen, number):
    code = """
import sys

class Spy:
    def find_spec(name, path, target=None):
        if name == "numpy":
            print(os.environ["OPENBLAS_THREAD_TIMEOUT"], os.environ["OPENBLAS_NUM_THREADS"])

sys.meta_path.insert(0, Spy)
import tinyconv
"""
    assert printed_by(code, TINYCONV_NUM_THREADS=chosen) == ["4", number]
    assert printed_by(code, OPENBLAS_THREAD_TIMEOUT="20", OPENBLAS_NUM_THREADS="1") == ["20", "1"]


@needs_numba
def test_child_processes_do_not_inherit_it():
    """PyTorch's training step, in a child process, took 7.1 ms in place of 4.4 when they did."""
    code = """
import subprocess, sys
import tinyconv
tinyconv.kernels.relu(tinyconv.ones(3).data)
subprocess.run([sys.executable, "-c", "import os; print(*os.environ)"])
"""
    names = set(printed_by(code, TINYCONV_NUM_THREADS="2"))
    assert "TINYCONV_NUM_THREADS" in names
    assert not names & SET_HERE


def test_what_the_user_has_set_is_kept():
    user = {"OMP_WAIT_POLICY": "active", "OPENBLAS_THREAD_TIMEOUT": "20", "OPENBLAS_NUM_THREADS": "1"}
    code = "import tinyconv\ntinyconv.kernels.relu(tinyconv.ones(3).data)\n"
    code += f"print(*(os.environ.get(name) for name in {sorted(user)}))"
    assert printed_by(code, **user) == [user[name] for name in sorted(user)]


@needs_numba
def test_pytorch_before_tinyconv():
    """It brings an OpenMP of its own, and NumPy with it; neither keeps the number from being one."""
    pytest.importorskip("torch", reason="PyTorch is not installed")
    torch = "import torch\ntorch.ones(99, 99) @ torch.ones(99, 99)"
    code = f"{torch}\nfrom tinyconv import threads\nthreads.set_num_threads(2){BOTH}"
    assert printed_by(code)[:2] == ["2", "2"]


# ---------------------------------------------------------------- containers


@pytest.mark.parametrize(
    ("files", "cores"),
    [
        ({}, float("inf")),
        ({"proc/self/cgroup": ""}, float("inf")),
        ({"proc/self/cgroup": "0::/\n"}, float("inf")),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "max 100000\n"}, float("inf")),
        ({"proc/self/cgroup": "0::/\n", "sys/fs/cgroup/cpu.max": "150000 100000\n"}, 1.5),
        ({"proc/self/cgroup": "0::/a b/c\n", "sys/fs/cgroup/a b/cpu.max": "200000 100000\n"}, 2),
        (
            {
                "proc/self/cgroup": "0::/a/b\n",
                "sys/fs/cgroup/a/cpu.max": "100000 100000\n",
                "sys/fs/cgroup/a/b/cpu.max": "200000 100000\n",
            },
            1,
        ),
        (
            {
                "proc/self/cgroup": "9:name=systemd:/\n1:cpu,cpuacct:/docker/1\n",
                "sys/fs/cgroup/cpu/cpu.cfs_quota_us": "50000\n",
                "sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
            },
            0.5,
        ),
        (
            {
                "proc/self/cgroup": "1:cpu,cpuacct:/docker/1\n",
                "sys/fs/cgroup/cpu/docker/1/cpu.cfs_quota_us": "-1\n",
                "sys/fs/cgroup/cpu/docker/1/cpu.cfs_period_us": "100000\n",
            },
            float("inf"),
        ),
    ],
)
def test_the_cores_that_a_container_grants(tmp_path, files, cores):
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert threads.quota(tmp_path) == cores


@pytest.mark.parametrize(("quota", "cores"), [(float("inf"), 8), (9.0, 8), (2.5, 3), (2.0, 2), (0.1, 1)])
def test_not_more_threads_than_a_container_grants(monkeypatch, quota, cores):
    monkeypatch.delenv("NUMBA_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    monkeypatch.setattr(threads, "quota", lambda: quota)
    assert threads.cores.__wrapped__() == cores


def test_not_more_threads_than_numba_has(monkeypatch):
    monkeypatch.setenv("NUMBA_NUM_THREADS", "2")
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(8)), raising=False)
    assert threads.cores.__wrapped__() == 2


# ---------------------------------------------------------------- several Python threads, child processes

STEP = """
import numpy as np
import tinyconv as tc
from tinyconv import kernels

def gradient(seed):
    "Of a small net's first weights, at given pictures."
    rng = np.random.default_rng(seed)
    with tc.no_grad():
        layers = [tc.nn.Conv2d(2, 4, 3), tc.nn.ReLU(), tc.nn.MaxPool2d(2), tc.nn.Flatten(), tc.nn.Linear(36, 3)]
        for layer in layers:
            for p in layer.parameters():
                p.data[...] = rng.standard_normal(p.shape)
    x = tc.tensor(rng.standard_normal((64, 2, 8, 8)).astype(np.float32))
    tc.nn.functional.cross_entropy(tc.nn.Sequential(*layers)(x), tc.zeros(64, dtype="int64")).backward()
    return layers[0].weight.grad.numpy()
"""


@needs_numba
@pytest.mark.parametrize("layer", ["default", "workqueue"])
def test_several_python_threads_at_once(layer):
    """Numba's own pool of threads, which it has where OpenMP is missing, would end the process."""
    code = f"""{STEP}
from concurrent.futures import ThreadPoolExecutor
alone = [gradient(seed) for seed in range(8)]
with ThreadPoolExecutor(4) as pool:
    together = list(pool.map(gradient, [*range(8)] * 5))
print(all(np.array_equal(a, b) for a, b in zip(alone * 5, together, strict=True)))
"""
    assert printed_by(code, NUMBA_THREADING_LAYER=layer) == ["True"]


@needs_numba
@needs_fork
def test_kernels_after_a_fork():
    """Numba would end the child, and the child of the child: GNU's OpenMP has no threads there."""
    code = f"""{STEP}
before = gradient(1)

def in_child(function):
    pid = os.fork()
    if pid == 0:
        function()
        os._exit(0)
    _, status = os.waitpid(pid, 0)
    assert status == 0, status

def child():
    from concurrent.futures import ThreadPoolExecutor
    try:
        tc.set_num_threads(2)
    except ValueError as error:
        print(str(error).split("; ")[1].replace(" ", "_"))
    with ThreadPoolExecutor(2) as pool:
        print(np.array_equal(gradient(1), before), tc.get_num_threads(), flush=True)
        assert all(np.array_equal(g, before) for g in pool.map(gradient, [1] * 8))
    in_child(lambda: print(np.array_equal(gradient(1), before), flush=True))

in_child(child)
print(np.array_equal(gradient(1), before), tc.get_num_threads())
"""
    one = "it_must_be_from_1_to_1,_all_that_a_forked_process_has."
    assert printed_by(code) == [one, "True", "1", "True", "True", "3"]


@needs_numba
@needs_fork
def test_a_fork_before_the_first_kernel_takes_nothing_away():
    code = f"""{STEP}
pid = os.fork()
if pid:
    os.waitpid(pid, 0)
gradient(1)
print(tc.get_num_threads(), flush=True)
"""
    assert printed_by(code) == ["3", "3"]


@needs_numba
@pytest.mark.parametrize("method", ["fork", "spawn"])
def test_processes_of_multiprocessing(method, tmp_path):
    if method == "fork" and not hasattr(os, "fork"):
        pytest.skip("this system has no fork")
    (tmp_path / "job.py").write_text(STEP)
    code = f"""
import multiprocessing, sys
sys.path.insert(0, {str(tmp_path)!r})
from job import gradient, np

expected = [gradient(seed) for seed in range(4)]
with multiprocessing.get_context({method!r}).Pool(2) as pool:
    results = pool.map(gradient, range(4))
print(all(np.array_equal(a, b) for a, b in zip(expected, results, strict=True)))
"""
    assert printed_by(code) == ["True"]


@needs_fork
def test_a_forked_process_does_not_write_into_its_parents_arrays():
    code = """
import numpy as np
from tinyconv.memory import empty

x = empty((1 << 20,), np.dtype(np.float32))
x[:] = 1
pid = os.fork()
if pid == 0:
    x[:] = 2
    os._exit(0)
os.waitpid(pid, 0)
print(x.max())
"""
    assert printed_by(code) == ["1.0"]


# ---------------------------------------------------------------- what kernels take


@needs_numba
def test_integers_and_half_precision_are_left_to_the_definition():
    from tinyconv.kernels import pool_numba

    assert pool_numba.max_pool2d(np.ones((1, 1, 2, 2), np.float16), Window((2, 2))) is NotImplemented
    assert kernels.max_pool2d(np.ones((1, 1, 2, 2), np.float16), Window((2, 2)))[0].dtype == np.float16
