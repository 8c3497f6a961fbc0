"""The geometry of a sliding window: the one place that knows how large an output is."""

from __future__ import annotations

import operator
from dataclasses import dataclass, replace
from typing import Any

from .errors import ArgumentError, ShapeError

Pair = tuple[int, int]
PaddingLike = int | str | tuple


@dataclass(frozen=True, slots=True)
class Window:
    """A KH x KW window that slides over an H x W picture; shared by convolution and pooling.

    Output row oy and window row ky read input row  iy = oy*SH + ky*DH - top; columns likewise.
    `groups` splits the channels into that many independent convolutions.
    """

    size: Pair
    stride: Pair = (1, 1)
    padding: tuple[Pair, Pair] = ((0, 0), (0, 0))  # (top, bottom), (left, right)
    dilation: Pair = (1, 1)
    groups: int = 1

    @classmethod
    def of(
        cls,
        operation: str,
        size: int | Pair,
        stride: int | Pair = 1,
        padding: PaddingLike = 0,
        dilation: int | Pair = 1,
        groups: int = 1,
    ) -> Window:
        """Validate and normalise arguments as users give them: numbers, pairs, "same", "valid"."""
        size = pair(operation, "kernel_size", size, least=1)
        stride = pair(operation, "stride", stride, least=1)
        dilation = pair(operation, "dilation", dilation, least=1)
        groups = whole(operation, "groups", groups, least=1)
        if padding == "same":
            if stride != (1, 1):
                raise ArgumentError(operation, f"padding='same' needs stride 1, but stride is {stride}.")
            return cls(size, stride, _same(size, dilation), dilation, groups)
        if padding == "valid":
            padding = 0
        if isinstance(padding, str):
            raise ArgumentError(operation, f"padding is {padding!r}; use a number, a pair, 'same' or 'valid'.")
        rows, columns = _each_axis(padding)
        ends = (pair(operation, "padding", rows, least=0), pair(operation, "padding", columns, least=0))
        return cls(size, stride, ends, dilation, groups)

    @property
    def extent(self) -> Pair:
        """Input rows and columns that one window spans: D*(K - 1) + 1."""
        (KH, KW), (DH, DW) = self.size, self.dilation
        return DH * (KH - 1) + 1, DW * (KW - 1) + 1

    def out(self, H: int, W: int) -> Pair:
        """Output size  OH = floor((H + top + bottom - DH*(KH - 1) - 1) / SH) + 1,  OW likewise."""
        (top, bottom), (left, right) = self.padding
        (EH, EW), (SH, SW) = self.extent, self.stride
        return (H + top + bottom - EH) // SH + 1, (W + left + right - EW) // SW + 1

    def rounded_up(self, H: int, W: int) -> Window:
        """The window whose output size is rounded up (ceil_mode): more padding at the end completes the last window.

        As in PyTorch, only a window that begins in the picture, or in the padding before it, is added.
        """

        def lengthened(axis: int, size: int) -> Pair:
            (before, after), S = self.padding[axis], self.stride[axis]
            last, left_over = divmod(size + before + after - self.extent[axis], S)
            begins_inside = 0 <= (last + 1) * S < size + before
            return before, after + (S - left_over if left_over and begins_inside else 0)

        return replace(self, padding=(lengthened(0, H), lengthened(1, W)))

    def transposed_out(self, OH: int, OW: int, extra: Pair = (0, 0)) -> Pair:
        """The way back from an output to the smallest input that gives it:  H = (OH - 1)*SH - top - bottom + EH + extra

        Up to SH - 1 extra rows give the same OH, for `out` rounds down.
        """
        (top, bottom), (left, right) = self.padding
        (EH, EW), (SH, SW) = self.extent, self.stride
        return (OH - 1) * SH - top - bottom + EH + extra[0], (OW - 1) * SW - left - right + EW + extra[1]

    def check_fits(self, operation: str, H: int, W: int) -> Pair:
        """The output size, or a ShapeError that shows the formula with the numbers put in."""
        OH, OW = self.out(H, W)
        if OH < 1 or OW < 1:
            axis = 0 if OH < 1 else 1
            least = self.extent[axis] - sum(self.padding[axis])
            raise ShapeError(
                operation,
                f"{self} does not fit a {H}x{W} input: the output would be {OH}x{OW}. "
                f"{self.formula(axis, (H, W)[axis])}. An input at least {least} {('high', 'wide')[axis]} fits; "
                "or make the window smaller, or the padding larger.",
            )
        return OH, OW

    def formula(self, axis: int, size: int) -> str:
        """ "OH = floor((4 + 2*0 - 1*(5 - 1) - 1)/1) + 1 = 0": the output size, with the numbers put in"""
        K, S, D = self.size[axis], self.stride[axis], self.dilation[axis]
        result = self.out(size, size)[axis]
        return (
            f"O{'HW'[axis]} = floor(({size} + {self._both_ends(axis, ' + ')} - {D}*({K} - 1) - 1)/{S}) + 1 = {result}"
        )

    def transposed_formula(self, axis: int, size: int, extra: int = 0) -> str:
        """ "OH = (3 - 1)*1 - 2*3 + 1*(3 - 1) + 1 + 0 = -1": the size on the way back, with the numbers put in"""
        K, S, D = self.size[axis], self.stride[axis], self.dilation[axis]
        result = self.transposed_out(size, size, (extra, extra))[axis]
        ends = self._both_ends(axis, " - ")
        return f"O{'HW'[axis]} = ({size} - 1)*{S} - {ends} + {D}*({K} - 1) + 1 + {extra} = {result}"

    def _both_ends(self, axis: int, sign: str) -> str:
        before, after = self.padding[axis]
        return f"2*{before}" if before == after else f"{before}{sign}{after}"

    @property
    def short_padding(self) -> int | tuple:
        """One number where all four sides agree, two for rows and columns, the pairs otherwise."""
        (top, bottom), (left, right) = self.padding
        if top == bottom and left == right:
            return top if top == left else (top, left)
        return self.padding

    def __str__(self) -> str:
        (KH, KW), (SH, SW), (DH, DW) = self.size, self.stride, self.dilation
        stride = f"{SH}" if SH == SW else f"{SH}x{SW}"
        dilation = "" if (DH, DW) == (1, 1) else f", dilation {DH}x{DW}"
        return f"a {KH}x{KW} window with stride {stride}, padding {self.short_padding}{dilation}"


