"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyconv.errors import ArgumentError

from .module import Module


class Sequential(Module):
    """One module after the other:  y = f_n(... f_2(f_1(x))).

    Sequential(conv, relu) names its parts "0", "1"; Sequential({"conv": conv, "relu": relu}) as it says.
    It can be iterated over, indexed and sliced; a slice shares its parts.
    """

    def __init__(self, *modules: Module | Mapping[str, Module]):
        first: Any = modules[0] if len(modules) == 1 else None
        parts = first if isinstance(first, Mapping) else dict(enumerate(modules))
        for name, module in parts.items():
            if not isinstance(module, Module):
                problem = f"part {name!r} is {type(module).__name__}, not a Module: ReLU() is one, ReLU a class."
                raise ArgumentError("Sequential", problem)
            setattr(self, str(name), module)

    def forward(self, x: Any) -> Any:
        for module in self:
            x = module(x)
        return x

    def __len__(self) -> int:
        return len(self._owned(Module))

    def __iter__(self) -> Iterator[Module]:
        return (module for _, module in self._owned(Module))  # also a part that comes twice

    def __getitem__(self, index: int | slice) -> Module:
        parts = self._owned(Module)
        if isinstance(index, slice):
            return Sequential(dict(parts[index]))
        try:
            return parts[index][1]
        except IndexError:
            raise ArgumentError("Sequential", f"there is no part {index}; it has {len(self)}.") from None
