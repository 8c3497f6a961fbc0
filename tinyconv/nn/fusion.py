"""Layers that follow one another, run in fewer passes over memory where nobody can tell.

Fused are, on the `numba` engine, Conv2d - ReLU [- MaxPool2d] [- Dropout], BatchNorm2d - ReLU and Tanh - AvgPool2d.
Whoever looks (a forward hook, an observer of operations, another engine) gets every layer apart.
"""

from __future__ import annotations

from collections.abc import Sequence

from tinyconv import observe
from tinyconv.backend import current_engine
from tinyconv.errors import TinyconvError
from tinyconv.tensor import Tensor

from .activation import ReLU, Tanh
from .conv import Conv2d
from .dropout import Dropout
from .module import Module
from .norm import BatchNorm2d
from .pool import AvgPool2d, MaxPool2d

PAIRS = (Conv2d, ReLU), (BatchNorm2d, ReLU), (Tanh, AvgPool2d)


def run(x: Tensor, *layers: Module) -> Tensor:
    """f_n(... f_2(f_1(x))): one layer after the other, and those together that can be"""
    i = 0
    while i < len(layers):
        count = together(layers[i:], x)
        if count > 1:
            try:
                x = layers[i](x, *layers[i + 1 : i + count])
            except TinyconvError:  # to be raised by the layer that it is about
                count = 1
                x = layers[i](x)
        else:
            x = layers[i](x)
        i += count
    return x


def together(layers: Sequence[Module], x: Tensor) -> int:
    """How many of the layers, from the first on, can be done at once."""
    kinds = tuple(map(type, layers[:2]))
    if kinds not in PAIRS or not unseen(layers[0], x):
        return 1
    count = 2
    if kinds == (Conv2d, ReLU):
        for kind in (MaxPool2d, Dropout):
            count += len(layers) > count and type(layers[count]) is kind
    return count if all(unseen(layer, x) for layer in layers[1:count]) else 1


def unseen(layer: Module, x: Tensor) -> bool:
    """Does nobody look at what goes into this layer and comes out of it?"""
    return (
        not layer._forward_hooks
        and not observe.layers_apart()
        and not getattr(layer, "return_indices", False)  # a pooling that is asked where its winners were
        and getattr(layer, "plain", True)  # the mean over each window alone
        and isinstance(x, Tensor)
        and x.dtype.kind == "f"
        and current_engine(x.data) == "numba"
    )
