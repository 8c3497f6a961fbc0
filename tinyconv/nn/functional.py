"""Every operation as a function, under PyTorch's names: `import tinyconv.nn.functional as F`."""

from tinyconv.ops.activation import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinyconv.ops.activation_piecewise import elu, hardsigmoid, hardswish, prelu, relu6
from tinyconv.ops.activation_smooth import gelu, scaled_tanh, silu, softplus
from tinyconv.ops.adaptive_pool import adaptive_avg_pool2d, adaptive_max_pool2d, spatial_pyramid_pool2d
from tinyconv.ops.binary_loss import binary_cross_entropy_with_logits
from tinyconv.ops.conv import conv1d, conv2d
from tinyconv.ops.conv_transpose import conv_transpose1d, conv_transpose2d
from tinyconv.ops.dropout import dropout, dropout2d
from tinyconv.ops.filters import filter2d
from tinyconv.ops.group_norm import group_norm, instance_norm, layer_norm
from tinyconv.ops.interpolate import interpolate
from tinyconv.ops.local_response_norm import local_response_norm
from tinyconv.ops.loss import cross_entropy, nll_loss
from tinyconv.ops.margin_loss import multi_margin_loss
from tinyconv.ops.matmul import linear
from tinyconv.ops.norm import batch_norm
from tinyconv.ops.pad import pad
from tinyconv.ops.pool import avg_pool2d, max_pool2d
from tinyconv.ops.pool1d import adaptive_avg_pool1d, adaptive_max_pool1d, avg_pool1d, max_pool1d
from tinyconv.ops.regression_loss import half_squared_error, huber_loss, l1_loss, mse_loss, smooth_l1_loss
from tinyconv.ops.roi import roi_align, roi_pool
from tinyconv.ops.shuffle import channel_shuffle, pixel_shuffle
from tinyconv.ops.subsampling import subsampling2d
from tinyconv.ops.unpool import max_unpool2d

__all__ = [
    "adaptive_avg_pool1d",
    "adaptive_avg_pool2d",
    "adaptive_max_pool1d",
    "adaptive_max_pool2d",
    "avg_pool1d",
    "avg_pool2d",
    "batch_norm",
    "binary_cross_entropy_with_logits",
    "channel_shuffle",
    "conv1d",
    "conv2d",
    "conv_transpose1d",
    "conv_transpose2d",
    "cross_entropy",
    "dropout",
    "dropout2d",
    "elu",
    "filter2d",
    "gelu",
    "group_norm",
    "half_squared_error",
    "hardsigmoid",
    "hardswish",
    "huber_loss",
    "instance_norm",
    "interpolate",
    "l1_loss",
    "layer_norm",
    "leaky_relu",
    "linear",
    "local_response_norm",
    "log_softmax",
    "max_pool1d",
    "max_pool2d",
    "max_unpool2d",
    "mse_loss",
    "multi_margin_loss",
    "nll_loss",
    "pad",
    "pixel_shuffle",
    "prelu",
    "relu",
    "relu6",
    "roi_align",
    "roi_pool",
    "scaled_tanh",
    "sigmoid",
    "silu",
    "smooth_l1_loss",
    "softmax",
    "softplus",
    "spatial_pyramid_pool2d",
    "subsampling2d",
    "tanh",
]
