"""Layers that put a border around pictures; padding is one number, or (left, right, top, bottom) as in PyTorch."""

from __future__ import annotations

from tinyconv.errors import ArgumentError
from tinyconv.geometry import is_whole
from tinyconv.ops.pad import pad
from tinyconv.tensor import Tensor

from .module import Module

Sides = int | tuple[int, int, int, int]


class _Pad2d(Module):
    mode: str

    def __init__(self, padding: Sides):
        sides = tuple(padding) if isinstance(padding, (tuple, list)) else (padding,) * 4
        if len(sides) != 4 or not all(is_whole(n) and n >= 0 for n in sides):
            problem = f"padding is {padding!r}; it must be one size of at least 0, or (left, right, top, bottom)."
            raise ArgumentError(type(self).__name__, problem)
        self.padding = sides

    def forward(self, x: Tensor) -> Tensor:
        return pad(x, self.padding, self.mode)

    def extra_repr(self) -> str:
        return str(self.padding)


class ZeroPad2d(_Pad2d):
    """y = x inside a border of zeros    (N, C, H, W) -> (N, C, top + H + bottom, left + W + right)"""

    mode = "constant"


class ConstantPad2d(_Pad2d):
    """y = x inside a border of `value`    (N, C, H, W) -> (N, C, top + H + bottom, left + W + right)"""

    mode = "constant"

    def __init__(self, padding: Sides, value: float):
        super().__init__(padding)
        self.value = value

    def forward(self, x: Tensor) -> Tensor:
        return pad(x, self.padding, self.mode, self.value)

    def extra_repr(self) -> str:
        return f"padding={self.padding}, value={self.value}"


class ReflectionPad2d(_Pad2d):
    """y = x, mirrored in its outermost pixels:  c b [a b c] b a    (N, C, H, W) -> (N, C, top + H + bottom, ...)"""

    mode = "reflect"


class ReplicationPad2d(_Pad2d):
    """y = x, its outermost pixels repeated:  a a [a b c] c c    (N, C, H, W) -> (N, C, top + H + bottom, ...)"""

    mode = "replicate"


class CircularPad2d(_Pad2d):
    """y = x, beginning anew where it ends:  b c [a b c] a b    (N, C, H, W) -> (N, C, top + H + bottom, ...)"""

    mode = "circular"
