"""Dense layers turned into convolutions, so that a net goes over a whole picture as a filter does.

Sermanet, Eigen, Zhang, Mathieu, Fergus and LeCun 2014, "OverFeat", arXiv:1312.6229, section 3.5; Simonyan and Zisserman
2015, "Very Deep Convolutional Networks for Large-Scale Image Recognition", arXiv:1409.1556, section 3.2.
"""

from __future__ import annotations

import numpy as np

from tinyconv import nn
from tinyconv.errors import ArgumentError, TinyconvError
from tinyconv.models.network import Network
from tinyconv.nn.modes import modes_kept
from tinyconv.ops.adaptive_pool import adaptive_avg_pool2d
from tinyconv.ops.conv import conv2d
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

from .chain import POINTWISE, in_order, split
from .ensemble import Ensemble
from .inputs import as_input

Size = tuple[int, int, int]


class DenseConv2d(nn.Module):
    """A dense layer that goes over a map:  y[n,f,i,j] = b[f] + sum over (c,k,l) of w[f,(c,k,l)] x[n,c,i+k,j+l]

    x (N, C, H, W)  ->  y (N, out_features, H - h + 1, W - w + 1)
    dense   the layer; weight and bias remain its own
    window  (h, w), the map that it was made for
    pooled  (h', w') if a map of that size was averaged to h' x w' bins first. The average is linear, and goes into the
            filters:  <w, A x> = <A'w, x>

    Sermanet et al. 2014, arXiv:1312.6229, section 3.5
    """

    def __init__(self, dense: nn.Linear, window: tuple[int, int] = (1, 1), pooled: tuple[int, int] | None = None):
        self.dense, self.window = dense, window
        self.pooled = None if pooled == window else pooled

    def filters(self) -> Tensor:
        """The dense layer's weights as filters, (out_features, C, h, w)."""
        F, (h, w) = self.dense.out_features, self.window
        weight: Tensor = self.dense.weight
        if self.pooled is not None:
            pixels = np.eye(h * w, dtype=weight.dtype).reshape(h * w, 1, h, w)  # a picture for each
            A = adaptive_avg_pool2d(Tensor(pixels).to(weight.device), self.pooled).reshape(h * w, -1)  # (hw, h'w')
            weight = weight.reshape(F, -1, A.shape[1]) @ A.T  # (F, C, h'w') @ (h'w', hw) -> (F, C, hw)
        return weight.reshape(F, -1, h, w)

    def forward(self, x: Tensor) -> Tensor:
        return conv2d(x, self.filters(), self.dense.bias)

    def extra_repr(self) -> str:
        return f"window={self.window}" + (f", pooled={self.pooled}" if self.pooled else "")


class FullyConvolutional(Network):
    """x (N, C, H, W)  ->  logits (N, K), the mean of the score map (N, K, OH, OW), for H and W as large as in training

    trunk       the layers before the first dense one
    head        dense layers as DenseConv2d, and what stands between them
    input_size  (C, H, W) of the pictures of training, which give a score map of 1x1

    `score_map(x)` is what the net says at each position. Simonyan and Zisserman 2015, arXiv:1409.1556, section 3.2
    """

    def __init__(self, trunk: nn.Sequential, head: nn.Sequential, input_size: Size):
        self.trunk, self.head, self.input_size = trunk, head, input_size

    def score_map(self, x: Tensor) -> Tensor:
        return self.head(self.trunk(x))

    def forward(self, x: Tensor) -> Tensor:
        return self.score_map(x).mean((2, 3))


def as_fully_convolutional(model: nn.Module, input_size: Size | None = None) -> nn.Module:
    """The net for pictures of any size, with the very same weights; of `input_size` it gives what the net gives.

    input_size  (C, H, W) of the pictures that it was trained on; a model of the zoo knows those of its paper

    A net of layers one after the other (Sequential, or parts named features and classifier) becomes FullyConvolutional:
    its dense layers are turned into convolutions, the first as large as the map that it was made for, the others 1x1.
    A net that ends in global average pooling is its own dense form: what a dense layer says of the mean is the mean of
    what it says at each position. An Ensemble becomes that of its members' dense forms.
    ArgumentError for a net that is none of these.
    """
    if isinstance(model, Ensemble):
        return Ensemble([as_fully_convolutional(member, input_size) for member in model.members])
    size = input_size or _size_of_training(model)
    with modes_kept(model), no_grad():
        model.eval()
        trunk, head = split(in_order(model))
        if head:
            net = FullyConvolutional(nn.Sequential(*trunk), _over_a_map(model, trunk, head, size), size)
            _compare(model, net)
            return net
        if not _takes_any_size(model, size):
            raise _refusal(model, "it takes pictures of one size, and is no chain of layers with dense ones at its end")
    return model


def _size_of_training(model: nn.Module) -> Size:
    """The paper's height and width, with as many channels as the net's first convolution takes."""
    size = getattr(model, "input_size", None)
    if size is None:
        problem = f"{type(model).__name__} does not say which pictures it was trained on; give input_size=(C, H, W)."
        raise ArgumentError("as_fully_convolutional", problem)
    channels = (layer.in_channels for layer in model.modules() if isinstance(layer, nn.Conv2d))
    return (next(channels, size[0]), *size[1:])


def _over_a_map(model: nn.Module, trunk: list[nn.Module], head: list[nn.Module], size: Size) -> nn.Sequential:
    """The head's layers, the dense ones as convolutions."""
    shape = nn.Sequential(*trunk)(as_input(model, np.empty((0, *size)))).shape
    if len(shape) != 4:
        raise _refusal(model, "its first dense layer does not stand behind a map")
    window, pooled = shape[2:], None
    found: list[nn.Module] = []
    for layer in head:
        if isinstance(layer, nn.AdaptiveAvgPool2d):
            pooled = layer(as_input(model, np.empty((0, 1, *window)))).shape[2:]
        elif isinstance(layer, nn.Linear):
            found.append(DenseConv2d(layer, window, pooled))
            window, pooled = (1, 1), None
        elif isinstance(layer, POINTWISE):
            found.append(layer)
        elif not isinstance(layer, nn.Flatten):
            raise _refusal(model, f"{type(layer).__name__} stands among its dense layers")
    return nn.Sequential(*found)


def _compare(model: nn.Module, net: FullyConvolutional) -> None:
    """A forward of one's own may do more than its parts say, which no list of layers shows: see what comes out."""
    x = as_input(model, np.random.default_rng(0).random((1, *net.input_size)))
    y, z = model(x).cpu().numpy(), net(x).cpu().numpy()
    rounding = 1e4 * np.finfo(y.dtype).eps
    if y.shape != z.shape or not np.allclose(y, z, rounding, rounding * np.abs(y).max(), equal_nan=True):
        raise _refusal(model, "its forward is not its layers, one after the other")


def _takes_any_size(model: nn.Module, size: Size) -> bool:
    """Does it give one vector for a picture of twice the size? A batch of no pictures tells, at no cost."""
    C, H, W = size
    try:
        y = model(as_input(model, np.empty((0, C, 2 * H, 2 * W))))
    except TinyconvError:
        return False
    return isinstance(y, Tensor) and y.ndim == 2


def _refusal(model: nn.Module, reason: str) -> ArgumentError:
    cure = "Show it crops of the size that it was trained on."
    return ArgumentError("as_fully_convolutional", f"{type(model).__name__} has no dense form: {reason}. {cure}")
