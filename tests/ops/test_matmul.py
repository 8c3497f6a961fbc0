"""Matrix products: values in every engine against loops and NumPy, gradients against PyTorch, errors."""

import numpy as np
import pytest

import tinyconv
from tinyconv import ones
from tinyconv.errors import DTypeError, ShapeError
from tinyconv.ops.matmul import linear, matmul

SHAPES = [
    ((2, 3), (3, 4)),
    ((1, 1), (1, 1)),
    ((5, 2, 3), (5, 3, 4)),
    ((5, 2, 3), (3, 4)),
    ((2, 3), (5, 3, 4)),
    ((5, 1, 2, 3), (6, 3, 4)),
    ((1, 2, 3), (5, 3, 1)),
    ((3,), (3,)),
    ((3,), (3, 4)),
    ((2, 3), (3,)),
    ((3,), (5, 3, 4)),
    ((5, 2, 3), (3,)),
    ((0, 3), (3, 4)),
    ((2, 0), (0, 4)),
    ((0, 2, 3), (3, 4)),
]


def leaf(array):
    return tinyconv.tensor(np.asarray(array, np.float64), requires_grad=True)


def test_by_hand(engine):
    a, b = leaf([[1, 2], [3, 4]]), leaf([[5, 6, 7], [8, 9, 10]])
    y = a @ b
    assert y.tolist() == [[21, 24, 27], [47, 54, 61]]
    y.backward(np.array([[1.0, 0, 0], [0, 0, 2]]))
    assert a.grad.tolist() == [[5, 8], [14, 20]]
    assert b.grad.tolist() == [[1, 0, 6], [2, 0, 8]]


@pytest.mark.parametrize(("a_shape", "b_shape"), SHAPES, ids=str)
def test_values_and_gradients(a_shape, b_shape, engine, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    arrays = rng.standard_normal(a_shape), rng.standard_normal(b_shape)
    a, b = map(leaf, arrays)
    c, d = (torch.tensor(x, requires_grad=True) for x in arrays)
    y, expected = a @ b, c @ d
    assert y.shape == tuple(expected.shape)
    np.testing.assert_allclose(y.detach().data, np.matmul(*arrays), rtol=1e-12, atol=1e-14)
    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    expected.backward(torch.tensor(dy))
    np.testing.assert_allclose(a.grad.data, c.grad.numpy(), rtol=1e-12, atol=1e-14)
    np.testing.assert_allclose(b.grad.data, d.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_strided_arrays(engine, rng):
    a, b = rng.standard_normal((6, 8))[::2, ::-2], rng.standard_normal((4, 4, 5)).transpose(2, 0, 1)[::2]
    np.testing.assert_allclose((leaf(a) @ leaf(b)).detach().data, a @ b, rtol=1e-12)
    y = tinyconv.from_numpy(a) @ tinyconv.from_numpy(b)
    np.testing.assert_allclose(y.data, a @ b, rtol=1e-12)


def test_arrays_on_either_side(rng):
    a, b = rng.standard_normal((2, 3)), rng.standard_normal((3, 4))
    for y in (leaf(a) @ b, a @ leaf(b), leaf(a).matmul(b), matmul(a, b)):
        np.testing.assert_allclose(y.detach().data, a @ b, rtol=1e-14)


# ---------------------------------------------------------------- linear


def test_linear_by_hand(engine):
    """y = x W^T + b with x = (1, 2), W = [[3, 4], [5, 6], [7, 8]], b = (1, 0, -1)"""
    x, w, b = leaf([[1, 2]]), leaf([[3, 4], [5, 6], [7, 8]]), leaf([1, 0, -1])
    y = linear(x, w, b)
    assert y.tolist() == [[12, 17, 22]]
    y.backward(np.array([[1.0, 0, 10]]))
    assert x.grad.tolist() == [[73, 84]]
    assert w.grad.tolist() == [[1, 2], [0, 0], [10, 20]]
    assert b.grad.tolist() == [1, 0, 10]


@pytest.mark.parametrize("bias", [False, True])
@pytest.mark.parametrize("leading", [(), (4,), (1,), (0,), (2, 3), (2, 0, 3)], ids=str)
def test_linear_against_pytorch(leading, bias, engine, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    arrays = [rng.standard_normal(shape) for shape in ((*leading, 5), (3, 5), (3,))[: 2 + bias]]
    ours, theirs = [leaf(a) for a in arrays], [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = linear(*ours), torch.nn.functional.linear(*theirs)
    np.testing.assert_allclose(y.detach().data, expected.detach().numpy(), rtol=1e-12, atol=1e-14)
    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    expected.backward(torch.tensor(dy))
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-12, atol=1e-14)


def test_linear_is_one_operation():
    x = tinyconv.ones(2, 5)
    y = linear(x, tinyconv.ones(3, 5, requires_grad=True), tinyconv.ones(3, requires_grad=True))
    assert y.grad_fn.name == "linear"
    assert len(y.grad_fn.sources) == 2
    assert y.dtype == np.float32


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: x @ x,
            ShapeError,
            r"matmul: \(2, 3\) @ \(2, 3\): 3 columns on the left, 2 rows on the right",
        ),
        (
            lambda x: x @ np.ones(2, np.float32),
            ShapeError,
            r"\(2, 3\) @ \(2,\): 3 columns on the left, 2 rows",
        ),
        (
            lambda x: np.ones(3, np.float32) @ x,
            ShapeError,
            r"\(3,\) @ \(2, 3\): 3 columns on the left, 2 rows",
        ),
        (
            lambda x: x @ x.sum(),
            ShapeError,
            r"matmul: shapes \(2, 3\) and \(\): numbers are multiplied with \*",
        ),
        (lambda x: x.expand(4, 2, 3) @ x.T.expand(5, 3, 2), ShapeError, "the leading axes do not broadcast"),
        (
            lambda x: x @ x.T.double(),
            DTypeError,
            r"matmul: its inputs are float32 and float64; convert with x.float",
        ),
        (
            lambda x: linear(x, x.T),
            ShapeError,
            r"input \(2, 3\) has 3 features, weight \(3, 2\) expects 2. Set in_f",
        ),
        (
            lambda x: linear(ones(2, 3, 4, 5), ones(7, 60)),
            ShapeError,
            r"^linear: input \(2, 3, 4, 5\) has 5 features, weight \(7, 60\) expects 60\. "
            r"flatten\(1\) the input first, which gives 3\*4\*5 = 60 features\.$",
        ),
        (
            lambda x: linear(ones(2, 3, 4, 5), ones(7, 6)),
            ShapeError,
            r"^linear: input .* expects 6\. flatten\(1\) the input first, which gives 3\*4\*5 = 60 features, "
            r"and set in_features=60\.$",
        ),
        (lambda x: linear(x.sum(), x), ShapeError, "linear: input .* has no features, weight .* expects 3"),
        (
            lambda x: linear(x, x[0]),
            ShapeError,
            r"linear: weight is \(3,\); it must be \(out_features, in_features\)",
        ),
        (lambda x: linear(x, x, x[0]), ShapeError, r"linear: bias is \(3,\); weight \(2, 3\) needs \(2,\)"),
        (lambda x: linear(x, x.double()), DTypeError, "linear: its inputs are float32 and float64"),
        (lambda x: linear(x, x, x[:, 0].double()), DTypeError, "linear: .* float32 and float32 and float64"),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(tinyconv.ones(2, 3))
