"""Every operation as a function, under PyTorch's names: `import tinyconv.nn.functional as F`."""

from tinyconv.ops.activation import leaky_relu, log_softmax, relu, sigmoid, softmax, tanh
from tinyconv.ops.conv import conv2d
from tinyconv.ops.dropout import dropout
from tinyconv.ops.loss import cross_entropy, mse_loss, nll_loss
from tinyconv.ops.matmul import linear
from tinyconv.ops.norm import batch_norm
from tinyconv.ops.pool import avg_pool2d, max_pool2d
from tinyconv.ops.shape import pad

__all__ = [
    "avg_pool2d",
    "batch_norm",
    "conv2d",
    "cross_entropy",
    "dropout",
    "leaky_relu",
    "linear",
    "log_softmax",
    "max_pool2d",
    "mse_loss",
    "nll_loss",
    "pad",
    "relu",
    "sigmoid",
    "softmax",
    "tanh",
]
