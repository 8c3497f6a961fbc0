"""What is known of the models from elsewhere: numbers of parameters, in two conventions."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from tinyconv import models, nn


@dataclass(frozen=True)
class Facts:
    """Never from the code under test: from the paper, from what people quote, or counted by hand in a comment.

    parameters  everything that is learned, without moving statistics
    keras       the count that Keras prints, None where it has no such model
    as_keras    how that differs: "statistics", two for each channel of a batch norm, are in it; "biases", one for each
                filter of a convolution without; "no scales": its batch norms have none
    options     for models.create, other than the paper's
    """

    parameters: int
    keras: int | None = None
    as_keras: tuple[str, ...] = ()
    options: dict[str, Any] = field(default_factory=dict)


@cache
def facts() -> dict[str, Facts]:
    """name -> what is known of it; the tables of all files facts_*.py together"""
    found: dict[str, Facts] = {}
    for module in pkgutil.iter_modules(__import__("zoo").__path__, "zoo."):
        if module.name.startswith("zoo.facts_"):
            found |= importlib.import_module(module.name).FACTS
    return found


def counts(name: str) -> dict[str, int]:
    """What there is in the model: parameters, statistics, biases that are missing, scales."""
    with nn.init.skipped():
        model = models.create(name, **facts()[name].options)
    norms = [m for m in model.modules() if isinstance(m, nn.BatchNorm2d)]
    return {
        "parameters": sum(p.numel() for p in model.parameters()),
        "statistics": sum(2 * m.num_features for m in norms),
        "biases": sum(m.out_channels for m in model.modules() if isinstance(m, nn.Conv2d) and m.bias is None),
        "no scales": -sum(m.num_features for m in norms if m.weight is not None),
    }
