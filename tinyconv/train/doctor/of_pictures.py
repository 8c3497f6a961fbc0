"""What can be wrong with the pictures of a batch."""

from __future__ import annotations

import numpy as np

from .finding import Says
from .look import Look

NORMALIZE = "Bring them to mean 0 and standard deviation 1: Normalize(*dataset.statistics()) as the last transform."


def pictures_not_finite(e: Look) -> Says:
    x = e.images
    if x is None or x.dtype.kind != "f" or np.isfinite(x).all():
        return None
    return (
        f"{np.count_nonzero(~np.isfinite(x))} of {x.size} values of the pictures are NaN or infinite.",
        "One such value makes every weight NaN in one step.",
        "Look for a division by a standard deviation of 0, or a damaged file.",
    )


def pictures_0_to_255(e: Look) -> Says:
    if e.images is None or not _are_bytes(e.images):
        return None
    x = e.images
    return (
        f"the pictures run from {x.min():g} to {x.max():g}, mean {x.mean():.3g}: they were left at 0..255.",
        "Layers are drawn for inputs of size 1. A hundred times larger ones saturate or blow up what comes behind, and "
        "no learning rate fits all layers.",
        NORMALIZE,
    )


def _are_bytes(x: np.ndarray) -> bool:
    return x.size > 0 and bool(x.min() >= 0) and 20 < x.max() <= 255


def pictures_off_scale(e: Look) -> Says:
    """0..1 without normalisation is well: nets learn from that."""
    x = e.images
    if x is None or not x.size or x.dtype.kind != "f" or _are_bytes(x) or not np.isfinite(x).all():
        return None
    mean, std = float(x.mean(dtype=np.float64)), float(x.std(dtype=np.float64))
    if (abs(mean) <= 5 and 0.01 <= std <= 10) or std == 0:
        return None
    return (
        f"the pictures have mean {mean:.3g} and standard deviation {std:.3g}.",
        "Layers are drawn for inputs of mean 0 and size 1; far from that, first steps are far too large or too small.",
        NORMALIZE,
    )


def pictures_all_alike(e: Look) -> Says:
    x = e.images
    if x is None or len(x) < 2 or not x.size or not (x == x[:1]).all():
        return None
    return (
        f"all {len(x)} pictures of the batch are the same, from {x.min():g} to {x.max():g}.",
        "There is nothing to tell the classes by.",
        "Look at a batch as pictures. A transform may have wiped them out, or one index is used for all.",
    )


CHECKS = (pictures_not_finite, pictures_0_to_255, pictures_off_scale, pictures_all_alike)
