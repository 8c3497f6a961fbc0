"""Rotation, zoom, shift and shear: one affine map, one pass over the pixels."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Any

import numpy as np

from tinyconv import kernels
from tinyconv.errors import ArgumentError
from tinyconv.kernels.warp import FILL_MODES

from .arguments import choice, interval, number
from .base import Transform, check_same_size
from .pieces import INTERPOLATIONS


@dataclass(frozen=True)
class RandomAffine(Transform):
    """Each picture is sheared, zoomed, turned and shifted, by its own random amounts, about its centre.

    degrees    rotation is drawn from [-degrees, degrees], or from (lowest, highest); clockwise is positive
    translate  shift to the right and down, from [-t W, t W] and [-t H, t H], or a pair (t right, t down); not rounded
    scale      zoom from (lowest, highest): above 1 makes what is seen larger
    shear      degrees by which verticals lean, like `degrees`
    per_axis   draw the zoom of height and width apart, as Keras does, instead of one for both
    interpolation  "bilinear" (between four pixels) or "nearest"
    fill_mode  what lies outside: "constant" (`fill`), "edge" (the border pixel), "reflect" (the picture mirrored
               about its border pixels) or "wrap" (the picture again)
    fill       a grey level in the pictures' units: 0..255 for uint8, 0..1 for floating point

    Names and meaning are those of torchvision's RandomAffine, besides per_axis and fill_mode.
    """

    degrees: Any = 0.0
    translate: Any = 0.0
    scale: Any = (1.0, 1.0)
    shear: Any = 0.0
    per_axis: bool = False
    interpolation: str = "bilinear"
    fill_mode: str = "constant"
    fill: float = 0.0

    def __post_init__(self) -> None:
        # The class is frozen: fields are set past its __setattr__.
        vars(self).update(
            degrees=_range("degrees", self.degrees),
            translate=_shifts(self.translate),
            scale=interval("RandomAffine", "scale", self.scale, 1e-3, 1e3),
            shear=_range("shear", self.shear),
            fill=number("RandomAffine", "fill", self.fill, 0, 255),
        )
        if max(map(abs, self.shear)) >= 90:
            raise ArgumentError("RandomAffine", f"shear is {self.shear}; it must stay below 90 degrees.")
        choice("RandomAffine", "interpolation", self.interpolation, INTERPOLATIONS)
        choice("RandomAffine", "fill_mode", self.fill_mode, FILL_MODES)

    def apply(self, images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        check_same_size("RandomAffine", images)
        H, W = images.shape[2:]
        u = rng.random((len(images), 6))  # the same draws a picture, whatever is made of them
        right, down = self.translate
        A = affine_matrices(
            angle=_between(self.degrees, u[:, 0]),
            shift=np.stack([_between((-down * H, down * H), u[:, 1]), _between((-right * W, right * W), u[:, 2])], 1),
            zoom=np.stack([_between(self.scale, u[:, 3]), _between(self.scale, u[:, 4 if self.per_axis else 3])], 1),
            shear=_between(self.shear, u[:, 5]),
            size=(H, W),
        )
        return kernels.affine_warp(images, A, self.interpolation == "nearest", self.fill_mode, float(self.fill))


def affine_matrices(
    angle: np.ndarray, shift: np.ndarray, zoom: np.ndarray, shear: np.ndarray, size: tuple[int, int]
) -> np.ndarray:
    """For each of N pictures the map from a pixel of the result to its place in the picture, (N, 2, 3)

        seen = centre + shift + R Z S (place - centre)      so      place = centre + (R Z S)^-1 (seen - centre - shift)

    R turns by `angle`, Z = diag(zoom), S moves each row sideways by tan(shear) times its height above the centre
    places are (i, j), row and column   angle, shear (N,) in degrees   shift, zoom (N, 2): down, right
    """
    a, s = np.deg2rad(angle), np.tan(np.deg2rad(shear))
    sin, cos, one, zero = np.sin(a), np.cos(a), np.ones_like(a), np.zeros_like(a)
    R = np.array([[cos, sin], [-sin, cos]])  # (2, 2, N); rows grow downwards, so this is clockwise
    S = np.array([[one, zero], [-s, one]])
    RZS = np.einsum("abn,nb,bcn->nac", R, zoom, S)
    inverse = np.linalg.inv(RZS)
    centre = (np.array(size) - 1) / 2
    offset = centre - np.einsum("nab,nb->na", inverse, centre + shift)
    return np.concatenate([inverse, offset[:, :, None]], 2)


def _between(ends: tuple[float, float], u: np.ndarray) -> np.ndarray:
    low, high = ends
    return low + (high - low) * u


def _range(argument: str, value: Any) -> tuple[float, float]:
    """(lowest, highest); of a single number x, (-x, x)."""
    if isinstance(value, Real):
        value = number("RandomAffine", argument, value, 0)
        return -value, value
    return interval("RandomAffine", argument, value, -math.inf)


def _shifts(value: Any) -> tuple[float, float]:
    """(right, down), shares of the picture."""
    both = value if isinstance(value, (list, tuple)) and len(value) == 2 else (value, value)
    right, down = (number("RandomAffine", "translate", share, 0, 1) for share in both)
    return right, down