def whole(operation: str, name: str, value: Any, least: int) -> int:
    """`value` as a whole number that is at least `least`."""
    if not is_whole(value) or value < least:
        raise ArgumentError(operation, f"{name} is {value!r}; it must be a whole number of at least {least}.")
    return int(value)


def pair(operation: str, name: str, value: object, least: int) -> Pair:
    """`value` as two whole numbers that are at least `least`: 3 -> (3, 3), (1, 2) -> (1, 2)."""
    numbers = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    if len(numbers) != 2 or not all(is_whole(n) and n >= least for n in numbers):
        raise ArgumentError(
            operation,
            f"{name} is {value!r}; it must be a whole number, or a pair of them, of at least {least}.",
        )
    return int(numbers[0]), int(numbers[1])


def _same(size: Pair, dilation: Pair) -> tuple[Pair, Pair]:
    """Padding that keeps the size at stride 1; an odd remainder goes to the end, as in PyTorch."""
    totals = [d * (k - 1) for k, d in zip(size, dilation, strict=True)]
    (th, tw) = totals
    return (th // 2, th - th // 2), (tw // 2, tw - tw // 2)


def is_whole(n: Any) -> bool:
    """Is it an integer, of Python, NumPy or in a 0-d array? (True and False are not meant as numbers.)"""
    try:
        operator.index(n)
    except (TypeError, ValueError):  # also an array: of fractions, or of many elements
        return False
    return not isinstance(n, bool)


def _each_axis(padding: Any) -> tuple[Any, Any]:
    """1 -> (1, 1), (1, 2) -> (1, 2), ((1, 2), 0) -> ((1, 2), 0): for the rows, for the columns."""
    two = isinstance(padding, (tuple, list)) and len(padding) == 2
    return tuple(padding) if two else (padding, padding)
