"""Pictures made larger or smaller: each axis by a matrix,  y = R_y x R_x^T."""

from __future__ import annotations

import math

import numpy as np

import tinyconv.kernels as kernels
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.geometry import Pair, pair
from tinyconv.tensor import Operand, Tensor, record

from .arguments import floating

MODES = ("nearest", "bilinear")
Scale = float | tuple[float, float]
Ratio = tuple[float, float]  # a dividend and a divisor: o * 7 / 3 is rounded once, o * (7 / 3) twice


def interpolate(
    input: Operand,
    size: int | Pair | None = None,
    scale_factor: Scale | None = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
) -> Tensor:
    """y[n,c] = R_y x[n,c] R_x^T,  where row o of R weighs the pixels around  s = (o + 1/2) H/OH - 1/2

    input x (N, C, H, W)  ->  y (N, C, OH, OW) = size, or floor(H * scale_factor), ...   Give one of the two.

    mode           "nearest": the pixel at floor(o H/OH) alone.   "bilinear": the two pixels around s, by nearness;
                   beyond the outermost centres, the outermost pixel. Making smaller does not average (as in PyTorch).
    align_corners  for "bilinear": s = o (H - 1)/(OH - 1), so that the corners' centres stay where they are
    With a scale_factor, H/OH above is 1/scale_factor.
    Raises ShapeError, ArgumentError, UnknownNameError.
    """
    x = floating(input)
    if x.ndim != 4:
        raise ShapeError("interpolate", f"input has shape {x.shape}; it must be (N, C, H, W). One picture: x[None].")
    if mode not in MODES:
        raise UnknownNameError("interpolate", "mode", mode, MODES)
    if align_corners is not None and mode == "nearest":
        raise ArgumentError("interpolate", "align_corners is for mode='bilinear'; leave it out.")
    new, steps = _sizes(x.shape[2:], size, scale_factor)
    for axis, OH, step in zip((2, 3), new, steps, strict=True):
        H = x.shape[axis]
        x = _resample(x, _nearest(H, OH, step) if mode == "nearest" else _linear(H, OH, step, align_corners), axis)
    return x


def _resample(x: Tensor, weights: np.ndarray, axis: int) -> Tensor:
    """y = R x along an axis,   dx = R^T dy        weights R (OH, H)"""
    y = kernels.resample(x.data, weights, axis)
    return record("resample", y, (x, lambda dy: _resample(dy, weights.T, axis)), axis=axis, weights=weights)


def _nearest(H: int, OH: int, step: Ratio) -> np.ndarray:
    """R (OH, H) with one 1 in each row"""
    nearest = (np.arange(OH) * step[0] / step[1]).astype(int)
    return np.eye(H)[np.minimum(nearest, H - 1)]


def _linear(H: int, OH: int, step: Ratio, align_corners: bool | None) -> np.ndarray:
    """R (OH, H) with two weights in each row, which sum to 1"""
    o = np.arange(OH)
    s = o * (H - 1) / max(OH - 1, 1) if align_corners else (o + 0.5) * step[0] / step[1] - 0.5
    s = np.clip(s, 0, H - 1)
    below = s.astype(int)
    t = (s - below)[:, None]
    return (1 - t) * np.eye(H)[below] + t * np.eye(H)[np.minimum(below + 1, H - 1)]


def _sizes(old: tuple[int, ...], size: int | Pair | None, scale: Scale | None) -> tuple[Pair, list[Ratio]]:
    """Rows and columns of the result, and how far apart they lie in the input: H/OH, as two numbers."""
    name = "interpolate"
    if (size is None) == (scale is None):
        raise ArgumentError(name, f"size is {size} and scale_factor is {scale}; give one of them.")
    if 0 in old:
        raise ShapeError(name, f"a picture of {old[0]}x{old[1]} pixels has nothing to be made larger or smaller.")
    if scale is None:
        new = pair(name, "size", size, least=1)
        return new, list(zip(old, new, strict=True))
    factors = tuple(scale) if isinstance(scale, (tuple, list)) else (scale, scale)
    if len(factors) != 2 or not all(isinstance(f, (int, float, np.number)) and 0 < f < math.inf for f in factors):
        raise ArgumentError(name, f"scale_factor is {scale!r}; it must be a number above 0, or a pair of them.")
    OH, OW = (math.floor(n * f) for n, f in zip(old, factors, strict=True))
    if min(OH, OW) < 1:
        raise ShapeError(name, f"scale_factor {scale} makes {OH}x{OW} of {old[0]}x{old[1]} pixels.")
    return (OH, OW), [(1, f) for f in factors]
