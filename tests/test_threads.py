"""The number of threads: one setting for Numba and BLAS, from Python or from the environment."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyconv import kernels, threads
from tinyconv.errors import ArgumentError
from tinyconv.geometry import Window


def printed_by(code: str, **environment: str) -> list[str]:
    """The words that a fresh interpreter prints; there are three cores to it."""
    unset = {"NUMBA_NUM_THREADS", "OMP_NUM_THREADS", "OMP_WAIT_POLICY"}
    unset |= {"OPENBLAS_NUM_THREADS", "OPENBLAS_THREAD_TIMEOUT"}
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    code = "import os\nos.sched_getaffinity = lambda pid: {0, 1, 2}\n" + code
    root = Path(threads.__file__).parents[1]
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=root, env=inherited | environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr
    return run.stdout.split()


BOTH = """
import numpy as np, numba, threadpoolctl
from tinyconv import kernels
kernels.relu(np.ones(3))
blas = {pool["num_threads"] for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"}
print(threads.get_num_threads(), numba.get_num_threads(), *blas)
"""


def test_all_cores_unless_set():
    assert printed_by("from tinyconv import threads\nprint(threads.get_num_threads())") == ["3"]


@pytest.mark.parametrize("between", ["", "import numba\n"], ids=["before Numba is loaded", "afterwards"])
def test_one_number_for_both_libraries(between):
    pytest.importorskip("numba", reason="Numba is not installed")
    code = f"from tinyconv import threads\n{between}threads.set_num_threads(2){BOTH}"
    assert printed_by(code) == ["2", "2", "2"]


def test_the_environment_variable():
    pytest.importorskip("numba", reason="Numba is not installed")
    assert printed_by(f"from tinyconv import threads{BOTH}", TINYCONV_NUM_THREADS="2") == ["2", "2", "2"]


@pytest.mark.parametrize("chosen", ["2", ""])
def test_blas_threads_that_spin_are_kept_out_of_numbas_way(chosen):
    pytest.importorskip("numba", reason="Numba is not installed")
    code = f"import numpy\nfrom tinyconv import threads{BOTH}"
    assert printed_by(code, TINYCONV_NUM_THREADS=chosen) == [chosen or "3", chosen or "3", "1"]
    told_not_to_spin = printed_by(code, TINYCONV_NUM_THREADS="2", OPENBLAS_THREAD_TIMEOUT="4")
    assert told_not_to_spin == ["2", "2", "2"]


def test_waiting_threads_do_not_spin_unless_asked_to():
    code = "import tinyconv\nprint(os.environ['OMP_WAIT_POLICY'])"
    assert printed_by(code) == ["passive"]
    assert printed_by(code, OMP_WAIT_POLICY="active") == ["active"]


@pytest.mark.parametrize("n", [0, -1, 1.5, "two", True, None, 10**6])
def test_a_wrong_number(n):
    before = threads.get_num_threads()
    with pytest.raises(ArgumentError, match=rf"number of threads is {n!r}; it must be from 1 to \d+"):
        threads.set_num_threads(n)
    assert threads.get_num_threads() == before


@pytest.mark.parametrize("text", ["0", "many", "-2"])
def test_a_wrong_environment_variable(text):
    code = "try:\n    import tinyconv\nexcept ValueError as error:\n    print(error)"
    words = printed_by(code, TINYCONV_NUM_THREADS=text)
    assert words[0] == "TINYCONV_NUM_THREADS:"
    assert "1 to 3" in " ".join(words)


def test_kernels_compile_where_no_folder_can_be_written_to(monkeypatch):
    numba = pytest.importorskip("numba", reason="Numba is not installed")
    from tinyconv.kernels import _numba

    njit = numba.njit

    def without_cache(*function, cache=False, **options):
        if cache:
            raise RuntimeError("cannot cache function: no locator available")
        return njit(*function, **options)

    monkeypatch.setattr(numba, "njit", without_cache)

    @_numba.parallel
    def fill(x):
        for i in numba.prange(len(x)):
            x[i] = i

    x = np.empty(4)
    fill(x)
    assert x.tolist() == [0, 1, 2, 3]


def test_a_plain_array_is_passed_on_and_any_other_copied(rng):
    pytest.importorskip("numba", reason="Numba is not installed")
    from tinyconv.kernels._numba import plain

    x = rng.standard_normal((3, 4))
    assert plain(x) is x
    for other in (x.T, x[::2], np.broadcast_to(x, (2, 3, 4))):
        copy = plain(other)
        assert copy.flags.c_contiguous
        assert copy.flags.writeable
        np.testing.assert_array_equal(copy, other)


def test_integers_and_half_precision_are_left_to_the_definition():
    pytest.importorskip("numba", reason="Numba is not installed")
    from tinyconv.kernels import pool_numba

    assert pool_numba.max_pool2d(np.ones((1, 1, 2, 2), np.float16), Window((2, 2))) is NotImplemented
    assert kernels.max_pool2d(np.ones((1, 1, 2, 2), np.float16), Window((2, 2)))[0].dtype == np.float16
