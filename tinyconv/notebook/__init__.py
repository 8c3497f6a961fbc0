"""What tensors, modules and histories look like in a notebook."""

from __future__ import annotations

from tinyconv.nn.module import Module
from tinyconv.ops.methods import attach
from tinyconv.tensor import Tensor


def tensor_html(x: Tensor) -> str:
    """A tensor as HTML: its numbers, coloured by sign, or its pictures, or how its numbers are distributed."""
    from .tensors import html

    return html(x)


def module_html(module: Module) -> str:
    """A module as HTML: its layers as a table, folded up if there are many."""
    from .modules import html

    return html(module)


attach("_repr_html_", tensor_html)
Module._repr_html_ = module_html  # type: ignore[attr-defined]

__all__ = ["module_html", "tensor_html"]
