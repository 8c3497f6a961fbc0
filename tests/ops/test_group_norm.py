"""Layer, group and instance normalisation: by hand, PyTorch's, running statistics, single values, bad input."""

import numpy as np
import pytest
from torch_twin import assert_twins

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops.group_norm import group_norm, instance_norm, layer_norm, standardise
from tinyconv.ops.norm import batch_norm
from tinyconv.tensor import Tensor, grad

# ---------------------------------------------------------------- by hand

X = np.array([[[[1.0, 3.0]], [[5.0, 7.0]]], [[[2.0, 2.0]], [[6.0, 10.0]]]])  # (2, 2, 1, 2)
WEIGHT, BIAS = np.array([2.0, 10.0]), np.array([0.5, -1.0])


def test_instance_norm_by_hand(engine):
    """Means 2, 6, 2, 8 and variances 1, 1, 0, 4 of the four channels; eps = 5 makes roots 3 of 4 + 5."""
    y = instance_norm(X, None, None, WEIGHT, BIAS, eps=5.0)
    a, b = 1 / np.sqrt(6), 2 / 3
    expected = [
        [[[-2 * a + 0.5, 2 * a + 0.5]], [[-10 * a - 1, 10 * a - 1]]],
        [[[0.5, 0.5]], [[-10 * b - 1, 10 * b - 1]]],
    ]
    np.testing.assert_allclose(y.data, expected, rtol=1e-14)


def test_group_norm_of_one_group_by_hand(engine):
    """The first picture's mean is 4, its variance (9 + 1 + 1 + 9)/4 = 5; the second's 5 and (9 + 9 + 1 + 25)/4 = 11."""
    y = group_norm(X, 1, WEIGHT, BIAS, eps=0.0)
    first = np.array([[[-3, -1]], [[1, 3]]]) / np.sqrt(5)
    second = np.array([[[-3, -3]], [[1, 5]]]) / np.sqrt(11)
    w, b = WEIGHT.reshape(2, 1, 1), BIAS.reshape(2, 1, 1)
    np.testing.assert_allclose(y.data, [first * w + b, second * w + b], rtol=1e-14)


def test_layer_norm_by_hand(engine):
    """Rows 1, 3 and 10, 10 with eps = 3: (1 - 2)/sqrt(1 + 3) and 0; each element has a weight of its own."""
    y = layer_norm(np.array([[1.0, 3.0], [10.0, 10.0]]), 2, WEIGHT, BIAS, eps=3.0)
    np.testing.assert_allclose(y.data, [[-0.5, 4.0], [0.5, -1.0]], rtol=1e-15)


