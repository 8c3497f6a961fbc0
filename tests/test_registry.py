"""Every operation, on every sample, in every engine: gradients, engines, PyTorch, errors."""

import importlib.util
import inspect
import pkgutil

import numpy as np
import pytest
from registry import all_ops, found_in, tensors_of

import tinyconv
from tinyconv import ops, random
from tinyconv.errors import DTypeError
from tinyconv.gradcheck import gradcheck
from tinyconv.nn import functional
from tinyconv.ops.methods import METHODS
from tinyconv.tensor import Tensor, grad

OPS = all_ops()
CASES = [pytest.param(op, s, id=f"{op.name}-{s.label}") for op in OPS for s in op.samples]
SMOOTH = [pytest.param(op, s, id=f"{op.name}-{s.label}") for op in OPS if op.differentiable for s in op.samples]
TWINS = [pytest.param(op, s, id=f"{op.name}-{s.label}") for op in OPS if op.twin for s in op.samples]
ERRORS = [pytest.param(op, b, id=f"{op.name}-{b.message}") for op in OPS for b in op.errors]

ENGINES = ["numpy", "loops", *(["numba"] if importlib.util.find_spec("numba") else [])]

# Files of tinyconv/ops that hold no operations of their own: arguments, and what changes tensors in place.
NO_FAMILIES = {"arguments", "loss_arguments", "pool_arguments", "roi_arguments", "methods", "inplace"}
NO_OPERATIONS = {"axis_of", "axes_of", "checked", "in_batch"}  # they return no Tensor


def outputs_of(op, args, sample):
    """The results as a list, on a random stream that starts anew."""
    random.manual_seed(7)
    y = op.function(*args, **sample.kwargs)
    return list(y) if isinstance(y, (tuple, list)) else [y]


def leaves_of(args):
    return [x for x in found_in(args, Tensor) if x.requires_grad]


def smooth(outputs):
    """Those with a gradient: not the indices that max gives beside its values."""
    return [y for y in outputs if y.dtype.kind == "f"]


def close(y, expected, relative=1e-11):
    np.testing.assert_allclose(y, expected, rtol=relative, atol=relative * np.abs(expected).max(initial=1))


# ---------------------------------------------------------------- gradients


@pytest.mark.parametrize(("op", "sample"), SMOOTH)
def test_gradients(op, sample, engine, rng):
    args = tensors_of(sample.draw(rng))
    leaves = leaves_of(args)
    order = op.order if engine == "numpy" and not sample.kinks else 1
    report = gradcheck(lambda *_: op.function(*args, **sample.kwargs), leaves, order=order, raise_exception=False)
    if sample.kinks:  # most entries tie; what can be compared must agree all the same
        assert all("inconclusive" in problem for problem in report.problems), str(report)
    else:
        assert report, str(report)


@pytest.mark.parametrize("op", [op for op in OPS if op.differentiable], ids=lambda op: op.name)
def test_complex_numbers_are_refused_or_right(op, engine, rng):
    """Complex steps can be trusted: nothing takes complex numbers and computes something else with them."""
    sample = op.samples[0]
    args = tensors_of(sample.draw(rng))
    try:
        gradcheck(lambda *_: op.function(*args, **sample.kwargs), leaves_of(args), method="complex")
    except DTypeError as error:
        if "complex" not in str(error):
            raise


# ---------------------------------------------------------------- values


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_engines_agree_and_leave_inputs_alone(op, sample, rng):
    for dtype, relative in ((np.float64, 1e-13), (np.float32, 1e-5)):
        arrays = sample.draw(rng, dtype)
        before = [x.copy() for x in found_in(arrays, np.ndarray)]
        results = {}
        for engine in ENGINES:
            with tinyconv.engine(engine):
                results[engine] = outputs_of(op, tensors_of(arrays), sample)
        expected = results.pop("numpy")
        for outputs in results.values():
            for y, y0 in zip(outputs, expected, strict=True):
                assert (y.shape, y.dtype) == (y0.shape, y0.dtype)
                close(y.data, y0.data, relative)
        for x, x0 in zip(found_in(arrays, np.ndarray), before, strict=True):
            np.testing.assert_array_equal(x, x0)


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_results_and_gradients_have_the_dtype_of_the_data(op, sample, rng):
    arrays = sample.draw(rng, np.float32)
    outputs, leaves = outputs_of(op, args := tensors_of(arrays), sample), leaves_of(args)
    if op.differentiable:
        outputs = smooth(outputs)
        assert {y.dtype for y in outputs} == {np.dtype(np.float32)}
        upstream = [Tensor(rng.standard_normal(y.shape).astype(np.float32)) for y in outputs]
        for dx, x in zip(grad(outputs, leaves, upstream), leaves, strict=True):
            assert (dx.dtype, dx.shape) == (np.float32, x.shape)
    else:
        assert not any(y.requires_grad for y in outputs)
    with tinyconv.no_grad():
        assert not any(y.grad_fn for y in outputs_of(op, tensors_of(arrays), sample))
    assert not any(y.requires_grad for y in outputs_of(op, tensors_of(arrays, requires_grad=False), sample))


