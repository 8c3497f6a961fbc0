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
RETURNING = [pytest.param(name, cases[0], id=name) for name, cases in CASES.items() if not cases[0].in_place]
ENGINES = ["loops", "numba"]


@pytest.fixture(params=ENGINES)
def engine(request):
    if request.param == "numba" and importlib.util.find_spec("numba") is None:
        pytest.skip("Numba is not installed")
    with tinyconv.engine(request.param):
        yield request.param


def arrays_in(arguments):
    """The arrays among the arguments, also those in lists."""
    lists = [a if isinstance(a, list) else [a] for a in arguments]
    return [a for some in lists for a in some if isinstance(a, np.ndarray)]


def replaced(arguments, arrays):
    """The arguments with other arrays in them."""
    arrays = iter(arrays)

    def other(a):
        if isinstance(a, list):
            return [other(b) for b in a]
        return next(arrays) if isinstance(a, np.ndarray) else a

    return tuple(other(a) for a in arguments)


def results_of(function, arguments, in_place=False):
    """What it returns, as a tuple; of a kernel that changes arrays in place, all its arrays."""
    result = function(*arguments)
    if in_place:
        assert result is None
        return tuple(arrays_in(arguments))
    return result if isinstance(result, tuple) else (result,)


def assert_equal_results(results, expected, terms):
    """Integers exactly; float64 to 1e-12, float32 to the rounding of `terms` sums, at the results' scale."""
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
    if engine_name == "numba":
        pytest.importorskip("numba", reason="Numba is not installed")
    version, definition = Kernel.all[name].load(engine_name), Kernel.all[name].definition
    assert list(inspect.signature(version).parameters) == list(inspect.signature(definition).parameters)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("name", "case"), GRID)
def test_version_agrees_with_the_definition(name, case, dtype, engine, rng):
    kernel = Kernel.all[name]
    arguments = case.arguments(rng, np.dtype(dtype))
    copies = replaced(arguments, [a.copy() for a in arrays_in(arguments)])

    results = results_of(kernel, arguments, case.in_place)

    assert_equal_results(results, results_of(kernel.definition, copies, case.in_place), case.terms)
    if not case.in_place:
        for argument, copy in zip(arrays_in(arguments), arrays_in(copies), strict=True):
            np.testing.assert_array_equal(argument, copy, err_msg="the kernel changed its argument")


def fortran_order(a):
    return np.array(a, order="F")


def channels_last(a):
    return np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1) if a.ndim > 2 else fortran_order(a)


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


def first_channels_last(arrays):
    """The first picture channels-last, the others as they are."""
    pictures = [i for i, a in enumerate(arrays) if a.ndim == 4]
    return [channels_last(a) if [i] == pictures[:1] else a for i, a in enumerate(arrays)]


def others_channels_last(arrays):
    pictures = [i for i, a in enumerate(arrays) if a.ndim == 4]
    return [channels_last(a) if i in pictures[1:] else a for i, a in enumerate(arrays)]


def all_channels_last(arrays):
    return [channels_last(a) for a in arrays]


MIXTURES = [all_channels_last, first_channels_last, others_channels_last]


@pytest.mark.parametrize("mixture", MIXTURES)
@pytest.mark.parametrize(("name", "case"), GRID)
def test_numba_takes_channels_last(name, case, mixture, rng):
    pytest.importorskip("numba", reason="Numba is not installed")
    arguments = case.arguments(rng, np.dtype(np.float32))
    laid_out = replaced(arguments, mixture([a.copy() for a in arrays_in(arguments)]))
    with tinyconv.engine("numba"):
        results = results_of(Kernel.all[name], laid_out, case.in_place)
    assert_equal_results(results, results_of(Kernel.all[name].definition, arguments, case.in_place), case.terms)


LAYOUTS = [fortran_order, channels_last, every_second, unaligned, read_only]


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize(("name", "case"), FIRST)
def test_any_memory_layout_gives_the_same_result(name, case, layout, engine, rng):
    kernel = Kernel.all[name]
    arguments = case.arguments(rng, np.dtype(np.float32))
    if case.in_place and layout is read_only:
        pytest.skip("read-only memory cannot be changed in place")
    laid_out = replaced(arguments, [layout(a.copy()) for a in arrays_in(arguments)])
    results = results_of(kernel, laid_out, case.in_place)
    assert_equal_results(results, results_of(kernel.definition, arguments, case.in_place), case.terms)


@pytest.mark.parametrize(("name", "case"), RETURNING)
def test_results_are_memory_of_their_own(name, case, engine, rng):
    arguments = case.arguments(rng, np.dtype(np.float32))
    for y in results_of(Kernel.all[name], arguments):
        assert y.flags.writeable
        assert not any(np.shares_memory(y, a) for a in arrays_in(arguments))


@pytest.mark.parametrize(("name", "case"), FIRST)
def test_other_floating_types_run_somewhere(name, case, engine, rng):
    """Half precision: by the version itself or, where it says NotImplemented, by the definition."""
    arguments = case.arguments(rng, np.dtype(np.float16))
    for y in results_of(Kernel.all[name], arguments, case.in_place):
        assert y.dtype in (np.float16, np.float32) or y.dtype.kind != "f"


BITS = """
import numba, numpy as np
from test_kernels import all_cases, results_of
from tinyconv.kernels import Kernel

def bits(name, case):
    arguments = case.arguments(np.random.default_rng(0), np.dtype("float32"))
    return [y.tobytes() for y in results_of(Kernel.all[name], arguments, case.in_place)]

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
