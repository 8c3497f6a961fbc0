"""Operations that only move elements: values against NumPy, gradients by the adjoint identity and by hand."""

import numpy as np
import pytest

import tinyconv
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.join import cat, split, stack
from tinyconv.ops.shape import (
    clone,
    expand,
    flatten,
    permute,
    reshape,
    reverse_axes,
    squeeze,
    sum_to,
    transpose,
    unsqueeze,
)
from tinyconv.tensor import grad


def leaf(array):
    return tinyconv.tensor(np.asarray(array, np.float64), requires_grad=True)


MOVES = {
    "expand": (lambda x: expand(x, 4, 2, 1, 3), lambda x: np.broadcast_to(x, (4, 2, 1, 3))),
    "expand, keeping": (lambda x: expand(x, (-1, 5, -1)), lambda x: np.broadcast_to(x, (2, 5, 3))),
    "sum_to": (lambda x: sum_to(x, (1, 3)), lambda x: x.sum(0)),
    "sum_to, same": (lambda x: sum_to(x, (2, 1, 3)), lambda x: x),
    "reshape": (lambda x: reshape(x, 3, 2), lambda x: x.reshape(3, 2)),
    "reshape, rest": (lambda x: reshape(x, (1, -1)), lambda x: x.reshape(1, -1)),
    "flatten": (flatten, lambda x: x.reshape(6)),
    "flatten from": (lambda x: flatten(x, 1), lambda x: x.reshape(2, 3)),
    "flatten to": (lambda x: flatten(x, 0, -2), lambda x: x.reshape(2, 3)),
    "squeeze": (squeeze, lambda x: x[:, 0]),
    "squeeze one": (lambda x: squeeze(x, 1), lambda x: x[:, 0]),
    "squeeze none": (lambda x: squeeze(x, (0, -1)), lambda x: x),
    "unsqueeze": (lambda x: unsqueeze(x, 1), lambda x: x[:, None]),
    "unsqueeze, last": (lambda x: unsqueeze(x, -1), lambda x: x[..., None]),
    "permute": (lambda x: permute(x, 2, 0, 1), lambda x: x.transpose(2, 0, 1)),
    "permute, negative": (lambda x: permute(x, (-1, 0, 1)), lambda x: x.transpose(2, 0, 1)),
    "transpose": (transpose, lambda x: x.swapaxes(1, 2)),
    "transpose two": (lambda x: transpose(x, 0, -1), lambda x: x.swapaxes(0, 2)),
    "T": (reverse_axes, lambda x: x.T),
    "clone": (clone, lambda x: x),
    "cat": (lambda x: cat([x, x * 2], 1), lambda x: np.concatenate([x, x * 2], 1)),
    "cat, negative": (lambda x: cat((x, x[:, :, :1]), -1), lambda x: np.concatenate([x, x[:, :, :1]], 2)),
    "stack": (lambda x: stack([x, x * 3], 1), lambda x: np.stack([x, x * 3], 1)),
    "stack, last": (lambda x: stack([x, x * 3], -1), lambda x: np.stack([x, x * 3], -1)),
    "split": (lambda x: split(x, 2, 2)[0], lambda x: x[:, :, :2]),
    "split, rest": (lambda x: split(x, 2, -1)[1], lambda x: x[:, :, 2:]),
    "split by sizes": (lambda x: split(x, [1, 0, 2], 2)[2], lambda x: x[:, :, 1:]),
}


@pytest.mark.parametrize(("ours", "numpys"), MOVES.values(), ids=MOVES.keys())
def test_values_and_adjoints(ours, numpys, rng):
    """The functions are linear, so <f(u), dy> = <u, f'(dy)> must hold for all u and dy."""
    array = np.moveaxis(rng.standard_normal((3, 2, 1)), 0, 2)  # (2, 1, 3), not contiguous
    x = leaf(array)
    y = ours(x)
    np.testing.assert_array_equal(y.detach().data, numpys(array))
    dy, u = rng.standard_normal(y.shape), rng.standard_normal(array.shape)
    (dx,) = grad(y, x, dy)
    assert dx.shape == x.shape
    np.testing.assert_allclose((numpys(u) * dy).sum(), (u * dx.data).sum(), rtol=1e-12, atol=1e-13)


VIEWS = [
    lambda x: x.expand(4, 2, 1, 3),
    lambda x: x.reshape(6),
    lambda x: x.flatten(),
    lambda x: x.squeeze(),
    lambda x: x.unsqueeze(0),
    lambda x: x.permute(2, 1, 0),
    lambda x: x.T,
    lambda x: x.split(1)[0],
]


@pytest.mark.parametrize("move", VIEWS)
def test_views_share_memory_and_count_changes_together(move):
    x = tinyconv.ones(2, 1, 3)
    y = move(x)
    assert np.shares_memory(x.data, y.data)
    assert y.version is x.version


def test_copies_do_not():
    x = tinyconv.ones(2, 3)
    for y in (x.clone(), x.T.reshape(6), cat([x]), x + 0):
        assert not np.shares_memory(x.data, y.data)
        assert y.version is not x.version


def test_clone_keeps_the_memory_order():
    x = tinyconv.tensor(np.zeros((2, 3, 4)).transpose(2, 0, 1))
    assert x.clone().data.strides == x.data.strides == (8, 96, 32)


def test_cat_and_split_undo_each_other(rng):
    array = rng.standard_normal((2, 7))
    parts = split(leaf(array), 3, 1)
    assert [p.shape for p in parts] == [(2, 3), (2, 3), (2, 1)]
    np.testing.assert_array_equal(cat(parts, 1).detach().data, array)


