"""The layer that undoes max pooling."""

from __future__ import annotations

from collections.abc import Sequence

from tinyconv.geometry import Pair, Window
from tinyconv.ops.unpool import max_unpool2d
from tinyconv.tensor import Operand, Tensor

from .module import Module


class MaxUnpool2d(Module):
    """y[n,c, indices[n,c,iy,ix]] = x[n,c,iy,ix], 0 elsewhere     (see functional.max_unpool2d)

    x and indices, from MaxPool2d(..., return_indices=True)  ->  y of the size that the pooling had as its input
    forward(x, indices, output_size): that size, (OH, OW) or the whole shape, where pooling had rounded it down.
    Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", section 2.1
    """

    def __init__(self, kernel_size: int | Pair, stride: int | Pair | None = None, padding: int | Pair = 0):
        self.kernel_size, self.padding = kernel_size, padding
        self.stride = kernel_size if stride is None else stride
        Window.of("MaxUnpool2d", kernel_size, self.stride, padding)  # refuses what makes no sense

    def forward(self, x: Tensor, indices: Operand, output_size: Sequence[int] | None = None) -> Tensor:
        return max_unpool2d(x, indices, self.kernel_size, self.stride, self.padding, output_size)

    def extra_repr(self) -> str:
        return f"kernel_size={self.kernel_size}, stride={self.stride}, padding={self.padding}"
