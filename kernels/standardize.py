"""Pictures brought to mean 0 and deviation 1, each by itself."""

import math

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel
from .colour import white_of


@kernel
def standardize(x: Array) -> Array:
    """y[n] = (x[n] - mean) / max(std, 1/sqrt(P)),   mean and std over the P = C H W numbers of picture n

    x (N, C, H, W), uint8 from 0 to 255 (which count as 0 to 1) or floating point   ->   y float32, or x's own type
    """
    xp = array_module(x)
    P = math.prod(x.shape[1:])
    y = x.astype(np.float64) / white_of(x)
    y -= y.mean((1, 2, 3), keepdims=True)
    y /= xp.maximum(y.std((1, 2, 3), keepdims=True), 1 / math.sqrt(P))
    return y.astype(np.float32 if x.dtype == np.uint8 else x.dtype)
