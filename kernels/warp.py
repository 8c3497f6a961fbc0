"""Pictures turned, zoomed, shifted and sheared: every pixel of the result looks up its place in the picture."""

import numpy as np

from tinyconv.backend import Array, array_module

from . import kernel

FILL_MODES = ("constant", "edge", "reflect", "wrap")


@kernel
def affine_warp(x: Array, A: np.ndarray, nearest: bool, fill_mode: str, fill: float) -> Array:
    """y[n, c, i, j] = x[n, c] at the place (p, q) = A[n] (i, j, 1)

    x (N, C, H, W), A (N, 2, 3) -> y (N, C, H, W) of x's dtype; computed in float64, uint8 is rounded.
    Between pixels x is that of the nearest one, or bilinear: with p = p0 + u, q = q0 + v, 0 <= u, v < 1

        (1-u) ((1-v) x[p0, q0] + v x[p0, q0+1]) + u ((1-v) x[p0+1, q0] + v x[p0+1, q0+1])

    Outside it is `fill` ("constant"), the border's ("edge"), the mirror image ("reflect") or x again ("wrap").
    """
    xp = array_module(x)
    N, _, H, W = x.shape
    i, j = xp.arange(H)[:, None], xp.arange(W)
    a = xp.asarray(A)[..., None, None]  # (N, 2, 3, 1, 1)
    p = a[:, 0, 0] * i + a[:, 0, 1] * j + a[:, 0, 2]  # (N, H, W)
    q = a[:, 1, 0] * i + a[:, 1, 1] * j + a[:, 1, 2]
    n = xp.arange(N)[:, None, None]

    def at(p: Array, q: Array) -> Array:  # (N, H, W) each -> (N, C, H, W)
        p, q = p.astype(np.int64), q.astype(np.int64)
        pixels = x[n, :, _inside(xp, p, H, fill_mode), _inside(xp, q, W, fill_mode)].astype(np.float64)  # (N, H, W, C)
        if fill_mode == "constant":
            pixels[(p < 0) | (p >= H) | (q < 0) | (q >= W)] = fill
        return pixels.transpose(0, 3, 1, 2)

    if nearest:
        y = at(xp.floor(p + 0.5), xp.floor(q + 0.5))
    else:
        p0, q0 = xp.floor(p), xp.floor(q)
        u, v = (p - p0)[:, None], (q - q0)[:, None]
        upper = (1 - v) * at(p0, q0) + v * at(p0, q0 + 1)
        lower = (1 - v) * at(p0 + 1, q0) + v * at(p0 + 1, q0 + 1)
        y = (1 - u) * upper + u * lower
    if x.dtype.kind != "f":
        y = xp.clip(xp.rint(y), 0, 255)
    return xp.ascontiguousarray(y.astype(x.dtype))


def _inside(xp, k: Array, size: int, fill_mode: str) -> Array:
    """Which pixel stands for place k along an axis of `size` pixels."""
    if fill_mode == "wrap":
        return k % size
    if fill_mode == "reflect" and size > 1:
        k = k % (2 * size - 2)
        return xp.minimum(k, 2 * size - 2 - k)
    return xp.clip(k, 0, size - 1)