# ---------------------------------------------------------------- PyTorch


@pytest.mark.filterwarnings("ignore:.*degrees of freedom is <= 0:UserWarning")  # of no pictures, wrongly
@pytest.mark.parametrize(("op", "sample"), TWINS)
def test_pytorch_agrees(op, sample, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    arrays = sample.draw(rng)
    args = tensors_of(arrays)
    twin_args = tuple(in_torch(torch, x) for x in arrays)
    expected = op.twin(torch)(*twin_args, **sample.kwargs)
    expected = list(expected) if isinstance(expected, (tuple, list)) else [expected]
    outputs = outputs_of(op, args, sample)
    for y, y0 in zip(outputs, expected, strict=True):
        assert y.shape == tuple(y0.shape)
        close(y.data, y0.detach().numpy())
    if op.differentiable:
        leaves = leaves_of(args)
        twins = [x for x in found_in(twin_args, torch.Tensor) if x.requires_grad]
        upstream = [rng.standard_normal(y.shape) for y in smooth(outputs)]
        for dx, dx0 in zip(
            grad(smooth(outputs), leaves, [Tensor(u) for u in upstream]),
            torch.autograd.grad(
                [y for y in expected if y.is_floating_point()], twins, [torch.tensor(u) for u in upstream]
            ),
            strict=True,
        ):
            close(dx.data, dx0.numpy())


def in_torch(torch, x):
    """The same argument for PyTorch."""
    if isinstance(x, (tuple, list)):
        return type(x)(in_torch(torch, part) for part in x)
    if isinstance(x, Tensor):
        return torch.tensor(x.data)
    if isinstance(x, np.ndarray):
        return torch.tensor(x.copy(), requires_grad=x.dtype.kind == "f")
    return x


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(("op", "bad"), ERRORS)
def test_errors(op, bad, rng):
    args = tensors_of(bad.draw(rng), requires_grad=False)
    with pytest.raises(bad.error, match=bad.message) as caught:
        op.function(*args, **bad.kwargs)
    assert caught.value.operation == op.function.__name__


# ---------------------------------------------------------------- nothing is forgotten


def functions_of(module):
    return {
        name: f
        for name, f in vars(module).items()
        if inspect.isfunction(f) and f.__module__ == module.__name__ and not name.startswith("_")
    }


def test_every_operation_is_registered():
    families = {m.name for m in pkgutil.iter_modules(ops.__path__)} - NO_FAMILIES
    written = {
        f"{family}.{name}"
        for family in families
        for name in functions_of(importlib.import_module(f"tinyconv.ops.{family}"))
        if name not in NO_OPERATIONS
    }
    assert {op.name for op in OPS} == written


def test_every_public_function_and_method_is_registered():
    registered = {op.function for op in OPS}
    public = {getattr(functional, name) for name in functional.__all__}
    methods = {getattr(m, "fget", m) for m in METHODS.values()}
    operations = {m for m in methods if m.__module__.startswith(ops.__name__)}
    named = {m for m in operations if not m.__module__.endswith(("methods", "inplace")) and "<" not in m.__name__}
    assert (public | named) - registered == set()


def test_every_argument_has_a_wrong_sample():
    """By name, by its place, or named in a message. Flags take anything, and functions of one argument any number."""
    left_out = {}
    for function in {getattr(functional, name) for name in functional.__all__}:
        errors = [error for op in OPS if op.function is function for error in op.errors]
        messages = " ".join(error.message for error in errors)
        arguments = list(inspect.signature(function).parameters.values())

        def wrong(place, name, errors=errors, messages=messages):
            return name in messages or any(name in e.kwargs or len(e.args) > place for e in errors)

        missing = [a.name for i, a in enumerate(arguments) if a.annotation != "bool" and not wrong(i, a.name)]
        if missing and len(arguments) > 1:
            left_out[function.__name__] = missing
    assert left_out == {}


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_the_samples_of_an_operation_have_names_of_their_own(op):
    labels = [s.label for s in op.samples]
    assert labels
    assert len(set(labels)) == len(labels)
