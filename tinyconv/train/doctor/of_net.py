"""What can be wrong with a net's outputs, layers, weights and gradients."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from tinyconv import nn

from .finding import Says, some
from .look import Activation, Look, array

# ---------------------------------------------------------------- outputs and loss


def softmax_twice(e: Look) -> Says:
    if e.logits is None or not e.has_softmax or not _are_probabilities(e.logits):
        return None
    return (
        f"each picture's {e.outputs} outputs are at least 0 and sum to 1, and the loss applies softmax to them again.",
        f"Softmax of numbers between 0 and 1 is nearly the same for all classes: the loss cannot fall below "
        f"{math.log(1 + (e.outputs - 1) / math.e):.2f}, and gradients are small.",
        "Leave out the net's last softmax; cross_entropy wants logits. For probabilities, y.softmax(1) afterwards.",
    )


def log_forgotten(e: Look) -> Says:
    is_nll = e.shift is not None and abs(e.shift + 1) < 1e-3 and e.at_zero is not None and abs(e.at_zero) < 1e-6
    if e.logits is None or not is_nll or not _are_probabilities(e.logits):
        return None
    return (
        f"each picture's {e.outputs} outputs are probabilities, and the loss takes them for their logarithms.",
        "It is -p instead of -ln p: a class that the net holds for impossible is hardly punished.",
        "End the net in log_softmax, or in nothing, with cross_entropy for the loss.",
    )


def _are_probabilities(y: np.ndarray) -> bool:
    return y.shape[1] > 1 and y.size > 0 and bool(y.min() >= 0) and np.allclose(y.sum(1), 1, atol=1e-3)


def outputs_squashed(e: Look) -> Says:
    if not e.has_softmax or e.last not in ("relu", "relu6", "sigmoid", "tanh"):
        return None
    return (
        f"the net's last operation is {e.last}, and the loss applies softmax to what comes out.",
        "Logits must be free to be negative and large: a bounded or rectified one keeps the net from being sure, and "
        "where it is flat nothing is learned.",
        f"Leave out the last {e.last}.",
    )


def initial_loss(e: Look) -> Says:
    """Only one that is far too high: nets that learn begin with up to 2.5 ln K, those trained elsewhere below ln K."""
    if not e.fresh or not e.is_cross_entropy or e.entropy is None or not math.isfinite(e.entropy):
        return None
    expected = math.log(e.outputs)
    if e.entropy <= 3 * expected + 1 or _are_bytes_or_worse(e):
        return None
    assert e.logits is not None
    return (
        f"before the first step the loss is {e.entropy:.3g}; a net that knows nothing and does not pretend to has "
        f"ln {e.outputs} = {expected:.2f}. Its logits have standard deviation {e.logits.std():.3g}.",
        "The net is sure of wrong answers. The first epochs go into unlearning that, with too large gradients.",
        "Check the pictures' scale and the initial weights: nn.init.kaiming_normal_ for layers before a ReLU, a small "
        "or zero weight in the last layer, batch norm in between.",
    )


def _are_bytes_or_worse(e: Look) -> bool:
    """Pictures of a wrong scale explain the loss; they are a finding of their own."""
    return e.images is not None and e.images.size > 0 and float(np.abs(e.images).max()) > 20


def loss_summed(e: Look) -> Says:
    N = 0 if e.logits is None else len(e.logits)
    if N < 2 or not e.has_softmax or e.at_zero is None or not np.isclose(e.at_zero, N * math.log(e.outputs), rtol=1e-3):
        return None
    return (
        f"the loss of a batch of {N} is {N} times its mean: it is a sum over the pictures.",
        "Steps grow with the batch, and learning rates of papers do not fit.",
        'Take the mean: reduction="mean", the default.',
    )


def not_finite(e: Look) -> Says:
    if e.images is not None and e.images.dtype.kind == "f" and not np.isfinite(e.images).all():
        return None  # the pictures have a finding of their own
    bad = [path for path, g in e.gradients.items() if g is not None and not np.isfinite(g).all()]
    weights = [path for path, p in e.model.named_parameters() if not np.isfinite(_array(p)).all()]
    if not bad and not weights and (e.loss is None or math.isfinite(e.loss)):
        return None
    what = f"the gradients of {some(bad)} are" if bad else f"the loss is {e.loss}, which is"
    return (
        f"the weights of {some(weights)} are not finite." if weights else f"{what} not finite.",
        "NaN and infinity spread to every weight in one step, and never leave.",
        "with tinyconv.detect_anomaly(): shows where it begins; a logarithm or root of 0, or too large weights.",
    )


# ---------------------------------------------------------------- layers


def dead_relus(e: Look) -> Says:
    """Of similar pictures half of a dense layer's units may be silent; nine tenths are not chance."""
    if e.images is None or len(e.images) < 16:
        return None
    dead = [a for a in e.activations if (a.units >= 8 and a.silent >= 0.9 * a.units) or a.silent == a.units > 1]
    if not dead:
        return None
    worst = max(dead, key=lambda a: a.silent / a.units)
    others = f" (so are most of {some([a.path for a in dead if a is not worst])})" if len(dead) > 1 else ""
    return (
        f"{worst.silent} of {worst.units} units of {worst.path} are 0 for all {len(e.images)} pictures of a "
        f"batch{others}.",
        "No gradient passes a ReLU that is 0: such units learn nothing, and do not come back.",
        "Lower the learning rate, and begin anew; if it is so from the start, look at the scale of pictures and "
        "initial weights, and at biases far below 0. LeakyReLU or batch norm before the ReLU help.",
    )


