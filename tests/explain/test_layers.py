"""Every layer in a small net: each number of the pass, and each gradient, is the sum of its terms; in any engine."""

import numpy as np
import pytest
from explain_checks import check

import tinyconv
from tinyconv import nn
from tinyconv.nn import functional as F
from tinyconv.tensor import Tensor

LAYERS = {  # class name -> (arguments, shape of the input)
    "AdaptiveAvgPool1d": ((3,), (2, 3, 7)),
    "AdaptiveAvgPool2d": ((3,), (2, 2, 5, 7)),
    "AdaptiveMaxPool1d": ((3,), (2, 3, 7)),
    "AdaptiveMaxPool2d": ((3,), (2, 2, 5, 7)),
    "AvgPool1d": ((2,), (2, 3, 5)),
    "AvgPool2d": ((3, 2, 1), (2, 2, 5, 6)),
    "BatchNorm1d": ((3,), (4, 3)),
    "BatchNorm2d": ((2,), (3, 2, 4, 3)),
    "ChannelShuffle": ((3,), (2, 6, 2, 3)),
    "CircularPad2d": ((1,), (1, 2, 3, 4)),
    "ConstantPad2d": ((1, -1.5), (1, 2, 3, 4)),
    "Conv1d": ((2, 3, 3, 2, 1), (2, 2, 6)),
    "Conv2d": ((2, 3, 3, 1, 1), (2, 2, 6, 7)),
    "ConvTranspose1d": ((2, 3, 3, 2), (2, 2, 4)),
    "ConvTranspose2d": ((2, 3, 3, 2, 1), (2, 2, 4, 3)),
    "DepthwiseSeparableConv2d": ((2, 3, 3, 1, 1), (2, 2, 4, 5)),
    "Dropout": ((0.5,), (4, 6)),
    "Dropout2d": ((0.5,), (3, 4, 2, 2)),
    "ELU": ((), (3, 4)),
    "Filter2d": (("gaussian_blur",), (1, 2, 5, 5)),
    "Flatten": ((), (2, 3, 2)),
    "GELU": ((), (3, 4)),
    "GlobalAvgPool2d": ((), (2, 3, 4, 5)),
    "GlobalMaxPool2d": ((), (2, 3, 4, 5)),
    "GroupNorm": ((2, 4), (3, 4, 2, 3)),
    "Hardsigmoid": ((), (3, 4)),
    "Hardswish": ((), (3, 4)),
    "Identity": ((), (3, 4)),
    "InstanceNorm2d": ((3,), (2, 3, 2, 5)),
    "LayerNorm": ((5,), (3, 5)),
    "LeakyReLU": ((0.1,), (3, 4)),
    "Linear": ((5, 3), (4, 5)),
    "LocalResponseNorm": ((4, 0.7), (2, 7, 3, 2)),
    "LogSoftmax": ((1,), (3, 4)),
    "MaxPool1d": ((2,), (2, 3, 5)),
    "MaxPool2d": ((3, 2, 1), (2, 3, 5, 6)),
    "PReLU": ((4,), (3, 4)),
    "PixelShuffle": ((2,), (2, 8, 2, 3)),
    "ReLU": ((), (3, 4)),
    "ReLU6": ((), (3, 4)),
    "ReflectionPad2d": ((1,), (1, 2, 3, 4)),
    "ReplicationPad2d": ((1,), (1, 2, 3, 4)),
    "ScaledTanh": ((), (3, 4)),
    "SiLU": ((), (3, 4)),
    "Sigmoid": ((), (3, 4)),
    "Softmax": ((1,), (3, 4)),
    "Softplus": ((), (3, 4)),
    "SpatialPyramidPool2d": (((2, 1),), (2, 3, 5, 4)),
    "SqueezeExcitation": ((4, 2), (2, 4, 3, 3)),
    "Subsampling2d": ((3,), (2, 3, 4, 4)),
    "Tanh": ((), (3, 4)),
    "Upsample": ((2,), (1, 2, 3, 4)),
    "ZeroPad2d": ((1,), (1, 2, 3, 4)),
}
BOXES = np.array([[0, 0, 0, 3, 3], [1, 1, 1, 4, 2]], np.float32)


class Unpooling(nn.Module):
    """What takes the places of a max pooling too."""

    def __init__(self):
        super().__init__()
        self.unpool = nn.MaxUnpool2d(2)

    def forward(self, x):
        return self.unpool(*F.max_pool2d(x, 2, return_indices=True))


