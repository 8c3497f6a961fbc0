"""Modules made of modules."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tensor import Tensor

from .fusion import run, unseen
from .module import Module
from .norm import BatchNorm2d


class Sequential(Module):
    """One module after the other:  y = f_n(... f_2(f_1(x))).

    Sequential(conv, relu) names its parts "0", "1"; Sequential({"conv": conv, "relu": relu}) as it says.
    It can be iterated over, indexed and sliced; a slice shares its parts.
    """

    def __init__(self, *modules: Module | Mapping[str, Module]):
        for name, module in named_parts("Sequential", modules).items():
            setattr(self, name, module)

    def forward(self, x: Any) -> Any:
        return run(x, *self)

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


def named_parts(owner: str, modules: tuple) -> dict[str, Module]:
    """f(a, b) names its parts "0" and "1"; f({"conv": a, "relu": b}) as it says."""
    mapping: Any = modules[0] if len(modules) == 1 and isinstance(modules[0], Mapping) else dict(enumerate(modules))
    for name, module in mapping.items():
        if not isinstance(module, Module):
            problem = f"part {name!r} is {type(module).__name__}, not a Module: ReLU() is one, ReLU a class."
            raise ArgumentError(owner, problem)
    return {str(name): module for name, module in mapping.items()}


class Residual(Module):
    """y = body(x) + shortcut(x), or body(x) + x without a shortcut.   He et al. 2016, arXiv:1512.03385, eq. 1 and 2

    x (N, C, H, W)  ->  y, body(x) and shortcut(x), all of one shape
    body      a Module; if it is a Sequential that ends in batch norm, the sum is formed in the same pass
    shortcut  a Module that gives x the shape of body(x); ShapeError if it does not
    relu      y is made at least 0

    The parts are named "body" and "shortcut". Residual({"conv": conv, "bn": bn}, {"downsample": conv1x1}) gives them
    other names: the body is a sequence of parts that belong to the Residual itself.
    """

    def __init__(
        self,
        body: Module | Mapping[str, Module],
        shortcut: Module | Mapping[str, Module] | None = None,
        relu: bool = False,
    ):
        for name, part in (("body", body), ("shortcut", shortcut)):
            if not isinstance(part, (Module, Mapping)) and (part is not None or name == "body"):
                raise ArgumentError("Residual", f"{name} is {type(part).__name__}, not a Module.")
        parts = _by_name("body", body), {} if shortcut is None else _by_name("shortcut", shortcut)
        self._body, self._shortcut = map(tuple, parts)
        for name, part in (parts[0] | parts[1]).items():
            setattr(self, name, part)
        self.ends_in_relu = bool(relu)

    def forward(self, x: Tensor) -> Tensor:
        added = x
        for name in self._shortcut:
            added = getattr(self, name)(added)
        layers = [getattr(self, name) for name in self._body]
        if len(layers) == 1 and type(layers[0]) is Sequential and unseen(layers[0], x):
            layers = list(layers[0])
        if type(layers[-1]) is BatchNorm2d and unseen(layers[-1], x):
            y = run(x, *layers[:-1])
            _check_sum(y, added)
            return layers[-1](y, residual=added, relu=self.ends_in_relu)
        y = run(x, *layers)
        _check_sum(y, added)
        y = y + added
        return y.relu() if self.ends_in_relu else y

    def extra_repr(self) -> str:
        return "relu=True" if self.ends_in_relu else ""


def _by_name(name: str, part: Module | Mapping[str, Module]) -> dict[str, Module]:
    return {name: part} if isinstance(part, Module) else named_parts("Residual", (part,))


def _check_sum(y: Tensor, added: Tensor) -> None:
    """Broadcasting would hide a shortcut that lacks pixels or channels."""
    if y.shape != added.shape:
        cure = "Give a shortcut that makes them equal, such as Conv2d(C, F, 1, stride)."
        raise ShapeError("Residual", f"the body gives {y.shape}, the shortcut {added.shape}. {cure}")