def saturated_units(e: Look) -> Says:
    full = [a for a in e.activations if a.flat > 0.95 and a.units > 1]
    if not full or not e.fresh:
        return None
    worst: Activation = max(full, key=lambda a: a.flat)
    return (
        f"{worst.flat:.0%} of the outputs of {worst.path} ({worst.operation}) are at the ends of its range.",
        "There it is flat, and hardly any gradient passes.",
        "Smaller initial weights (nn.init.xavier_uniform_), and pictures of mean 0 and standard deviation 1.",
    )


def batch_of_one(e: Look) -> Says:
    if e.images is None or len(e.images) != 1 or not norms_of_batches(e.model):
        return None
    return (
        f"the batch has one picture, and the net has batch norm ({some(norms_of_batches(e.model))}).",
        "Mean and variance of one picture say nothing about the others: what is learned does not hold in evaluation.",
        "Larger batches, or GroupNorm.",
    )


def norms_of_batches(model: nn.Module) -> list[str]:
    """The paths of layers that take statistics over the batch, and do so in training mode."""
    kinds = (nn.BatchNorm1d, nn.BatchNorm2d)
    return [path for path, m in model.named_modules() if isinstance(m, kinds) and not m.stays_in_evaluation]


# ---------------------------------------------------------------- gradients and weights


def nothing_to_learn(e: Look) -> Says:
    if e.gradients or e.failure is not None:
        return None
    return (
        "no parameter of the net requires a gradient.",
        "Nothing will be learned.",
        "unfreeze(model, '*'), or the part that is to be learned.",
    )


def no_gradient(e: Look) -> Says:
    missing = [path for path, g in e.gradients.items() if g is None]
    if not missing or e.failure is not None:
        return None
    return (
        f"no gradient reaches {some(missing)}.",
        "They stay as they were drawn.",
        "The path from them to the loss is cut: detach(), numpy(), no_grad() or argmax on the way, an output that the "
        "loss does not use, or a layer that forward() never calls. What is not to be learned: freeze(model, ...).",
    )


def symmetric_units(e: Look) -> Says:
    """Equal weights alone may yet part: a last layer of zeros learns well."""
    same = list(_symmetric(e))
    if not same:
        return None
    return (
        f"all units of {some(same)} have the same weights, and the same gradients.",
        "They stay the same for ever: the layer does no more than one unit could.",
        "Draw the weights at random (nn.init.kaiming_normal_, or what the layer does by itself); zeros are for biases.",
    )


def _symmetric(e: Look) -> Iterator[str]:
    for path, module in e.model.named_modules():
        own: dict[str, Any] = {name: vars(module).get(name) for name in ("weight", "bias")}
        if own["weight"] is None or own["weight"].ndim < 2 or len(own["weight"]) < 2:
            continue
        arrays = []
        for name, p in own.items():
            if p is not None:
                arrays += [_array(p), e.gradients.get(f"{path}.{name}" if path else name)]
        if all(x is not None and (x == x[:1]).all() for x in arrays):
            yield path or "the net"


def _array(p: Any) -> np.ndarray:
    x = array(p)
    assert x is not None  # a Tensor has one
    return x


CHECKS = (
    softmax_twice,
    log_forgotten,
    outputs_squashed,
    loss_summed,
    not_finite,
    initial_loss,
    dead_relus,
    saturated_units,
    batch_of_one,
    nothing_to_learn,
    no_gradient,
    symmetric_units,
)
