"""Convolution on tensor cores: exact products of numbers of 10 bits after the point, added up in float32."""

import numpy as np
import pytest
from kernel_cases import all_cases
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from on_gpu.test_kernels import on_gpu
from test_kernels import arrays_in, replaced

import tinyconv
from tinyconv.kernels import Kernel, _cuda

NAMES = ("conv2d", "conv2d_input", "conv2d_weight")
CASES = [
    pytest.param(name, case, id=f"{name}-{case.label}")
    for name in NAMES
    for case in all_cases()[name]
    if not case.label.startswith(("depthwise", "one of everything", "1x1"))  # which others do
]

pytestmark = needs_compiler


@pytest.fixture
def ampere(monkeypatch):
    """A GPU that has them, as far as a stand-in can be one."""
    monkeypatch.setattr(stand_in.Device, "compute_capability", "80")
    _cuda._capability.cache_clear()
    with stand_in.installed():
        yield "cuda"
    _cuda._capability.cache_clear()


def tf32(a):
    """Rounded to 10 bits after the point, ties away from 0."""
    bits = a.astype(np.float32).view(np.uint32) + np.uint32(0x1000)
    return (bits & np.uint32(0xFFFFE000)).view(np.float32)


def in_double(arguments, rounded):
    """The arguments in float64, those that are multiplied rounded before: all but a bias."""
    arrays = arrays_in(arguments)
    return replaced(arguments, [(rounded(a) if a.ndim > 1 else a).astype(np.float64) for a in arrays])


@pytest.mark.parametrize("order", ["forward", "random:3"])
@pytest.mark.parametrize(("name", "case"), CASES)
def test_each_factor_is_rounded_once(name, case, order, ampere, rng, monkeypatch):
    monkeypatch.setenv("CUDA_CPU_ORDER", order)
    arguments = case.arguments(rng, np.dtype(np.float32))
    expected = Kernel.all[name].definition(*in_double(arguments, tf32))
    (y,) = on_gpu(Kernel.all[name], case, arguments, ampere)
    scale = max(1, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(y, expected, rtol=0, atol=4 * case.terms * np.finfo(np.float32).eps * scale)


@pytest.mark.parametrize(("name", "case"), CASES)
def test_half_precision_loses_nothing_there(name, case, ampere, rng):
    arguments = case.arguments(rng, np.dtype(np.float16))
    expected = Kernel.all[name].definition(*in_double(arguments, lambda a: a))
    (y,) = on_gpu(Kernel.all[name], case, arguments, ampere)
    scale = max(1, np.abs(expected).max(initial=0))
    np.testing.assert_allclose(y.astype(np.float64), expected, rtol=1e-3, atol=1e-5 * case.terms * scale)


def test_accurate_is_float32_throughout(ampere, rng):
    x, w = rng.standard_normal((1, 64, 6, 6)).astype("f"), rng.standard_normal((32, 64, 3, 3)).astype("f")
    exact = tinyconv.nn.functional.conv2d(tinyconv.tensor(x.astype("d")), tinyconv.tensor(w.astype("d"))).numpy()

    def error():
        y = tinyconv.nn.functional.conv2d(tinyconv.tensor(x, device=ampere), tinyconv.tensor(w, device=ampere))
        return np.abs(y.cpu().numpy() - exact).max()

    fast = error()
    tinyconv.set_precision("accurate")
    try:
        accurate = error()
    finally:
        tinyconv.set_precision("fast")
    assert accurate < 1e-4 < fast < 1e-1


# ---------------------------------------------------------------- products by cuBLAS


@pytest.fixture
def kinds_of_products(ampere, monkeypatch):
    """Which compute type each product of cuBLAS had."""
    found, matmul = [], stand_in.module.matmul
    linalg = stand_in.module._core._routines_linalg

    def watched(a, b):
        found.append(linalg.compute_type)
        return matmul(a, b)

    monkeypatch.setattr(stand_in.module, "matmul", watched, raising=False)
    yield found
    assert linalg.compute_type == linalg.COMPUTE_TYPE_DEFAULT


def test_dense_layers_are_exact_unless_told_otherwise(kinds_of_products, ampere):
    layer = tinyconv.nn.Linear(3, 2).to(ampere)
    layer(tinyconv.ones(4, 3, device=ampere)).sum().backward()
    assert set(kinds_of_products) == {0}
    tinyconv.set_float32_matmul_precision("high")
    try:
        layer(tinyconv.ones(4, 3, device=ampere))
        layer.double()(tinyconv.ones(4, 3, dtype=np.float64, device=ampere))
    finally:
        tinyconv.set_float32_matmul_precision("highest")
    assert kinds_of_products[-2:] == [3, 0]


def test_convolutions_of_one_pixel_are_products(kinds_of_products, ampere):
    layer = tinyconv.nn.Conv2d(3, 2, 1, bias=False).to(ampere)
    layer(tinyconv.ones(4, 3, 5, 5, device=ampere, requires_grad=True)).sum().backward()
    assert kinds_of_products == [3, 3, 3]


def test_an_unknown_precision():
    with pytest.raises(tinyconv.errors.UnknownNameError, match="there is no precision 'hihg'. Did you mean 'high'"):
        tinyconv.set_float32_matmul_precision("hihg")
