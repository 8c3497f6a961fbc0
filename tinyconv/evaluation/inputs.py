"""Pictures in the form that a model takes."""

from __future__ import annotations

import numpy as np

from tinyconv.nn import Module
from tinyconv.tensor import Tensor


def as_input(model: Module, images: np.ndarray) -> Tensor:
    """The pictures as numbers of the model's precision, on its device."""
    parameter = next(model.parameters(), None)
    if parameter is None:
        return Tensor(images)
    return Tensor(images.astype(parameter.dtype, copy=False)).to(parameter.device)
