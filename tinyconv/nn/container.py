"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .module import Module


class Sequential(Module):
    """One module after the other:  y = f_n(... f_2(f_1(x))).

    Sequential(conv, relu) names its parts "0", "1"; Sequential({"conv": conv, "relu": relu}) as it says.
    """

    def __init__(self, *modules: Module | Mapping[str, Module]):
        parts: Any = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else None
        for name, module in parts.items() if parts is not None else enumerate(modules):
            setattr(self, str(name), module)

    def forward(self, x: Any) -> Any:
        for module in self.children():
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(list(self.children()))

    def __iter__(self) -> Iterator[Module]:
        return self.children()

    def __getitem__(self, index: int | slice) -> Module:
        parts = list(self.named_children())
        if isinstance(index, slice):
            return Sequential(dict(parts[index]))
        return parts[index][1]
