"""LeNet-5's trainable sub-sampling."""

from __future__ import annotations

from tinyconv.errors import ShapeError
from tinyconv.geometry import Pair
from tinyconv.tensor import Operand, Tensor, as_tensor, same_device, same_dtype

from .arguments import floating
from .pool import avg_pool2d
from .pool_arguments import fitted, pictures, window_of
from .shape import reshape


def subsampling2d(
    input: Operand,
    weight: Operand,
    bias: Operand,
    kernel_size: int | Pair = 2,
    stride: int | Pair | None = None,
) -> Tensor:
    """y[n,c,oy,ox] = w[c] * (sum over ky, kx of x[n,c, oy*s + ky, ox*s + kx]) + b[c]

    input x (N, C, H, W)   weight w, bias b (C,)  ->  y (N, C, OH, OW),   OH = floor((H - KH)/s) + 1

    stride  kernel_size if None
    The squashing function comes after it.
    Raises ShapeError, ArgumentError, DTypeError.   LeCun et al. 1998, "Gradient-Based Learning ...", section II.B
    """
    name = "subsampling2d"
    x, w, b = pictures(name, floating(input)), as_tensor(weight), as_tensor(bias)
    same_device(name, x, w, b)
    same_dtype(name, x, w, b)
    C = x.shape[1]
    if w.shape != (C,) or b.shape != (C,):
        raise ShapeError(name, f"weight has shape {w.shape}, bias {b.shape}; {C} channels need ({C},) for both.")
    window = fitted(name, window_of(name, kernel_size, stride, 0), x.shape[2:], ceil_mode=False)
    sums = avg_pool2d(x, window.size, window.stride, divisor_override=1)
    return sums * reshape(w, C, 1, 1) + reshape(b, C, 1, 1)
