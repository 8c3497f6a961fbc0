"""Transforms from the plain dictionaries that a run folder keeps of them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError

from .affine import RandomAffine
from .base import Compose, Transform
from .color import ColorJitter
from .crop import CenterCrop, RandomCrop
from .cutout import Cutout
from .flip import RandomHorizontalFlip, RandomVerticalFlip
from .lighting import Lighting
from .mixup import Mixup
from .multi_crop import FiveCrop, TenCrop
from .normalize import Normalize
from .resize import Resize, ScaleJitter
from .resized_crop import RandomResizedCrop
from .standardize import Standardize

TRANSFORMS: dict[str, type[Transform]] = {
    transform.__name__: transform
    for transform in (
        Normalize,
        Standardize,
        RandomAffine,
        RandomHorizontalFlip,
        RandomVerticalFlip,
        CenterCrop,
        RandomCrop,
        RandomResizedCrop,
        FiveCrop,
        TenCrop,
        Resize,
        ScaleJitter,
        ColorJitter,
        Lighting,
        Cutout,
        Mixup,
    )
}


def transform_from_dict(description: Mapping[str, Any]) -> Transform:
    """The transform that `to_dict` described. UnknownNameError or ArgumentError if it cannot be one."""
    arguments = dict(description)
    name = arguments.pop("name", None)
    if name == "Compose":
        return Compose([transform_from_dict(t) for t in arguments.get("transforms", ())])
    if name not in TRANSFORMS:
        raise UnknownNameError("transform_from_dict", "transform", str(name), TRANSFORMS)
    try:
        return TRANSFORMS[name](**arguments)
    except TypeError as error:
        raise ArgumentError(
            "transform_from_dict", f"{dict(description)} does not describe a {name}: {error}."
        ) from None
