"""Convolution in CUDA: a product whose left factor is gathered from the pictures (conv.cu), or one by cuBLAS.

With `set_precision("fast")` products of float32 are made in TF32, on GPUs that have it: each factor is rounded to 10
bits after the point, and they are added up in float32. PyTorch does so too. "accurate" is float32 throughout.
"""

import numpy as np

from tinyconv.backend import Array, array_module, get_precision
from tinyconv.geometry import Window

from . import depthwise_cuda
from ._cublas import product
from ._cuda import Launcher, Program, compute_capability
from ._geometry_cuda import empty_pictures, geometry
from ._layout import pixels, plain

program = Program("conv", parts=("_product",))
WIDTHS = {False: (1, 2, 4), True: (1, 2, 4, 8)}  # a tile has 16 times as many columns; with tensor cores or without


def _kernels(name: str) -> dict[tuple[int, bool], Launcher]:
    """For each width of tiles, and with tensor cores or without; those know no float64."""
    dtypes = {False: None, True: ("float32", "float16")}
    return {
        (width, tensor): program.kernel(f"{name}<{{T}}, {width}, {str(tensor).lower()}>", dtypes[tensor])
        for tensor, widths in WIDTHS.items()
        for width in widths
    }


_conv2d, _conv2d_input, _conv2d_weight = _kernels("conv2d"), _kernels("conv2d_input"), _kernels("conv2d_weight")
_sum_of_splits = program.kernel("sum_of_splits")
TILE_M = 128
BLOCKS = 264  # that a GPU has at work, about


def conv2d(
    x: Array, w: Array, b: Array | None, window: Window, relu: bool = False, algorithm: str | None = None
) -> Array:
    if not (program.takes(x, w, b) and x.size):
        return NotImplemented
    (N, C, H, W), F, G = x.shape, len(w), window.groups
    if G == C == F:
        return depthwise_cuda.conv2d(x, w, b, window, relu)
    if b is None and not relu and _is_product(window):
        return _by_cublas(pixels(x).reshape(-1, C), _as_stored(w)[0, 0], (N, F, H, W))
    y = empty_pictures((N, F, *window.out(H, W)), x)
    rows = pixels(y).reshape(-1, F)
    g, bias = geometry(x.shape, y.shape, window), None if b is None else plain(b)
    numbers = g, C, F, G, bool(relu)
    _launch(_conv2d, len(rows), F // G, G, x.dtype, np.int64(len(rows)), rows, pixels(x), _as_stored(w), bias, *numbers)
    return y


def conv2d_input(dy: Array, w: Array, window: Window, shape: tuple[int, ...], algorithm: str | None = None) -> Array:
    if not (program.takes(dy, w) and dy.size):
        return NotImplemented
    C, F, G = shape[1], len(w), window.groups
    if G == C == F:
        return depthwise_cuda.conv2d_input(dy, w, window, shape)
    if _is_product(window):
        return _by_cublas(pixels(dy).reshape(-1, F), _as_stored(w)[0, 0].T, shape)
    dx = empty_pictures(shape, dy)
    rows = pixels(dx).reshape(-1, C)
    numbers = geometry(shape, dy.shape, window), C, F, G
    _launch(
        _conv2d_input, len(rows), C // G, G, dy.dtype, np.int64(len(rows)), rows, pixels(dy), _as_stored(w), *numbers
    )
    return dx


def conv2d_weight(dy: Array, x: Array, window: Window, algorithm: str | None = None) -> Array:
    if not (program.takes(dy, x) and dy.size):
        return NotImplemented
    (N, F, OH, OW), C, G, (KH, KW) = dy.shape, x.shape[1], window.groups, window.size
    if G == C == F:
        return depthwise_cuda.conv2d_weight(dy, x, window)
    if _is_product(window):
        dw = product(pixels(x).reshape(-1, C).T, pixels(dy).reshape(-1, F), _tf32())
        return dw[None, None].transpose(3, 2, 0, 1)
    xp, P, taps = array_module(x), N * OH * OW, KH * KW * C // G
    tiles = -(-taps // TILE_M) * -(-F // G // (16 * _sort(F // G, x.dtype)[0])) * G
    splits = max(1, min(BLOCKS // tiles, P // 256))  # enough blocks for the GPU, and enough pixels for each
    at_a_time = -(-P // splits)
    splits = -(-P // at_a_time)
    partial = xp.empty((splits, taps, F), np.float64 if x.dtype == np.float64 else np.float32)
    numbers = geometry(x.shape, dy.shape, window), C, F, G, np.int64(at_a_time)
    _launch(_conv2d_weight, taps, F // G, G * splits, x.dtype, np.int64(P), partial, pixels(dy), pixels(x), *numbers)
    dw = xp.empty((KH, KW, C // G, F), x.dtype)
    _sum_of_splits(dw.size, dw, partial, splits, dtype=x.dtype)
    return dw.transpose(3, 2, 0, 1)


def _is_product(window: Window) -> bool:
    """1x1 at every pixel: the taps are the channels, and rows of pixels are a matrix as they lie."""
    return window == Window((1, 1))


def _by_cublas(rows: Array, w: Array, shape: tuple[int, ...]) -> Array:
    N, C, H, W = shape
    return product(rows, w, _tf32()).reshape(N, H, W, C).transpose(0, 3, 1, 2)


def _tf32() -> bool:
    return get_precision() == "fast" and compute_capability() >= 80


def _launch(kernels: dict, M: int, N: int, depth: int, dtype: np.dtype, *arguments: object) -> None:
    width, tensor = _sort(N, dtype)
    grid = -(-M // TILE_M), -(-N // (16 * width)), depth
    kernels[width, tensor].on(grid, 256, *arguments, dtype=dtype)


def _sort(N: int, dtype: np.dtype) -> tuple[int, bool]:
    """The width of the tiles, the least that covers N columns or else the widest, and are they of tensor cores?"""
    tensor = _tensor_cores(dtype)
    return next((width for width in WIDTHS[tensor] if 16 * width >= N), WIDTHS[tensor][-1]), tensor


def _tensor_cores(dtype: np.dtype) -> bool:
    """Half precision loses nothing there; float32 does, and float64 is not for them."""
    return (dtype == np.float32 and _tf32()) or (dtype == np.float16 and compute_capability() >= 80)


def _as_stored(w: Array) -> Array:
    """(F, C, KH, KW), as nn.Conv2d stores it -> (KH, KW, C, F), C-contiguous"""
    return plain(w.transpose(2, 3, 1, 0))
