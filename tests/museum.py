"""A museum of wrong backward passes: forward is right, and somebody, somewhere, has made the mistake."""

import numpy as np

from tinyconv import random, tensor
from tinyconv.geometry import Window
from tinyconv.ops.arithmetic import mul, sqrt, where
from tinyconv.ops.conv import conv2d, conv2d_input, conv2d_weight
from tinyconv.ops.matmul import matmul
from tinyconv.ops.pool import avg_pool2d, max_pool2d
from tinyconv.ops.reduce import mean, sum, var
from tinyconv.ops.shape import expand, permute, reshape, transpose
from tinyconv.tensor import Tensor, grad, record

WINDOW = Window.of("conv2d", (3, 2))
EXHIBITS = {}


def exhibit(*shapes, **options):
    """Show a function of arrays of these shapes; `positive`, or `tied` so that some elements are equal."""

    def decorate(function):
        name = function.__name__.removeprefix("_").replace("_", " ")
        EXHIBITS[name] = (function, shapes, options)
        return function

    return decorate


def inputs_of(shapes, rng, positive=False, tied=False):
    """Random leaves; tied ones have a maximum that occurs twice in one of many windows."""
    arrays = [rng.standard_normal(shape) for shape in shapes]
    if positive:
        arrays = [np.abs(x) + 0.5 for x in arrays]
    if tied:
        arrays[0][0, 0, 0, :2] = 5.0
    return [tensor(x, requires_grad=True) for x in arrays]


# ---------------------------------------------------------------- convolution


@exhibit((2, 3, 5, 4), (4, 3, 3, 2))
def kernel_not_flipped(x, w):
    flipped = Tensor(w.data[:, :, ::-1, ::-1])
    y = conv2d(x, w).data
    return record("conv2d", y, (x, lambda dy: conv2d_input(dy, flipped, WINDOW, x.shape)))


@exhibit((2, 3, 5, 4), (4, 3, 3, 2))
def batch_averaged_in_the_weight_gradient(x, w):
    return record("conv2d", conv2d(x, w).data, (w, lambda dy: conv2d_weight(dy, x, WINDOW) / len(x)))


@exhibit((2, 3, 5, 4), (4, 3, 3, 2), (4,))
def batch_sum_missing_in_the_bias_gradient(x, w, b):
    return record("conv2d", conv2d(x, w, b).data, (b, lambda dy: sum(dy[0], (1, 2))))


@exhibit((2, 3, 5, 4), (3, 3, 3, 2))
def channels_exchanged(x, w):
    exchanged = Tensor(w.data.swapaxes(0, 1))
    return record("conv2d", conv2d(x, w).data, (x, lambda dy: conv2d_input(dy, exchanged, WINDOW, x.shape)))


# ---------------------------------------------------------------- softmax and normalisation


