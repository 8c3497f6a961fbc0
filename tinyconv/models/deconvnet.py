"""Deconvolutional network: which pixels made a map of a trained net respond?

Zeiler and Fergus 2014, "Visualizing and Understanding Convolutional Networks", arXiv:1311.2901, section 2.1.

Departures from the paper: local response normalization and dropout, on whose way back the paper says nothing, are
passed over there. Where pooling windows overlap, as in ZFNet, and one pixel won several, it gets the sum of what they
send back; where they do not, unpooling is nn.MaxUnpool2d. (That keeps one of several, and it may be a zero.)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from tinyconv import nn
from tinyconv.backend import array_module
from tinyconv.errors import ArgumentError
from tinyconv.geometry import is_whole
from tinyconv.ops.activation import relu
from tinyconv.ops.conv import checked, conv2d_input
from tinyconv.ops.places import in_batch, to_places
from tinyconv.ops.pool import max_pool2d
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

from .network import Network
from .registry import model
from .zfnet import ZFNet

Back = Callable[[Tensor], Tensor]
KNOWN = nn.Conv2d, nn.ReLU, nn.MaxPool2d, nn.LocalResponseNorm, nn.Dropout


class Deconvnet(Network):
    """Carries activations of one layer of a net back to the pixels:   x (N, C, H, W)  ->  (N, C, H, W)

    features   the first part of a trained net: a Sequential of Conv2d, ReLU, MaxPool2d (LocalResponseNorm, Dropout)
    layer      whose activations: its number in features; -1 is the last one
    channel    which of its maps; None: all of them
    strongest  of these, only the largest activation of each picture is kept, as in the paper's figure 2; False: all

    Layer by layer: MaxPool2d puts what comes back where the winners were and zeros elsewhere, ReLU makes it at least 0,
    Conv2d applies its filters, transposed, without the bias. So it is the backward pass, but for ReLU, which there
    asks whether what went forward was above 0 (Simonyan et al. 2014, arXiv:1312.6034, section 4).
    Raises ArgumentError.
    """

    def __init__(self, features: nn.Sequential):
        if not isinstance(features, nn.Sequential):
            kind = type(features).__name__
            raise ArgumentError("Deconvnet", f"features is {kind}; it must be a Sequential, such as vgg16().features.")
        for i, part in enumerate(features):
            if not isinstance(part, KNOWN):
                known = ", ".join(kind.__name__ for kind in KNOWN)
                raise ArgumentError("Deconvnet", f"there is no way back through {part!r}, layer {i}; only {known}.")
            if getattr(part, "padding_mode", "zeros") != "zeros" or getattr(part, "return_indices", False):
                raise ArgumentError("Deconvnet", f"there is no way back through {part!r}, layer {i}.")
        self.features = features

    def forward(self, x: Tensor, layer: int = -1, channel: int | None = None, strongest: bool = True) -> Tensor:
        ways: list[Back] = []
        with no_grad():
            for part in list(self.features)[: self._place(layer) + 1]:
                x, back = there_and_back(part, x)
                ways.append(back)
            x = chosen(x, channel, strongest)
            for back in reversed(ways):
                x = back(x)
        return x

    def _place(self, layer: int) -> int:
        count = len(self.features)
        if not is_whole(layer) or not -count <= layer < count:
            problem = f"layer is {layer!r}; features has layers 0 to {count - 1}, and -1 is the last."
            raise ArgumentError("Deconvnet", problem)
        return layer % count


def there_and_back(part: nn.Module, x: Tensor) -> tuple[Tensor, Back]:
    """What a layer makes of x, and the way back through it."""
    X = x.shape
    if isinstance(part, nn.Conv2d):
        y, w = part(x), part.weight
        window = checked(x, w, part.bias, part.stride, part.padding, part.dilation, part.groups)
        return y, lambda y: conv2d_input(y, w, window, X)
    if isinstance(part, nn.MaxPool2d):
        K, s, p, d = part.kernel_size, part.stride, part.padding, part.dilation
        y, switches = max_pool2d(x, K, s, p, d, part.ceil_mode, return_indices=True)
        return y, lambda y: to_places(y, in_batch(switches.data, X), X)
    if isinstance(part, nn.ReLU):
        return part(x), relu
    return (x if isinstance(part, nn.Dropout) else part(x)), lambda y: y


def chosen(y: Tensor, channel: int | None, strongest: bool) -> Tensor:
    """y (N, F, OH, OW) with zeros for all activations but those that are to be looked at."""
    N, F, OH, OW = y.shape
    xp = array_module(y.data)
    kept = xp.ones(y.shape, bool)
    if channel is not None:
        if not is_whole(channel) or not 0 <= channel < F:
            raise ArgumentError("Deconvnet", f"channel is {channel!r}; this layer has maps 0 to {F - 1}.")
        kept &= xp.arange(F)[:, None, None] == channel
    if strongest:
        place = xp.where(kept, y.data, -np.inf).reshape(N, F * OH * OW).argmax(1)
        kept = (xp.arange(F * OH * OW) == place[:, None]).reshape(y.shape)
    return Tensor(xp.where(kept, y.data, y.dtype.type(0)))


@model(year=2013, paper="Zeiler and Fergus 2014, arXiv:1311.2901, section 2.1", task="looking inside")
def deconvnet(in_channels: int = 3) -> Deconvnet:
    """Into the paper's own net, ZFNet; its weights, trained, go into `features`."""
    return Deconvnet(ZFNet(1, in_channels, hidden=1).features)
