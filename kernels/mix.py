"""Pictures laid over one another."""

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel
from .colour import white_of


@kernel
def mix_pictures(x: Array, partner: np.ndarray, share: float) -> Array:
    """y[n] = share x[n] + (1 - share) x[partner[n]]

    x (N, C, H, W), uint8 from 0 to 255 (which count as 0 to 1) or floating point   ->   y float32, or x's own type
    """
    dtype = np.dtype(np.float32) if x.dtype == np.uint8 else x.dtype
    own, other = shares_of(x, share, dtype)
    return own * x.astype(dtype) + other * x[array_module(x).asarray(partner)].astype(dtype)


def shares_of(x: Array, share: float, dtype: np.dtype) -> tuple[float, float]:
    """What x[n] and its partner are multiplied with."""
    return dtype.type(share / white_of(x)), dtype.type((1 - share) / white_of(x))
