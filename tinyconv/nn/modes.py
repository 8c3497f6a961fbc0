"""Training and evaluation for a while."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from .module import Module


@contextmanager
def modes_kept(net: Module) -> Iterator[None]:
    """What `train()` and `eval()` do to any part of the net in here is undone: some may have been set by hand."""
    modes = [(module, module.training) for module in net.modules()]
    try:
        yield
    finally:
        for module, training in modes:
            module.training = training
