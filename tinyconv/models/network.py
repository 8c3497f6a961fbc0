"""What the nets of the zoo have in common: one that is given too small a picture says how large it must be."""

from __future__ import annotations

from typing import Any

from tinyconv import nn
from tinyconv.creation import zeros
from tinyconv.errors import ShapeError, TinyconvError
from tinyconv.nn.modes import modes_kept
from tinyconv.tape import no_grad

LARGEST = 512  # pictures that are tried


class Network(nn.Module):
    """Base of the models.   x (N, in_channels, H, W)  ->  logits (N, num_classes), unless a model says otherwise

    input_size  (C, H, W) of the pictures that the paper gives it
    """

    input_size: tuple[int, int, int]

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        try:
            return super().__call__(*inputs, **options)
        except ShapeError as error:
            shape: Any = getattr(inputs[0], "shape", ()) if inputs else ()
            size = smallest_picture(self, shape[1]) if len(shape) == 4 else None
            if size is not None:
                error.problem += f" The smallest picture that {type(self).__name__} works on is {size}x{size}."
                error.args = error.operation, error.problem
            raise


def smallest_picture(net: nn.Module, channels: int) -> int | None:
    """The number of rows and columns, found by trying batches of no pictures, which cost nothing."""

    def works(size: int) -> bool:
        try:
            with no_grad():
                net.forward(zeros(0, channels, size, size))
        except TinyconvError:
            return False
        return True

    with modes_kept(net):
        for module in net.modules():  # batch norm has no statistics of no pictures; a net may have heads for training
            module.training = module.training and isinstance(module, Network)
        power = next((size for size in (2**i for i in range(10)) if works(size)), None)
        if power is None:  # some nets take pictures of one size only
            return next((size for size in range(1, LARGEST + 1) if works(size)), None)
        return next(size for size in range(power // 2 + 1, power + 1) if works(size))
