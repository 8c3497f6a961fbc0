"""Arithmetic and comparisons: values against NumPy, gradients against PyTorch, ties and errors by hand."""

import operator

import numpy as np
import pytest

import tinyconv
from tinyconv import Tensor
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import arithmetic
from tinyconv.ops.arithmetic import abs as abs_
from tinyconv.ops.arithmetic import add, clip, div, exp, log, maximum, minimum, mul, neg, sqrt, sub, where
from tinyconv.ops.arithmetic import pow as pow_

BINARY = {
    "add": (add, np.add),
    "sub": (sub, np.subtract),
    "mul": (mul, np.multiply),
    "div": (div, np.divide),
    "pow": (pow_, np.power),
    "maximum": (maximum, np.maximum),
    "minimum": (minimum, np.minimum),
}
UNARY = {"neg": neg, "exp": exp, "log": log, "sqrt": sqrt, "abs": abs_}
SHAPES = [
    ((), ()),
    ((3,), ()),
    ((), (2, 3)),
    ((2, 3), (3,)),
    ((2, 1, 3), (4, 1)),
    ((1, 3), (2, 3)),
    ((0, 3), (3,)),
]


def leaf(values):
    return tinyconv.tensor(np.asarray(values, np.float64), requires_grad=True)


def against_torch(ours, theirs, *arrays, weights):
    """Compare y and all gradients, for a random upstream gradient."""
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    xs = [leaf(a) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, t = ours(*xs), theirs(torch, *ts)
    np.testing.assert_allclose(y.detach().data, t.detach().numpy(), rtol=1e-12, atol=1e-15)
    dy = weights.standard_normal(y.shape)
    y.backward(dy)
    t.backward(torch.tensor(dy))
    for x, expected in zip(xs, ts, strict=True):
        np.testing.assert_allclose(x.grad.data, expected.grad.numpy(), rtol=1e-12, atol=1e-14)


# ---------------------------------------------------------------- values and gradients


@pytest.mark.parametrize(("a_shape", "b_shape"), SHAPES)
@pytest.mark.parametrize("name", BINARY)
def test_two_arguments(name, a_shape, b_shape, rng):
    ours, numpys = BINARY[name]
    a, b = rng.uniform(0.5, 2, a_shape), rng.uniform(0.5, 2, b_shape)
    np.testing.assert_array_equal(ours(leaf(a), leaf(b)).detach().data, numpys(a, b))
    against_torch(ours, lambda torch, x, y: getattr(torch, name)(x, y), a, b, weights=rng)


@pytest.mark.parametrize("shape", [(), (3,), (2, 3), (0, 2)])
@pytest.mark.parametrize("name", UNARY)
def test_one_argument(name, shape, rng):
    x = rng.uniform(0.5, 2, shape) * (rng.choice([-1, 1], shape) if name in ("neg", "abs", "exp") else 1)
    numpys = {"neg": np.negative}.get(name) or getattr(np, name)
    np.testing.assert_allclose(UNARY[name](leaf(x)).detach().data, numpys(x), rtol=1e-15)
    against_torch(UNARY[name], lambda torch, x: getattr(torch, name)(x), x, weights=rng)


OPERATORS = [operator.add, operator.sub, operator.mul, operator.truediv, operator.pow]


@pytest.mark.parametrize("number", [2, 3.0, np.float64(2), np.float32(2), np.int64(3), True, np.array(2.0)])
@pytest.mark.parametrize("apply", OPERATORS, ids=lambda f: f.__name__)
def test_numbers_on_either_side(apply, number, rng):
    """Also NumPy's numbers: a number never changes the tensor's dtype, a 0-d array of a wider one does."""
    x = rng.uniform(0.5, 2, 3).astype(np.float32)
    dtype = number.dtype if isinstance(number, np.ndarray) else np.float32
    for ours, theirs in (
        (lambda t: apply(t, number), apply(x, float(number))),
        (lambda t: apply(number, t), apply(float(number), x)),
    ):
        t = tinyconv.tensor(x, requires_grad=True)
        y = ours(t)
        assert type(y) is Tensor
        assert y.dtype == dtype
        np.testing.assert_allclose(y.detach().data, theirs, rtol=1e-6)
        y.sum().backward()
        assert t.grad.dtype == np.float32


def test_lists_are_numbers_too():
    x = tinyconv.tensor([1.0, 2.0])
    assert add(x, [1, 2]).tolist() == [2, 4]
    assert ([1, 2] - x).tolist() == [0, 0]


@pytest.mark.parametrize(
    ("a", "b", "dtype"),
    [
        ("float32", "float32", "float32"),
        ("float32", "float64", "float64"),
        ("float16", "float32", "float32"),
        ("int64", "float32", "float32"),
        ("float32", "int32", "float32"),
        ("bool", "float32", "float32"),
        ("bool", "int32", "int32"),
        ("uint8", "int32", "int32"),
        ("float32", "complex64", "complex64"),
        ("float64", "complex64", "complex128"),
        ("int64", "complex64", "complex128"),
    ],
)
def test_dtypes_that_meet(a, b, dtype):
    assert (tinyconv.ones(2, dtype=a) + tinyconv.ones(2, dtype=b)).dtype == dtype
    assert (tinyconv.ones(2, dtype=b) * tinyconv.ones(2, dtype=a)).dtype == dtype


@pytest.mark.parametrize(
    ("dtype", "number", "expected"),
    [
        ("float32", 1.5, "float32"), ("float16", 2, "float16"), ("int32", 2, "int32"), ("uint8", 2, "uint8"),
        ("int64", 1.5, "float32"), ("bool", 2, "int64"), ("bool", 1.5, "float32"),
        ("float32", 1j, "complex64"), ("float64", 1j, "complex128"),
    ],
)  # fmt: skip
def test_dtype_next_to_a_number(dtype, number, expected):
    assert (tinyconv.ones(2, dtype=dtype) * number).dtype == expected


def test_whole_numbers():
    a, b = tinyconv.tensor([7, 8]), tinyconv.tensor([2, 3])
    assert (a + b).tolist() == [9, 11]
    assert (a**b).tolist() == [49, 512]
    assert (a**2).dtype == np.int64
    assert (a / b).dtype == exp(a).dtype == (a**0.5).dtype == np.float32
    assert (a / b).tolist() == [3.5, np.float32(8 / 3)]
    assert (a - 7).abs().tolist() == [0, 1]


def test_broadcast_gradients_by_hand():
    a, b = leaf([[1], [2]]), leaf([10, 20, 30])
    (a * b).backward(np.array([[1, 1, 1], [0, 0, 2]]))
    assert a.grad.tolist() == [[60], [60]]
    assert b.grad.tolist() == [1, 1, 5]
    c = leaf(2.0)
    (c * np.ones((2, 3))).sum().backward()
    assert c.grad.item() == 6


# ---------------------------------------------------------------- the corners


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, 1.5, -0.5, 2.0])
def test_powers(exponent, rng):
    x = rng.uniform(0.5, 2, (2, 3))
    np.testing.assert_allclose((leaf(x) ** exponent).detach().data, x**exponent, rtol=1e-15)
    against_torch(lambda x: x**exponent, lambda torch, x: x**exponent, x, weights=rng)