class Boxed(nn.Module):
    """A layer that takes boxes too."""

    def __init__(self, layer):
        super().__init__()
        self.layer = layer

    def forward(self, x):
        return self.layer(x, BOXES)


BLOCKS = {
    "Concat": lambda: (nn.Concat(nn.Conv2d(2, 2, 1), nn.MaxPool2d(3, 1, 1)), (1, 2, 4, 4)),
    "MaxUnpool2d": lambda: (Unpooling(), (1, 2, 4, 4)),
    "Residual": lambda: (
        nn.Residual(nn.Sequential(nn.Conv2d(2, 2, 3, padding=1), nn.BatchNorm2d(2)), relu=True),
        (2, 2, 4, 4),
    ),
    "RoIAlign": lambda: (Boxed(nn.RoIAlign(2, 1.0, 2)), (2, 2, 5, 5)),
    "RoIPool": lambda: (Boxed(nn.RoIPool(2, 1.0)), (2, 2, 5, 5)),
    "Sequential": lambda: (
        nn.Sequential(nn.Conv2d(1, 2, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(8, 3)),
        (2, 1, 6, 6),
    ),
}
LABELS, ANSWERS = np.array([0, 2, 1]), np.array([[0.0, 1.0, 1.0]] * 3, np.float32)
LOSSES = {
    "BCEWithLogitsLoss": ANSWERS,
    "CrossEntropyLoss": LABELS,
    "HalfSquaredErrorLoss": ANSWERS,
    "HuberLoss": ANSWERS,
    "L1Loss": ANSWERS,
    "MSELoss": ANSWERS,
    "MultiMarginLoss": LABELS,
    "NLLLoss": LABELS,
    "SmoothL1Loss": ANSWERS,
}
NO_NUMBERS = {"Module", "ModuleDict", "ModuleList", "Parameter", "WeightedLoss", "run"}  # WeightedLoss: below


def test_every_layer_is_here():
    assert {*LAYERS, *BLOCKS, *LOSSES} == {*nn.__all__} - NO_NUMBERS


def traced(net, x, rng):
    with tinyconv.trace() as trace:
        y = net(x)
        y.backward(Tensor(rng.standard_normal(y.shape).astype(np.float32)))
    return trace


def check_all(trace, leaves, rng):
    assert trace.events
    for event in trace.events:
        check(event.output, rng)
    for leaf in leaves:
        check(leaf.grad, rng)


EVALUATION = ("BatchNorm1d", "BatchNorm2d", "Dropout", "InstanceNorm2d", "Residual")  # where it makes a difference


@pytest.mark.parametrize(
    ("name", "training"), [*((name, True) for name in (*LAYERS, *BLOCKS)), *((name, False) for name in EVALUATION)]
)
def test_a_layer(name, training, rng):
    if name in BLOCKS:
        layer, shape = BLOCKS[name]()
    else:
        arguments, shape = LAYERS[name]
        layer = getattr(nn, name)(*arguments)
    x = Tensor(rng.standard_normal(shape).astype(np.float32), requires_grad=True)
    net = nn.Sequential(nn.Identity(), layer).train(training)
    net(x.detach())  # batch norm has seen something
    trace = traced(nn.Sequential(net, Square()), x, rng)
    check_all(trace, [x, *(p for p in net.parameters() if p.requires_grad)], rng)


class Square(nn.Module):
    def forward(self, x):
        return x * x


@pytest.mark.parametrize("name", [*LOSSES, "WeightedLoss"])
def test_a_loss(name, rng):
    layer = nn.Linear(4, 3)
    weighted = nn.WeightedLoss({"a": nn.MSELoss(), "b": nn.L1Loss()}, {"a": 0.5, "b": 2.0})
    loss = weighted if name == "WeightedLoss" else getattr(nn, name)()
    x = Tensor(rng.standard_normal((3, 4)).astype(np.float32))
    target = Tensor(LOSSES.get(name, ANSWERS))
    with tinyconv.trace() as trace:
        result = (
            loss({"a": layer(x), "b": layer(x)}, {"a": target, "b": target})
            if weighted is loss
            else loss(layer(x), target)
        )
        result.backward()
    check_all(trace, list(layer.parameters()), rng)
