"""All kernels on one grid, on a GPU: the CUDA version and the definition, against the definition on the CPU.

On the stand-in a block's threads take turns; in another order, a kernel that lacks a barrier has other results.
"""

import inspect

import numpy as np
import pytest
from kernel_cases import all_cases
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from on_gpu.test_cuda_cpu import sanitized
from test_kernels import arrays_in, assert_equal_results, channels_last, replaced, results_of

import tinyconv
from tinyconv.backend import move
from tinyconv.kernels import Kernel, _cuda

CASES = all_cases()
GRID = [pytest.param(name, case, id=f"{name}-{case.label}") for name, cases in CASES.items() for case in cases]
CUDA = [p for p in GRID if Kernel.all[p.values[0]].has("cuda")]
FIRST = [pytest.param(name, cases[0], id=name) for name, cases in CASES.items()]
FIRST_CUDA = [p for p in FIRST if Kernel.all[p.values[0]].has("cuda")]
PLAIN = [p for p in GRID if not Kernel.all[p.values[0]].has("cuda")] + FIRST_CUDA
ORDERS = ["forward", "reverse", "random:1"]


def on_gpu(kernel, case, arguments, device, engine="cuda"):
    """The results there, on the CPU again. What the kernel wants as NumPy arrays stays here."""
    parameters = inspect.signature(kernel.definition).parameters.values()
    arguments = tuple(
        a if p.annotation is np.ndarray else replaced((a,), [move(b, device) for b in arrays_in((a,))])[0]
        for a, p in zip(arguments, parameters, strict=False)
    )
    with tinyconv.engine(engine):
        results = kernel(*arguments)
    if case.in_place:
        assert results is None
        results = tuple(arrays_on_gpu(arguments))
    return tuple(move(y, "cpu") for y in (results if isinstance(results, tuple) else (results,)))


def arrays_on_gpu(arguments):
    lists = [a if isinstance(a, list) else [a] for a in arguments]
    return [a for some in lists for a in some if hasattr(a, "get")]


@pytest.mark.parametrize(
    ("dtype", "order"), [(np.float32, "reverse"), (np.float64, "random:2")], ids=["float32", "float64"]
)
@pytest.mark.parametrize(("name", "case"), CUDA)
def test_cuda_version_agrees_with_the_definition(name, case, dtype, order, device, rng, monkeypatch):
    monkeypatch.setenv("CUDA_CPU_ORDER", order)
    agrees(name, case, dtype, device, rng, "cuda")


@pytest.mark.parametrize(("name", "case"), PLAIN)
def test_definition_is_the_same_on_a_gpu(name, case, device, rng):
    agrees(name, case, np.float32, device, rng, "numpy")


def agrees(name, case, dtype, device, rng, engine):
    kernel, arguments = Kernel.all[name], case.arguments(rng, np.dtype(dtype))
    results = on_gpu(kernel, case, arguments, device, engine)
    assert_equal_results(results, results_of(kernel.definition, arguments, case.in_place), case.terms)


@pytest.mark.parametrize(("name", "case"), FIRST_CUDA)
def test_half_precision_is_rounded_once(name, case, device, rng):
    """Numbers of 16 bits in and out, and at least 32 between: as the definition does it with 64."""
    with np.errstate(over="ignore"):  # to infinity, here and there
        arguments = case.arguments(rng, np.dtype(np.float16))
        arrays = arrays_in(arguments)
        if not all(np.isfinite(a).all() for a in arrays):
            return  # numbers that float16 does not have
        wide = replaced(arguments, [a.astype(np.float64) if a.dtype == np.float16 else a.copy() for a in arrays])
        results = on_gpu(Kernel.all[name], case, arguments, device)
        for y, y0 in zip(results, results_of(Kernel.all[name].definition, wide, case.in_place), strict=True):
            assert y.dtype in ((np.float16, np.float32) if y0.dtype.kind == "f" else (y0.dtype,))
            rounded = y0.astype(y.dtype).astype(y0.dtype)
            scale = max(1, np.abs(rounded[np.isfinite(rounded)]).max(initial=0))
            np.testing.assert_allclose(y.astype(y0.dtype), rounded, rtol=2e-3, atol=1e-3 * scale)


@pytest.mark.parametrize(("name", "case"), [p for p in FIRST_CUDA if p.values[0] != "matmul"])  # which is cuBLAS's
def test_bits_do_not_depend_on_the_order_of_threads(name, case, rng, monkeypatch, device):
    kernel, arguments = Kernel.all[name], case.arguments(rng, np.dtype(np.float32))
    found = []
    for order in ORDERS:
        monkeypatch.setenv("CUDA_CPU_ORDER", order)
        copies = replaced(arguments, [a.copy() for a in arrays_in(arguments)])
        found.append([y.tobytes() for y in on_gpu(kernel, case, copies, device)])
    assert all(bits == found[0] for bits in found)


@pytest.mark.parametrize(("name", "case"), FIRST_CUDA)
def test_pictures_may_lie_channels_last(name, case, device, rng):
    arguments = case.arguments(rng, np.dtype(np.float32))
    laid_out = replaced(arguments, [channels_last(a.copy()) for a in arrays_in(arguments)])
    results = on_gpu(Kernel.all[name], case, laid_out, device)
    assert_equal_results(results, results_of(Kernel.all[name].definition, arguments, case.in_place), case.terms)


@needs_compiler
@pytest.mark.long
@pytest.mark.timeout(1200)
def test_no_kernel_leaves_its_arrays():
    """All of them once more, with the address sanitizer watching every read and write."""
    done = sanitized("-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", __file__, "-k", "cuda_version and float32")
    assert done.returncode == 0, done.stdout + done.stderr


@needs_compiler
def test_every_kernel_is_launched_by_some_case(monkeypatch):
    """Each variant of each .cu file, on a GPU without tensor cores and on one with them."""
    launched, on = set(), _cuda.Launcher.on
    monkeypatch.setattr(
        _cuda.Launcher, "on", lambda k, *a, **o: launched.add((k.program.name, k.template)) or on(k, *a, **o)
    )
    for capability in ("75", "80"):
        monkeypatch.setattr(stand_in.Device, "compute_capability", capability)
        _cuda._capability.cache_clear()
        with stand_in.installed():
            for p in CUDA:
                name, case = p.values
                if capability == "75" or name.startswith("conv2d"):
                    arguments = case.arguments(np.random.default_rng(0), np.dtype(np.float32))
                    on_gpu(Kernel.all[name], case, arguments, "cuda")
    _cuda._capability.cache_clear()
    everything = {(program.name, template) for program in _cuda.Program.all.values() for template in program.kernels}
    assert everything - launched == set()