def test_powers_of_zero_and_of_negative_numbers(rng):
    x = np.array([0.0, -2.0, 3.0])
    for n in (0, 1, 2, 3, 2.0, 0.0):
        against_torch(lambda x, n=n: x**n, lambda torch, x, n=n: x**n, x, weights=rng)
        against_torch(lambda x, n=n: x ** np.array(n), lambda torch, x, n=n: x**n, x, weights=rng)
    a, b = np.array([0.0, 0.0, 2.0, 0.0]), np.array([0.0, 2.0, 0.0, 1.0])
    against_torch(lambda a, b: a**b, lambda torch, a, b: a**b, a, b, weights=rng)


def test_a_tie_is_shared_by_halves():
    a, b = leaf([1, 2, 3]), leaf([3, 2, 1])
    maximum(a, b).backward(np.array([10.0, 10.0, 10.0]))
    assert (a.grad.tolist(), b.grad.tolist()) == ([0, 5, 10], [10, 5, 0])
    a.grad = b.grad = None
    minimum(a, b).backward(np.array([10.0, 10.0, 10.0]))
    assert (a.grad.tolist(), b.grad.tolist()) == ([10, 5, 0], [0, 5, 10])


def test_maximum_with_a_number(rng):
    x = np.array([-1.0, 0.0, 2.0])
    assert maximum(leaf(x), 0).detach().tolist() == [0, 0, 2]
    against_torch(lambda x: maximum(0.0, x), lambda torch, x: torch.maximum(torch.tensor(0.0), x), x, weights=rng)