def test_gradients_of_joined_tensors_by_hand():
    a, b = leaf([1, 2]), leaf([3])
    (cat([a, b, [5.0]]) * np.array([1, 10, 100, 1000])).sum().backward()
    assert (a.grad.tolist(), b.grad.tolist()) == ([1, 10], [100])
    a.grad = None
    (stack([a, a]) * np.array([[1, 10], [100, 1000]])).sum().backward()
    assert a.grad.tolist() == [101, 1010]


def test_joining_different_dtypes():
    a, b = tinyconv.ones(1, requires_grad=True), leaf([2])
    y = cat([a, b])
    assert y.dtype == np.float64
    y.sum().backward()
    assert a.grad.dtype == np.float32
    assert cat([tinyconv.tensor([1]), a]).dtype == np.float32  # NumPy's would be float64


def test_empty_tensors():
    x = leaf(np.zeros((0, 3)))
    assert reshape(x, 3, 0).shape == (3, 0)
    assert flatten(x).shape == (0,)
    assert cat([x, leaf(np.ones((2, 3)))]).shape == (2, 3)
    assert [p.shape for p in split(x, 2)] == [(0, 3)]
    assert expand(leaf(np.zeros((1, 3))), 0, 3).shape == (0, 3)
    y = expand(leaf(np.zeros(3)), 0, 3)
    y.sum().backward()


def test_zero_dimensions():
    x = leaf(3.0)
    assert flatten(x).shape == (1,)
    assert unsqueeze(x, 0).shape == unsqueeze(x, -1).shape == (1,)
    assert x.T.shape == squeeze(x).shape == ()
    assert expand(x, 2, 2).tolist() == [[3, 3], [3, 3]]
    assert stack([x, x]).tolist() == [3, 3]
    assert permute(x).shape == ()


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (
            lambda x: x.expand(3, 3),
            ShapeError,
            r"expand: a tensor of shape \(2, 3\) cannot be expanded to \(3, 3\)",
        ),
        (lambda x: x.expand(3), ShapeError, "only sizes of 1 repeat"),
        (lambda x: x.expand(-1, 2, 3), ShapeError, r"cannot be expanded to \(-1, 2, 3\)"),
        (
            lambda x: x.expand(2.0, 3),
            ArgumentError,
            r"expand: sizes and axes must be whole numbers, not \(2.0, 3\)",
        ),
        (
            lambda x: x.reshape(4),
            ShapeError,
            r"reshape: 6 elements of shape \(2, 3\) do not fill the shape \(4,\)",
        ),
        (lambda x: x.reshape(-1, 4), ShapeError, "do not fill"),
        (lambda x: x.reshape(-1, -1), ShapeError, "do not fill"),
        (lambda x: x.reshape(-2, 3), ShapeError, r"reshape: the shape \(-2, 3\) has sizes below 0"),
        (lambda x: x.reshape(None), ArgumentError, "reshape: sizes and axes must be whole numbers"),
        (lambda x: x.flatten(1, 0), ArgumentError, "flatten: start_dim 1 comes after end_dim 0"),
        (lambda x: x.flatten(2), ShapeError, "flatten: dim 2 is out of range"),
        (lambda x: x.squeeze(2), ShapeError, "squeeze: dim 2 is out of range"),
        (lambda x: x.unsqueeze(3), ShapeError, r"unsqueeze: dim 3 is out of range for shape \(2, 3\)"),
        (lambda x: x.unsqueeze(-4), ShapeError, "unsqueeze: dim -4 is out of range"),
        (lambda x: x.unsqueeze(1.0), ArgumentError, "unsqueeze: dim is 1.0; an axis is a whole number"),
        (lambda x: x.permute(0), ShapeError, r"permute: \(0,\) does not name all 2 axes of shape \(2, 3\)"),
        (lambda x: x.permute(0, 0), ShapeError, r"permute: \(0, 0\) names an axis .* twice"),
        (lambda x: x.permute(0, 2), ShapeError, "permute: dim 2 is out of range"),
        (lambda x: x.transpose(0, 2), ShapeError, "transpose: dim 2 is out of range"),
        (lambda x: x[0].transpose(), ShapeError, "transpose: dim -2 is out of range"),
        (lambda x: cat([]), ArgumentError, "cat: needs a list of at least one tensor"),
        (lambda x: cat(x), ArgumentError, "cat: needs a list of at least one tensor"),
        (
            lambda x: cat([x, x[0]]),
            ShapeError,
            r"cat: shapes \[\(2, 3\), \(3,\)\] differ in more than axis 0",
        ),
        (lambda x: cat([x, x.T]), ShapeError, "cat: shapes .* differ in more than axis 0"),
        (lambda x: cat([x, x], 2), ShapeError, "cat: dim 2 is out of range"),
        (lambda x: stack([]), ArgumentError, "stack: needs a list of at least one tensor"),
        (lambda x: stack([x, x[0]]), ShapeError, r"stack: shapes \[\(2, 3\), \(3,\)\] must all be equal"),
        (
            lambda x: x.split(0),
            ArgumentError,
            "split: split_size is 0; it must be a whole number of at least 1",
        ),
        (lambda x: x.split(1.5), ArgumentError, "split: split_size is 1.5"),
        (
            lambda x: x.split([1, 2]),
            ArgumentError,
            r"split: sizes \[1, 2\] do not add up to 2, the size of axis 0",
        ),
        (lambda x: x.split([3, -1]), ArgumentError, r"split: sizes \[3, -1\]"),
    ],
)
def test_refused(call, kind, message):
    with pytest.raises(kind, match=message):
        call(tinyconv.ones(2, 3))
