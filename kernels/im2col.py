"""im2col: lay out every window of a picture as a column, so that convolution becomes a matrix product.

Chellapilla, Puri and Simard 2006, "High Performance Convolutional Neural Networks for Document Processing".
"""

from tinyconv.backend import Array, array_module
from tinyconv.geometry import Window

from . import kernel


@kernel
def im2col(x: Array, window: Window) -> Array:
    """cols[n, c, ky, kx, oy, ox] = x[n, c, oy*SH + ky*DH - top, ox*SW + kx*DW - left],   0 outside the picture

    x (N, C, H, W)  ->  cols (N, C, KH, KW, OH, OW)
    """
    return windows(padded(x, window), window).copy()


@kernel
def col2im(cols: Array, window: Window, shape: tuple[int, ...]) -> Array:
    """The adjoint of im2col: add each column's elements back to the pixels they came from.

    cols (N, C, KH, KW, OH, OW)  ->  x (N, C, H, W) = shape
    """
    N, C, H, W = shape
    (top, bottom), (left, right) = window.padding
    (KH, KW), (DH, DW), (SH, SW) = window.size, window.dilation, window.stride
    OH, OW = cols.shape[4:]
    x = array_module(cols).zeros((N, C, top + H + bottom, left + W + right), cols.dtype)
    for ky in range(KH):
        for kx in range(KW):
            y0, x0 = ky * DH, kx * DW
            x[:, :, y0 : y0 + OH * SH : SH, x0 : x0 + OW * SW : SW] += cols[:, :, ky, kx]
    return x[:, :, top : top + H, left : left + W]


def padded(x: Array, window: Window, value: float = 0) -> Array:
    """x with the window's border of `value` around each picture; x itself if there is none."""
    if window.padding == ((0, 0), (0, 0)):
        return x
    return array_module(x).pad(x, ((0, 0), (0, 0), *window.padding), constant_values=value)


def windows(x: Array, window: Window) -> Array:
    """All windows of padded pictures as a view (N, C, KH, KW, OH, OW): six strides, no copy."""
    N, C, H, W = x.shape
    (KH, KW), (DH, DW), (SH, SW) = window.size, window.dilation, window.stride
    EH, EW = window.extent
    OH, OW = (H - EH) // SH + 1, (W - EW) // SW + 1
    n, c, h, w = x.strides
    return array_module(x).lib.stride_tricks.as_strided(
        x, (N, C, KH, KW, OH, OW), (n, c, h * DH, w * DW, h * SH, w * SW)
    )