def test_abs_has_no_slope_at_zero():
    x = leaf([-2, 0, 3])
    abs(x).sum().backward()
    assert x.grad.tolist() == [-1, 0, 1]


def test_clip_lets_the_gradient_through_at_its_bounds(rng):
    x = leaf([-2, -1, 0, 1, 2])
    x.clip(-1, 1).sum().backward()
    assert x.grad.tolist() == [0, 1, 1, 1, 0]
    values = rng.standard_normal(20)
    for bounds in ((-0.5, None), (None, 0.5), (-0.5, 0.5), (0, 0)):
        against_torch(
            lambda x, b=bounds: clip(x, *b),
            lambda torch, x, b=bounds: torch.clamp(x, *b),
            values,
            weights=rng,
        )
    assert tinyconv.tensor([1.5]).clip(max=np.float64(1)).dtype == np.float32
    assert tinyconv.tensor([5]).clip(0, 3).tolist() == [3]
    assert tinyconv.tensor([1, 5]).clip(max=2.5).tolist() == [1, 2.5]


def test_where(rng):
    condition = np.array([[True, False, True]])
    a, b = rng.standard_normal((2, 3)), rng.standard_normal(())
    np.testing.assert_array_equal(where(condition, leaf(a), b).detach().data, np.where(condition, a, b))
    against_torch(
        lambda a, b: where(condition, a, b),
        lambda torch, a, b: torch.where(torch.tensor(condition), a, b),
        a, b, weights=rng,
    )  # fmt: skip
    against_torch(
        lambda a: where(tinyconv.tensor([[True], [False]]), a, 7.0),
        lambda torch, a: torch.where(torch.tensor([[True], [False]]), a, 7.0),
        a[0], weights=rng,
    )  # fmt: skip
    assert where(True, 1.0, 2).dtype == np.float32
    assert where([True, False], 1, 2).tolist() == [1, 2]


def test_where_keeps_what_was_not_taken_out_of_the_gradient():
    """1/x at 0 is infinite, but it is not taken there: its gradient must be 0, not nan."""
    x = leaf([0.0, 2.0])
    with np.errstate(divide="ignore", invalid="ignore"):
        where(x > 0, 1 / where(x > 0, x, 1), 0).sum().backward()
    assert x.grad.tolist() == [0, -0.25]


def test_complex_numbers():
    """Analytic functions work on complex tensors, so that derivatives can be checked by complex steps."""
    z = tinyconv.tensor(np.array([0.3 + 1e-20j]))
    for f, slope in (
        (exp, np.exp(0.3)),
        (log, 1 / 0.3),
        (sqrt, 0.5 / np.sqrt(0.3)),
        (lambda z: z**3, 3 * 0.3**2),
    ):
        assert f(z).data.imag[0] / 1e-20 == pytest.approx(slope, rel=1e-14)


# ---------------------------------------------------------------- comparisons and logic


@pytest.mark.parametrize("name", ["eq", "ne", "lt", "le", "gt", "ge"])
def test_comparisons(name):
    compare = getattr(operator, name)
    a, b = np.array([[1.0], [2.0]]), np.array([1.0, 2.0, 3.0])
    for x, y in ((leaf(a), leaf(b)), (leaf(a), b), (leaf(a), 2), (2.0, leaf(b)), (b, leaf(a))):
        result = compare(x, y)
        assert result.dtype == np.bool_
        assert not result.requires_grad
        values = [v.detach().data if isinstance(v, Tensor) else v for v in (x, y)]
        np.testing.assert_array_equal(result.data, compare(*values))
    assert getattr(tinyconv.ops.compare, name).__name__ == name


def test_logic():
    a, b = tinyconv.tensor([True, True, False, False]), tinyconv.tensor([True, False, True, False])
    assert (a & b).tolist() == [True, False, False, False]
    assert (a | b).tolist() == [True, True, True, False]
    assert (~a).tolist() == [False, False, True, True]
    assert (a & True).tolist() == (True & a).tolist() == (a.data & a).tolist() == a.tolist()
    assert (False | b).tolist() == b.tolist()


