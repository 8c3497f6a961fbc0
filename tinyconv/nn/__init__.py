"""Layers, losses and initialisers: parameters around the operations of tinyconv.ops."""

from . import functional as functional
from . import init as init
from . import utils as utils
from .activation import (
    ELU,
    GELU,
    Hardsigmoid,
    Hardswish,
    LeakyReLU,
    LogSoftmax,
    PReLU,
    ReLU,
    ReLU6,
    ScaledTanh,
    Sigmoid,
    SiLU,
    Softmax,
    Softplus,
    Tanh,
)
from .adaptive_pool import (
    AdaptiveAvgPool2d,
    AdaptiveMaxPool2d,
    GlobalAvgPool2d,
    GlobalMaxPool2d,
    SpatialPyramidPool2d,
)
from .concat import Concat
from .container import Residual, Sequential
from .conv import Conv1d, Conv2d, DepthwiseSeparableConv2d
from .conv_transpose import ConvTranspose1d, ConvTranspose2d
from .dropout import Dropout, Dropout2d
from .filters import Filter2d
from .fusion import run
from .group_norm import GroupNorm, InstanceNorm2d, LayerNorm
from .linear import Flatten, Identity, Linear
from .local_response_norm import LocalResponseNorm
from .loss import (
    BCEWithLogitsLoss,
    CrossEntropyLoss,
    HalfSquaredErrorLoss,
    HuberLoss,
    L1Loss,
    MSELoss,
    MultiMarginLoss,
    NLLLoss,
    SmoothL1Loss,
)
from .module import Module, Parameter
from .module_list import ModuleDict, ModuleList
from .norm import BatchNorm1d, BatchNorm2d
from .pad import CircularPad2d, ConstantPad2d, ReflectionPad2d, ReplicationPad2d, ZeroPad2d
from .pool import AvgPool2d, MaxPool2d
from .pool1d import AdaptiveAvgPool1d, AdaptiveMaxPool1d, AvgPool1d, MaxPool1d
from .roi import RoIAlign, RoIPool
from .squeeze_excitation import SqueezeExcitation
from .subsampling import Subsampling2d
from .unpool import MaxUnpool2d
from .upsample import ChannelShuffle, PixelShuffle, Upsample
from .weighted_loss import WeightedLoss

__all__ = [
    "AdaptiveAvgPool1d",
    "AdaptiveAvgPool2d",
    "AdaptiveMaxPool1d",
    "AdaptiveMaxPool2d",
    "AvgPool1d",
    "AvgPool2d",
    "BCEWithLogitsLoss",
    "BatchNorm1d",
    "BatchNorm2d",
    "ChannelShuffle",
    "CircularPad2d",
    "Concat",
    "ConstantPad2d",
    "Conv1d",
    "Conv2d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "CrossEntropyLoss",
    "DepthwiseSeparableConv2d",
    "Dropout",
    "Dropout2d",
    "ELU",
    "Filter2d",
    "Flatten",
    "GELU",
    "GlobalAvgPool2d",
    "GlobalMaxPool2d",
    "GroupNorm",
    "HalfSquaredErrorLoss",
    "Hardsigmoid",
    "Hardswish",
    "HuberLoss",
    "Identity",
    "InstanceNorm2d",
    "L1Loss",
    "LayerNorm",
    "LeakyReLU",
    "Linear",
    "LocalResponseNorm",
    "LogSoftmax",
    "MSELoss",
    "MaxPool1d",
    "MaxPool2d",
    "MaxUnpool2d",
    "Module",
    "ModuleDict",
    "ModuleList",
    "MultiMarginLoss",
    "NLLLoss",
    "PReLU",
    "Parameter",
    "PixelShuffle",
    "ReLU",
    "ReLU6",
    "ReflectionPad2d",
    "ReplicationPad2d",
    "Residual",
    "RoIAlign",
    "RoIPool",
    "ScaledTanh",
    "Sequential",
    "SiLU",
    "Sigmoid",
    "SmoothL1Loss",
    "Softmax",
    "Softplus",
    "SpatialPyramidPool2d",
    "SqueezeExcitation",
    "Subsampling2d",
    "Tanh",
    "Upsample",
    "WeightedLoss",
    "ZeroPad2d",
    "run",
]
