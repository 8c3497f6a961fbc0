"""All kernels on one grid: every engine's version against the definition.

The arguments are in kernel_cases/, one file a family; a kernel without cases fails here.
"""

import importlib.util
import inspect
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from kernel_cases import all_cases

import tinyconv
from tinyconv.kernels import Kernel

ROOT = Path(__file__).parents[1]
CASES = all_cases()
GRID = [pytest.param(name, case, id=f"{name}-{case.label}") for name, cases in CASES.items() for case in cases]
FIRST = [pytest.param(name, cases[0], id=name) for name, cases in CASES.items()]
ENGINES = ["loops", "numba"]


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "numba" and importlib.util.find_spec("numba") is None:
        pytest.skip("Numba is not installed")
    with tinyconv.engine(request.param):
        yield request.param


def as_tuple(result):
    return result if isinstance(result, tuple) else (result,)


def assert_equal_results(results, expected, terms):
    """Integers exactly; float64 to 1e-12, float32 to the rounding of `terms` sums, at the results' scale."""
    results, expected = as_tuple(results), as_tuple(expected)
    assert len(results) == len(expected)
    for y, y0 in zip(results, expected, strict=True):
        assert y.shape == y0.shape
        assert y.dtype == y0.dtype
        if y0.dtype.kind != "f":
            np.testing.assert_array_equal(y, y0)
            continue
        relative = 1e-12 if y.dtype == np.float64 else 4 * terms * np.finfo(y.dtype).eps
        scale = max(1, np.abs(y0[np.isfinite(y0)]).max(initial=0))
        np.testing.assert_allclose(y, y0, rtol=0, atol=relative * scale)


def test_every_kernel_has_cases():
    assert CASES.keys() == Kernel.all.keys()


@pytest.mark.parametrize("name", Kernel.all)
def test_every_kernel_has_a_loops_version(name):
    assert Kernel.all[name].has("loops")


@pytest.mark.parametrize("engine_name", ENGINES)
@pytest.mark.parametrize("name", Kernel.all)
def test_versions_have_the_arguments_of_the_definition(name, engine_name):
    version, definition = Kernel.all[name].load(engine_name), Kernel.all[name].definition
    assert list(inspect.signature(version).parameters) == list(inspect.signature(definition).parameters)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "case"), GRID)
def test_version_agrees_with_the_definition(name, case, dtype, engine, rng):
    kernel = Kernel.all[name]
    arguments = case.arguments(rng, np.dtype(dtype))
    copies = [a.copy() if isinstance(a, np.ndarray) else a for a in arguments]

    results = kernel(*arguments)

    assert_equal_results(results, kernel.definition(*copies), case.terms)
    for argument, copy in zip(arguments, copies, strict=True):
        if isinstance(argument, np.ndarray):
            np.testing.assert_array_equal(argument, copy, err_msg="the kernel changed its argument")


def fortran_order(a):
    return np.asfortranarray(a)


def channels_last(a):
    return np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1) if a.ndim > 2 else np.asfortranarray(a)


def every_second(a):
    """The same numbers, scattered over twice the memory along the last axis, backwards."""
    b = np.zeros((*a.shape[:-1], 2 * a.shape[-1]), a.dtype)
    b[..., ::-2] = a
    return b[..., ::-2]


def unaligned(a):
    b = np.empty(a.nbytes + 1, np.uint8)[1:].view(a.dtype).reshape(a.shape)
    b[...] = a
    return b


def read_only(a):
    a = a.copy()
    a.flags.writeable = False
    return a


LAYOUTS = [fortran_order, channels_last, every_second, unaligned, read_only]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "case"), FIRST)
def test_any_memory_layout_gives_the_same_result(name, case, layout, engine, rng):
    kernel = Kernel.all[name]
    arguments = case.arguments(rng, np.dtype(np.float32))
    laid_out = [layout(a) if isinstance(a, np.ndarray) else a for a in arguments]
    assert_equal_results(kernel(*laid_out), kernel.definition(*arguments), case.terms)


@pytest.mark.parametrize(("name", "case"), FIRST)
def test_results_are_memory_of_their_own(name, case, engine, rng):
    arguments = case.arguments(rng, np.dtype(np.float32))
    arrays = [a for a in arguments if isinstance(a, np.ndarray)]
    for y in as_tuple(Kernel.all[name](*arguments)):
        assert y.flags.writeable
        assert not any(np.shares_memory(y, a) for a in arrays)


@pytest.mark.parametrize(("name", "case"), FIRST)
def test_other_floating_types_run_somewhere(name, case, engine, rng):
    """Half precision: by the version itself or, where it says NotImplemented, by the definition."""
    arguments = case.arguments(rng, np.dtype(np.float16))
    for y in as_tuple(Kernel.all[name](*arguments)):
        assert y.dtype == np.float16 or y.dtype.kind != "f"


BITS = """
import numba, numpy as np
from kernel_cases import all_cases
from tinyconv.kernels import Kernel

def bits(name, case):
    results = Kernel.all[name](*case.arguments(np.random.default_rng(0), np.dtype("float32")))
    return [y.tobytes() for y in (results if isinstance(results, tuple) else (results,))]

for name, cases in all_cases().items():
    for case in cases if name == "conv2d_weight" else cases[:1]:
        expected = bits(name, case)
        for threads in (1, 2, 3, 3):
            numba.set_num_threads(threads)
            assert bits(name, case) == expected, f"{name}, {case.label}, {threads} threads"
"""


def test_bits_depend_neither_on_the_number_of_threads_nor_on_who_comes_first():
    pytest.importorskip("numba", reason="Numba is not installed")
    environment = os.environ | {
        "NUMBA_NUM_THREADS": "3",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")]),
    }
    subprocess.run([sys.executable, "-c", BITS], env=environment, check=True)