# ---------------------------------------------------------------- errors


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: add(x, [1, 2]),
            ShapeError,
            r"add: shapes \(3,\) and \(2,\) do not broadcast: from the right, sizes",
        ),
        (lambda x: np.ones((2, 4)) * x, ShapeError, r"mul: shapes \(3,\) and \(2, 4\)"),
        (lambda x: x - np.ones(2), ShapeError, r"sub: shapes \(3,\) and \(2,\)"),
        (lambda x: x / np.ones(2), ShapeError, r"div: shapes \(3,\) and \(2,\)"),
        (lambda x: x ** np.ones(2), ShapeError, r"pow: shapes \(3,\) and \(2,\)"),
        (lambda x: x > np.ones(2), ShapeError, r"gt: shapes \(3,\) and \(2,\)"),
        (lambda x: maximum(x, [1, 2]), ShapeError, r"maximum: shapes \(3,\) and \(2,\)"),
        (lambda x: where(x > 0, x, [1, 2]), ShapeError, r"where: shapes \(3,\) and \(2,\)"),
        (lambda x: where([True, False], x, 0), ShapeError, r"where: shapes \(2,\) and \(3,\)"),
        (
            lambda x: where(x, x, 0),
            DTypeError,
            "where: the condition is float32; it must be bool, such as x > 0",
        ),
        (lambda x: x + "a", DTypeError, "str 'a' is not a number"),
        (lambda x: x == None, DTypeError, "NoneType None is not a number"),  # noqa: E711
        (lambda x: x.clip(), ArgumentError, "clip: give min, max or both"),
        (lambda x: x.clip(2, 1), ArgumentError, "clip: min is 2, above max, which is 1"),
        (lambda x: x.clip("a"), ArgumentError, "clip: min is a str; it must be a number or None"),
        (
            lambda x: (x + 1j).abs(),
            DTypeError,
            "abs: is not defined for complex numbers, this tensor is complex64",
        ),
        (lambda x: maximum(x, 1j), DTypeError, "maximum: is not defined for complex"),
        (lambda x: minimum(1j, x), DTypeError, "minimum: is not defined for complex"),
        (lambda x: (x * 1j).clip(0), DTypeError, "clip: is not defined for complex"),
        (lambda x: -(x > 0), DTypeError, "neg: is not defined for bool tensors; ~x is the logical not"),
        (lambda x: (x > 0) - (x > 1), DTypeError, "sub: is not defined for bool tensors"),
        (lambda x: ~x, DTypeError, "logical_not: is for bool tensors, such as x > 0; this one is float32"),
        (lambda x: (x > 0) & 1, DTypeError, "logical_and: is for bool tensors.* int64"),
        (lambda x: (x > 0) | x, DTypeError, "logical_or: is for bool tensors.* float32"),
        (
            lambda x: tinyconv.tensor([2]) ** -1,
            DTypeError,
            "pow: whole numbers have no negative powers such as -1",
        ),
        (
            lambda x: tinyconv.tensor([2]) ** np.array([-1]),
            DTypeError,
            "pow: whole numbers have no negative powers",
        ),
        (
            lambda x: tinyconv.tensor([2], dtype=np.uint8) + 300,
            ArgumentError,
            "tensor: 300 does not fit into uint8",
        ),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(tinyconv.tensor([1.0, 2.0, 3.0]))


def test_arrays_on_different_devices(monkeypatch):
    here, there = tinyconv.tensor([1.0]), tinyconv.tensor([2.0])
    monkeypatch.setattr(Tensor, "device", property(lambda x: "cuda:0" if x is there else "cpu"))
    there.data = there.data.view(np.recarray)  # anything but a plain array is asked for its device
    with pytest.raises(tinyconv.errors.DeviceError, match=r"add: its inputs are on cpu and cuda:0; move one with x.to"):
        here + there


def test_every_operation_is_tested_here():
    functions = {
        n for n, f in vars(arithmetic).items() if callable(f) and getattr(f, "__module__", "") == arithmetic.__name__
    }
    assert {n for n in functions if not n.startswith("_")} == {*BINARY, *UNARY, "clip", "where"}
