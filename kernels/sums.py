"""Sums over everything but the channels."""

from tinyconv.backend import Array

from . import kernel


@kernel
def channel_sums(x: Array) -> Array:
    """s[c] = sum over n, h, w of x[n,c,h,w]        x (N, C, H, W)   ->   s (C,)"""
    return x.sum((0, 2, 3))
