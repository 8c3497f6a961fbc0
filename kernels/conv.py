"""Convolution by im2col, in its three passes: one layout of columns, three matrix products."""

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Window

from . import kernel
from .im2col import col2im, im2col


@kernel
def conv2d(
    x: Array, w: Array, b: Array | None, window: Window, relu: bool = False, algorithm: str | None = None
) -> Array:
    """y[n,f,oy,ox] = b[f] + sum_{c,ky,kx} w[f,c,ky,kx] x[n,c, oy*SH + ky*DH - top, ox*SW + kx*DW - left]

    relu       the same, at least 0
    algorithm  one of conv_choice.py, for the `numba` engine, here and below; None: the fastest

    x (N, C, H, W)   w (F, C/G, KH, KW)   b (F,) or None   ->   y (N, F, OH, OW)
    """
    N, C, H, W = x.shape
    F, _, KH, KW = w.shape
    G, (OH, OW) = window.groups, window.out(H, W)
    if N == 0:  # nets are traced without a picture: their weights are not put in order for nothing
        return array_module(x).empty((0, F, OH, OW), array_module(x).result_type(x, w))
    K = C // G * KH * KW
    cols = im2col.definition(x, window).reshape(N, G, K, OH * OW)  # K rows a group: channel, then ky, then kx
    y = array_module(x).matmul(w.reshape(G, F // G, K), cols)  # (G, F/G, K) @ (N, G, K, OH*OW)
    y = y.reshape(N, F, OH, OW)
    y = y if b is None else y + b.reshape(F, 1, 1)
    return array_module(x).maximum(y, 0) if relu else y


@kernel
def conv2d_input(dy: Array, w: Array, window: Window, shape: tuple[int, ...], algorithm: str | None = None) -> Array:
    """dx[n,c,iy,ix] = sum of w[f,c,ky,kx] dy[n,f,oy,ox] over all f, ky, kx, oy, ox whose window read that pixel

    dy (N, F, OH, OW)   w (F, C/G, KH, KW)   ->   dx (N, C, H, W) = shape
    """
    N, C, _, _ = shape
    F, _, KH, KW = w.shape
    OH, OW = dy.shape[2:]
    G = window.groups
    K = C // G * KH * KW
    wt = w.reshape(G, F // G, K).swapaxes(1, 2)
    cols = array_module(dy).matmul(wt, dy.reshape(N, G, F // G, OH * OW))  # (G, K, F/G) @ (N, G, F/G, OH*OW)
    return col2im.definition(cols.reshape(N, C, KH, KW, OH, OW), window, shape)


@kernel
def conv2d_weight(dy: Array, x: Array, window: Window, algorithm: str | None = None) -> Array:
    """dw[f,c,ky,kx] = sum_{n,oy,ox} dy[n,f,oy,ox] x[n,c, oy*SH + ky*DH - top, ox*SW + kx*DW - left]

    dy (N, F, OH, OW)   x (N, C, H, W)   ->   dw (F, C/G, KH, KW)
    """
    N, F, OH, OW = dy.shape
    C, (KH, KW), G = x.shape[1], window.size, window.groups
    K = C // G * KH * KW
    cols = im2col.definition(x, window).reshape(N, G, K, OH * OW)
    dys = dy.reshape(N, G, F // G, OH * OW)
    dw = array_module(dy).matmul(dys, cols.swapaxes(2, 3)).sum(0)  # (N, G, F/G, OH*OW) @ (N, G, OH*OW, K)
    return dw.reshape(F, C // G, KH, KW)
