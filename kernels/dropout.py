"""Dropout by a counter-based generator: an element's fate depends on a key and its position alone.

The same key drops the same elements in every engine, memory order, device and number of threads, and once
more in the backward pass: no mask is kept.
"""

from tinyconv.backend import Array, array_module

from . import kernel


@kernel
def dropout(x: Array, p: float, key: int) -> Array:
    """y[i] = x[i] / (1 - p) where hash(i, key) >= 2^32 p, 0 elsewhere     (linear in x, and its own adjoint)

    i    the element's place in row-major order, modulo 2^32
    key  64 random bits
    """
    xp = array_module(x)
    place = getattr(key, "place", None)  # of a captured step
    k0, k1 = map(xp.uint32, halves(key)) if place is None else place
    h = xp.arange(x.size).astype("uint32")
    h = _mix(_mix(h ^ k0) ^ k1)
    kept = (h * 2.0**-32 >= p).reshape(x.shape)
    return xp.where(kept, x * survivors_gain(p), 0)


def _mix(h: Array) -> Array:
    """Each bit of h decides, almost evenly, each bit of the result; no two h give the same.

    The function lowbias32 of Chris Wellons, "Prospecting for Hash Functions" (2018), nullprogram.com
    """
    h = (h ^ (h >> 16)) * 0x7FEB352D
    h = (h ^ (h >> 15)) * 0x846CA68B
    return h ^ (h >> 16)


def halves(key: int) -> tuple[int, int]:
    """A 64-bit key as two numbers of 32 bits."""
    return int(key) & 0xFFFFFFFF, int(key) >> 32


def survivors_gain(p: float) -> float:
    """1/(1 - p), so that the mean stays what it was; nothing survives p = 1."""
    return 0.0 if p == 1 else 1 / (1 - p)
