"""Activations and arithmetic: a factor, a sign, a use that was forgotten."""

from __future__ import annotations

import numpy as np

from tinyconv.ops import abs, log, mul, relu, sigmoid, tanh, where
from tinyconv.tensor import Tensor, record

from . import exhibit

X = (4, 3)


def positive(x: np.ndarray) -> np.ndarray:
    return np.abs(x) + 0.5


@exhibit(
    X,
    X,
    right=lambda a, b: a - b,
    hint="Only the sign is wrong",
    symptom="The loss rises; with the other sign of everything after, it falls, and one input learns backwards.",
)
def sign_forgotten(a: Tensor, b: Tensor) -> Tensor:
    """y = a - b, but db = dy."""
    return record("sub", a.data - b.data, (a, lambda dy: dy), (b, lambda dy: dy))


@exhibit(
    X,
    right=lambda x: x * x,
    hint="one of two uses",
    symptom="Half the gradient; nobody notices.",
)
def one_of_two_uses_forgotten(x: Tensor) -> Tensor:
    """x is used twice, and dx counts one of them."""
    return mul(x, x.detach())


@exhibit(
    X,
    right=lambda x: 3 * x * x * x,
    hint="added twice",
    symptom="A shared layer learns with twice its learning rate.",
)
def accumulated_twice(x: Tensor) -> Tensor:
    """dx is added to the gradient by the operation and by the tape."""
    return record("cube", 3 * x.data**3, (x, lambda dy: 18 * dy * x * x))


@exhibit(
    (4, 30),
    right=relu,
    hint="numbers where the derivative is zero",
    symptom="Trains, for the straight-through gradient often does, but filters that are off come back on.",
)
def relu_lets_everything_through(x: Tensor) -> Tensor:
    """dx = dy, also where x < 0."""
    return record("relu", np.maximum(x.data, 0), (x, lambda dy: dy))


@exhibit(
    X,
    right=abs,
    hint="Right if x were",
    symptom="Where x is negative the loss is pushed up.",
    prepare=lambda x: -positive(x) * np.array([1.0, -1, 1]),
)
def absolute_value_at_the_wrong_place(x: Tensor) -> Tensor:
    """dx takes the sign of y, which has none."""
    return record("abs", np.abs(x.data), (x, lambda dy, y: dy * Tensor(np.sign(y.data))))


@exhibit(
    X,
    right=sigmoid,
    hint="factor (1 - y) is missing",
    symptom="Saturated units go on learning; outputs run to 0 and 1.",
)
def sigmoid_without_one_minus_y(x: Tensor) -> Tensor:
    """dx = dy y instead of dy y (1 - y)."""
    return record("sigmoid", sigmoid(x).data, (x, lambda dy, y: dy * y))


@exhibit(
    X,
    right=tanh,
    hint="factor (1 + y) is missing",
    symptom="Negative activations learn faster than positive ones.",
)
def tanh_without_the_square(x: Tensor) -> Tensor:
    """dx = dy (1 - y) instead of dy (1 - y^2)."""
    return record("tanh", tanh(x).data, (x, lambda dy, y: dy * (1 - y)))


@exhibit(
    X,
    right=lambda x: log(x) / np.log(10),
    hint="ln 10",
    symptom="The gradient is 2.3 times too large.",
    prepare=positive,
)
def logarithm_of_the_wrong_base(x: Tensor) -> Tensor:
    """dx = dy / x for y = log10(x)."""
    return record("log10", np.log10(x.data), (x, lambda dy: dy / x))


@exhibit(
    X,
    right=lambda x: x * x * x,
    hint="overwritten in place",
    symptom="Right alone, wrong in a net that saves memory; the gradients of some layers are huge.",
)
def saved_array_overwritten(x: Tensor) -> Tensor:
    """y is written into the memory of x, and backward reads x there."""
    buffer = x.data.copy()  # stands for the memory that x and y share
    buffer **= 3
    kept = Tensor(buffer)
    return record("cube", x.data**3, (x, lambda dy: 3 * dy * kept * kept))


@exhibit(
    X,
    right=lambda x: x * x,
    hint="single precision",
    symptom="Checks with loose tolerances pass; long sums and small learning rates lose their last digits.",
)
def rounded_to_single_precision(x: Tensor) -> Tensor:
    """dx is computed in float32, though everything is float64."""

    def rule(dy: Tensor) -> Tensor:
        return (2 * dy * x).float().double()

    return record("square", x.data**2, (x, rule))


@exhibit(
    (),
    right=lambda x: 2 * x,
    hint="not linear in dy",
    symptom="Right while the loss falls, wrong as soon as a sum of losses has one of negative weight.",
)
def not_linear_in_dy(x: Tensor) -> Tensor:
    """dx has the absolute value of dy."""
    return record("double", 2 * x.data, (x, lambda dy: where(dy > 0, 2 * dy, -2 * dy)))


@exhibit(
    X,
    right=lambda x: x * x,
    hint="a term without dy",
    symptom="Weights shrink twice as fast as the optimiser was told, the more layers share them the faster.",
)
def weight_decay_in_the_gradient(x: Tensor) -> Tensor:
    """dx has the penalty's gradient added, which the optimiser adds too."""
    return record("square", x.data**2, (x, lambda dy: 2 * dy * x + 0.01 * x))