def test_they_are_one_another_at_the_ends(engine, rng):
    x = rng.standard_normal((3, 4, 5, 2))
    np.testing.assert_allclose(group_norm(x, 4).data, instance_norm(x).data, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(group_norm(x, 1).data, layer_norm(x, (4, 5, 2)).data, rtol=1e-12, atol=1e-13)
    one = x[:1]
    same = batch_norm(one, None, None, training=True)
    np.testing.assert_allclose(instance_norm(one).data, same.data, rtol=1e-12, atol=1e-13)


# ---------------------------------------------------------------- beside PyTorch


@pytest.mark.parametrize("shape", [(2, 6, 3, 4), (3, 6, 5), (1, 6, 1, 2)], ids=str)
@pytest.mark.parametrize("groups", [1, 2, 3, 6])
def test_group_norm_is_pytorchs(engine, rng, shape, groups):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    arrays = 2 + 3 * rng.standard_normal(shape), rng.standard_normal(6), rng.standard_normal(6)
    theirs = torch.nn.functional.group_norm
    assert_twins(rng, lambda *a: group_norm(a[0], groups, *a[1:]), lambda *a: theirs(a[0], groups, *a[1:]), *arrays)


@pytest.mark.parametrize("shape", [(2, 3, 3, 4), (3, 2, 5)], ids=str)
def test_instance_norm_is_pytorchs(engine, rng, shape):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    theirs = torch.nn.functional.instance_norm
    assert_twins(
        rng,
        lambda x, w, b: instance_norm(x, None, None, w, b, eps=0.1),
        lambda x, w, b: theirs(x, None, None, w, b, eps=0.1),
        2 + 3 * rng.standard_normal(shape),
        rng.standard_normal(shape[1]),
        rng.standard_normal(shape[1]),
    )


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_layer_norm_is_pytorchs(engine, rng, axes):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    shape = (2, 3, 4, 2)
    sizes = shape[-axes:]
    theirs = torch.nn.functional.layer_norm
    arrays = 2 + 3 * rng.standard_normal(shape), rng.standard_normal(sizes), rng.standard_normal(sizes)
    assert_twins(rng, lambda *a: layer_norm(a[0], sizes, *a[1:]), lambda *a: theirs(a[0], sizes, *a[1:]), *arrays)


def test_the_gradients_are_the_same_with_and_without_recording(engine, rng):
    x = Tensor(rng.standard_normal((5, 7)), requires_grad=True)
    y, dy = standardise(x, 0.1), rng.standard_normal((5, 7))
    (fused,) = grad(y, x, dy, retain_graph=True)
    (recorded,) = grad(y, x, dy, create_graph=True)
    assert recorded.requires_grad and not fused.requires_grad
    np.testing.assert_allclose(fused.data, recorded.data, rtol=1e-12, atol=1e-13)


# ---------------------------------------------------------------- running statistics of instance norm


def test_running_statistics_are_pytorchs(engine, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours = Tensor(np.zeros(3)), Tensor(np.ones(3))
    theirs = torch.zeros(3, dtype=torch.float64), torch.ones(3, dtype=torch.float64)
    for _ in range(3):
        x = 5 + 2 * rng.standard_normal((4, 3, 2, 5))
        instance_norm(x, *ours, momentum=0.3)
        torch.nn.functional.instance_norm(torch.tensor(x), *theirs, momentum=0.3)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.data, b.numpy(), rtol=1e-12)
    x = rng.standard_normal((2, 3, 2, 2))
    y = instance_norm(x, *ours, use_input_stats=False)
    z = torch.nn.functional.instance_norm(torch.tensor(x), *theirs, use_input_stats=False)
    np.testing.assert_allclose(y.data, z.numpy(), rtol=1e-12)
    np.testing.assert_allclose(ours[0].data, theirs[0].numpy(), rtol=1e-12)


def test_no_pictures_leave_the_running_statistics_alone(engine):
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    assert instance_norm(np.zeros((0, 3, 2, 2)), mean, var).shape == (0, 3, 2, 2)
    assert (mean.tolist(), var.tolist()) == ([0, 0, 0], [1, 1, 1])


def test_bad_input_leaves_the_running_statistics_alone():
    mean, var = Tensor(np.zeros(3)), Tensor(np.ones(3))
    with pytest.raises(ShapeError, match="bias has shape"):
        instance_norm(np.ones((2, 3, 2, 2)), mean, var, None, np.ones(2))
    assert (mean.tolist(), var.tolist()) == ([0, 0, 0], [1, 1, 1])


# ---------------------------------------------------------------- numbers at the edge


def test_a_single_value_is_its_own_mean(engine):
    y = layer_norm(np.array([[3.0], [4.0]]), 1, np.array([2.0]), np.array([0.5]))
    np.testing.assert_array_equal(y.data, 0.5)


def test_a_mean_of_1e4_in_float32(engine, rng):
    x = (1e4 + rng.standard_normal((4, 3, 6, 6))).astype(np.float32)
    exact = x.astype(np.float64)
    mean, var = exact.mean((1, 2, 3), keepdims=True), exact.var((1, 2, 3), keepdims=True)
    np.testing.assert_allclose(group_norm(x, 1).data, (exact - mean) / np.sqrt(var + 1e-5), atol=1e-3)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda x: layer_norm(x, 3), ShapeError, r"layer_norm: input .* must be normalized_shape, \(3,\)"),
        (lambda x: layer_norm(x, ()), ShapeError, r"layer_norm: input .* must be normalized_shape, \(\)"),
        (lambda x: layer_norm(x, 2, np.ones(3)), ShapeError, r"layer_norm: weight has shape \(3,\)"),
        (lambda x: layer_norm(x, 2, eps=-1), ArgumentError, "layer_norm: eps is -1; it must be a finite number"),
        (lambda x: group_norm(x, 4), ShapeError, r"group_norm: input .* has 6 channels, .* divide into 4 groups"),
        (lambda x: group_norm(x, 2.5), ArgumentError, "group_norm: num_groups is 2.5; it must be a whole number"),
        (lambda x: group_norm(x, 2, np.ones(6, "f4")), DTypeError, "group_norm: its inputs are float64 and float32"),
        (lambda x: instance_norm(x[:, :, :1, :1]), ShapeError, "instance_norm: input .* has 1 values a channel"),
        (lambda x: instance_norm(x[:, :, 0, 0]), ShapeError, "instance_norm: input has shape .*; it must be"),
        (
            lambda x: instance_norm(x, np.ones(6), use_input_stats=False),
            ArgumentError,
            "instance_norm: with use_input_stats=False it needs running_mean and running_var: give both",
        ),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=f"^{message}"):
        call(np.ones((2, 6, 3, 2)))
