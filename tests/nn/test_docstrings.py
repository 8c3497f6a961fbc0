"""Every layer says what it computes, of which shapes, and where that is from."""

import inspect
import re

import pytest

from tinyconv import nn
from tinyconv.nn import activation

CONTAINERS = {"Module", "ModuleDict", "ModuleList", "Parameter", "Sequential"}
# No more than their equation: nobody invented them.
OBVIOUS = {"CircularPad2d", "ConstantPad2d", "Flatten", "Identity", "ReflectionPad2d", "ReplicationPad2d", "ZeroPad2d"}
LAYERS = [layer for layer in vars(nn).values() if inspect.isclass(layer) and layer.__name__ not in CONTAINERS]


@pytest.mark.parametrize("layer", LAYERS, ids=[layer.__name__ for layer in LAYERS])
def test_equation_shapes_source(layer):
    text = inspect.getdoc(layer)
    assert "=" in text, "no equation"
    where = inspect.getdoc(activation) if layer.__module__ == activation.__name__ else text
    assert re.search(r"\((N|\.\.\.|M)\b|\(\.\.\.|any shape|any arguments|outputs ", where), "no shapes"
    if layer.__name__ not in OBVIOUS:
        assert re.search(r"\b(18|19|20)\d\d\b", text), "no source"
