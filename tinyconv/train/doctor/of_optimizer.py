"""What can be wrong between a net and its optimiser."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from tinyconv import nn
from tinyconv.optim import Optimizer

from .finding import Says, some


class Pair(NamedTuple):
    """A net and what is to train it.   scheduled  a schedule sets the rates"""

    model: nn.Module
    optimizer: Optimizer
    scheduled: bool = False


def not_optimised(e: Pair) -> Says:
    known = {id(p) for p in e.optimizer.parameters()}
    left = [path for path, p in e.model.named_parameters() if p.requires_grad and id(p) not in known]
    if not left:
        return None
    return (
        f"the optimiser does not have {some(left)}.",
        "They stay as they are, and their gradients are computed for nothing.",
        "Give it model.parameters(), after the last change to the model; what is not to be learned: "
        "freeze(model, ...).",
    )


def foreign_parameters(e: Pair) -> Says:
    own = {id(p) for p in e.model.parameters()}
    foreign = [p for p in e.optimizer.parameters() if id(p) not in own]
    if not foreign:
        return None
    shapes = some([str(p.shape) for p in foreign])
    return (
        f"the optimiser has {len(foreign)} tensors that are not the model's, of shapes {shapes}.",
        "They are of another model, or of a layer that was replaced; the present one is not trained.",
        "Make the optimiser after the model is complete.",
    )


def listed_twice(e: Pair) -> Says:
    path_of = {id(p): path for path, p in e.model.named_parameters()}
    counts = Counter(id(p) for p in e.optimizer.parameters())
    twice = [path_of.get(key, "a tensor of another model") for key, count in counts.items() if count > 1]
    if not twice:
        return None
    return (
        f"the optimiser has {some(twice)} more than once.",
        "Each listing makes a step: they move twice as fast, and momentum is counted twice.",
        "Each parameter in one group: parameter_groups(model, {...}) sees to it.",
    )


def zero_learning_rate(e: Pair) -> Says:
    """A group at 0 may be meant; all of them, without a schedule that raises them, are not."""
    if e.scheduled or any(group["lr"] for group in e.optimizer.param_groups):
        return None
    return "the learning rate is 0.", "Nothing is learned.", "Give the optimiser lr=..., such as 0.001 for Adam."


CHECKS = (not_optimised, foreign_parameters, listed_twice, zero_learning_rate)
