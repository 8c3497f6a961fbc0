"""Indexing: values against NumPy, gradients against a loop over the elements."""

import numpy as np
import pytest

import tinyconv
from tinyconv import Tensor
from tinyconv.errors import DTypeError, ShapeError
from tinyconv.ops.index import put
from tinyconv.tensor import grad

T = tinyconv.tensor
MASK = np.array([True, False, True, True])
INDICES = {
    "number": 1,
    "negative number": -1,
    "NumPy number": np.int64(2),
    "numbers": (1, 2, 0),
    "slice": slice(1, 3),
    "step": slice(None, None, 2),
    "backwards": (slice(None, None, -1), slice(3, 0, -2)),
    "empty slice": slice(2, 2),
    "ellipsis": (..., 1),
    "ellipsis in between": (0, ..., slice(0, 2)),
    "new axes": (None, 1, None, slice(None), None),
    "list": [0, 2, 0],
    "tuple with repeats": ((0, 2, 0),),
    "slice and tuple": (slice(None), (1, 1)),
    "range": range(0, 3, 2),
    "empty list": [],
    "array with repeats": np.array([0, 0, 1, 0]),
    "two arrays": (np.array([0, 1, 1]), np.array([2, 0, 0])),
    "two arrays, broadcast": (np.array([[0], [1]]), np.array([2, 0, 2])),
    "array and slice": (np.array([1, 1]), slice(1, 3)),
    "arrays around a slice": (np.array([1, 0, 1]), slice(None), np.array([0, 1, 0])),
    "slice, number, array": (slice(None), 1, [1, 1]),
    "negative array": (slice(None), np.array([-1, -4, -1])),
    "0-d array": np.array(1),
    "mask": np.array([True, False, True]),
    "mask of nothing": np.zeros(3, bool),
    "mask of two axes": np.arange(12).reshape(3, 4) % 3 == 0,
    "mask of all axes": np.arange(24).reshape(3, 4, 2) % 5 == 0,
    "mask after a slice": (slice(None), MASK),
    "mask and number": (1, MASK),
    "mask and array": (np.array([0, 2, 0]), MASK),
    "mask and array, broadcast": (np.array([[0], [0]]), MASK),
    "mask and new axis": (slice(1), MASK, None),
    "list of bool": [True, False, True],
    "True": True,
    "False": False,
    "Tensor": T([2, 0, 2]),
    "Tensor mask": T([True, True, False]),
    "Tensors": (T([0, 1]), slice(None), T([1, 1])),
    "0-d Tensor": T(2),
}


def numpys(index):
    """The same index for NumPy, which knows no Tensors and takes [] for floating point."""
    if isinstance(index, tuple):
        return tuple(numpys(part) for part in index)
    if isinstance(index, list) and not index:
        return np.zeros(0, int)
    return index.data if isinstance(index, Tensor) else index


@pytest.mark.parametrize("index", INDICES.values(), ids=INDICES.keys())
def test_values_and_gradients(index, rng):
    array = rng.standard_normal((3, 4, 2))
    x = T(array, requires_grad=True)
    y = x[index]
    np.testing.assert_array_equal(y.detach().data, array[numpys(index)])
    dy = rng.standard_normal(y.shape)
    y.backward(dy)
    came_from = np.arange(24).reshape(3, 4, 2)[numpys(index)]  # the place in x of every element of y
    expected = np.zeros(24)
    for place, value in zip(came_from.ravel(), dy.ravel(), strict=True):
        expected[place] += value
    np.testing.assert_allclose(x.grad.data.ravel(), expected, rtol=1e-14)


@pytest.mark.parametrize("name", ["step", "list", "mask", "arrays around a slice", "Tensor"])
def test_twice(name, rng):
    """The gradient of the gradient goes through put, whose adjoint is the indexing itself."""
    index = INDICES[name]
    x, u = T(rng.standard_normal((3, 4, 2)), requires_grad=True), rng.standard_normal((3, 4, 2))
    (dx,) = grad((x[index] ** 3).sum(), x, create_graph=True)
    (second,) = grad(dx, x, u)
    expected = np.zeros(24)
    for place in np.arange(24).reshape(3, 4, 2)[numpys(index)].ravel():
        expected[place] += 6 * x.detach().data.ravel()[place]
    np.testing.assert_allclose(second.data.ravel(), expected * u.ravel(), rtol=1e-13)


def test_put_by_hand():
    x = T([1.0, 2.0, 4.0], requires_grad=True)
    y = put(x, (np.array([3, 0, 3]),), (4,))
    assert y.tolist() == [2, 0, 0, 5]
    y.backward(np.array([1.0, 10.0, 100.0, 1000.0], np.float32))
    assert x.grad.tolist() == [1000, 1, 1000]


def test_slices_are_views_and_arrays_are_copies():
    x = tinyconv.ones(4)
    assert np.shares_memory(x[1:].data, x.data)
    assert x[1:].version is x.version
    assert not np.shares_memory(x[[0, 1]].data, x.data)
    assert x[[0, 1]].version is not x.version


def test_an_array_as_index_may_change_afterwards():
    x, index = tinyconv.ones(3, requires_grad=True), np.array([0, 0])
    y = x[index]
    index[:] = 2
    y.sum().backward()
    assert x.grad.tolist() == [2, 0, 0]


def test_gradients_keep_the_dtype():
    x = tinyconv.ones(4, requires_grad=True)
    x[np.array([0, 0])].sum().backward()
    assert x.grad.dtype == np.float32
    assert x.grad.tolist() == [2, 0, 0, 0]


@pytest.mark.parametrize(
    ("index", "kind", "message"),
    [
        (3, ShapeError, r"getitem: the index does not fit a tensor of shape \(3, 4\): .*out of bounds"),
        ((0, 0, 0), ShapeError, "too many indices"),
        ([0, 7], ShapeError, "out of bounds"),
        (np.zeros(5, bool), ShapeError, "boolean index did not match"),
        (([0, 1], [0, 1, 2]), ShapeError, "could not be broadcast"),
        ("a", ShapeError, "only integers, slices"),
        (np.array([0.5]), DTypeError, "getitem: an index is float64; it must be of whole numbers or bool"),
        ([0.5], DTypeError, "an index is float64"),
        ([[0], [0, 1]], ShapeError, r"getitem: the index \[\[0\], \[0, 1\]\] must have rows of equal lengths"),
        (T([1.0]), DTypeError, "an index is float32"),
    ],
)
def test_refused(index, kind, message):
    with pytest.raises(kind, match=message):
        tinyconv.ones(3, 4)[index]