def softmax_array(x):
    e = np.exp(x - x.real.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


@exhibit((3, 5))
def softmax_gradient_zero(x):
    return record("softmax", softmax_array(x.data), (x, lambda dy: dy * 0))


@exhibit((3, 5))
def softmax_diagonal_only(x):
    return record("softmax", softmax_array(x.data), (x, lambda dy, y: dy * y * (1 - y)))


@exhibit((3, 5))
def log_softmax_without_the_sum(x):
    return record("log_softmax", np.log(softmax_array(x.data)), (x, lambda dy, y: dy - y.exp() * dy))


@exhibit((3, 5))
def cross_entropy_not_divided_by_the_batch(x):
    p = Tensor(softmax_array(x.data))
    labels = np.eye(5)[[0, 3, 1]]
    loss = -(np.log(p.data) * labels).sum() / 3
    return record("cross_entropy", loss, (x, lambda dy: dy * (p - Tensor(labels))))


def normalised(x):
    return ((x - mean(x, 0)) / sqrt(var(x, 0, correction=0) + 1e-5)).data


@exhibit((6, 3))
def batch_norm_gradient_zero(x):
    return record("batch_norm", normalised(x), (x, lambda dy: dy * 0))


@exhibit((6, 3))
def batch_norm_mean_path_dropped(x):
    r = 1 / sqrt(var(x, 0, correction=0) + 1e-5).detach()
    return record("batch_norm", normalised(x), (x, lambda dy, y: r * (dy - y * mean(dy * y, 0))))


@exhibit((6, 3))
def batch_norm_variance_path_dropped(x):
    r = 1 / sqrt(var(x, 0, correction=0) + 1e-5).detach()
    return record("batch_norm", normalised(x), (x, lambda dy: r * (dy - mean(dy, 0))))


# ---------------------------------------------------------------- pooling and dropout


@exhibit((2, 2, 6, 8), tied=True)
def pool_ties_counted_twice(x):
    y = max_pool2d(x, 2).data
    winners = Tensor((x.data == y.repeat(2, 2).repeat(2, 3)).astype(float))
    spread = (2, 2, 3, 2, 4, 2)

    def every_winner(dy):
        return reshape(expand(reshape(dy, 2, 2, 3, 1, 4, 1), spread), x.shape) * winners

    return record("max_pool2d", y, (x, every_winner))


@exhibit((1, 2, 4, 6))
def average_pool_not_divided(x):
    right = avg_pool2d(x, 2)
    return record("avg_pool2d", right.data, (x, lambda dy: 4 * pulled_back(right, x, dy)))


@exhibit((4, 9))
def mask_drawn_anew(x):
    keep = random.stream("dropout").random(x.shape) < 0.5

    def rule(dy):
        return dy * Tensor((random.stream("dropout").random(x.shape) < 0.5) * 2.0)

    return record("dropout", x.data * keep * 2, (x, rule))


@exhibit((4, 9))
def dropout_scale_missing(x):
    keep = Tensor((random.stream("dropout").random(x.shape) < 0.5).astype(float))
    return record("dropout", x.data * keep.data * 2, (x, lambda dy: dy * keep))


# ---------------------------------------------------------------- the small ones


@exhibit((4, 3))
def mean_as_sum(x):
    return record("mean", x.data.mean(0), (x, lambda dy: expand(dy, x.shape)))


@exhibit((4, 3), (3, 3))
def weight_not_transposed(x, w):
    return record("matmul", x.data @ w.data, (x, lambda dy: matmul(dy, w)), (w, lambda dy: matmul(transpose(x), dy)))


@exhibit((4, 3), (3,))
def broadcast_sum_missing(x, b):
    return record("add", x.data + b.data, (x, lambda dy: dy), (b, lambda dy: dy[0]))


@exhibit((4, 3), (4, 3))
def sign_forgotten(a, b):
    return record("sub", a.data - b.data, (a, lambda dy: dy), (b, lambda dy: dy))


@exhibit((4, 3))
def factor_of_two_forgotten(x):
    return record("square", x.data**2, (x, lambda dy: dy * x))


@exhibit((4, 3))
def one_of_two_uses_forgotten(x):
    return mul(x, x.detach())


@exhibit((4, 30))
def relu_lets_everything_through(x):
    return record("relu", np.maximum(x.data, 0), (x, lambda dy: dy))


@exhibit((4, 3))
def sigmoid_without_one_minus_y(x):
    return record("sigmoid", 1 / (1 + np.exp(-x.data)), (x, lambda dy, y: dy * y))


@exhibit((4, 3))
def tanh_without_the_square(x):
    return record("tanh", np.tanh(x.data), (x, lambda dy, y: dy * (1 - y)))


@exhibit((4, 3), positive=True)
def logarithm_of_the_wrong_base(x):
    return record("log10", np.log10(x.data), (x, lambda dy: dy / x))


@exhibit((2, 3, 4))
def permuted_the_same_way_back(x):
    return record("permute", x.data.transpose(1, 2, 0), (x, lambda dy: permute(reshape(dy, 4, 2, 3), 1, 2, 0)))


@exhibit((2, 3), (2, 3))
def slices_exchanged(a, b):
    return record("cat", np.concatenate([a.data, b.data]), (a, lambda dy: dy[2:]), (b, lambda dy: dy[:2]))


@exhibit((5,))
def repeated_index_written_not_added(x):
    index = np.array([0, 2, 2, 4])

    def rule(dy):
        dx = np.zeros(5, dy.dtype)
        dx[index] = dy.data
        return Tensor(dx)

    return record("getitem", x.data[index], (x, rule))


@exhibit(())
def not_linear_in_dy(x):
    return record("double", 2 * x.data, (x, lambda dy: where(dy > 0, 2 * dy, -2 * dy)))


@exhibit((4, 3))
def constant_path_detached(x):
    return x * sum(x).detach()


def pulled_back(y, x, dy):
    """dx for a right operation, to be spoilt by its caller."""
    return grad(y, x, dy, retain_graph=True)[0]
