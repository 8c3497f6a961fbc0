"""A convolution, batch norm and ReLU: what Inception networks are made of from the second version on."""

from __future__ import annotations

from tinyconv import nn
from tinyconv.geometry import PaddingLike, Pair


def conv_bn_relu(
    C: int, F: int, kernel_size: int | Pair, stride: int | Pair = 1, padding: PaddingLike = "same", eps: float = 1e-3
) -> nn.Sequential:
    """x (N, C, H, W) -> y (N, F, OH, OW);  the parts are "conv", without a bias, "bn" and "relu"

    Ioffe and Szegedy 2015, arXiv:1502.03167, section 3.2. In what the Inception networks'
    authors published eps is 0.001.
    """
    conv = nn.Conv2d(C, F, kernel_size, stride, padding, bias=False)
    return nn.Sequential({"conv": conv, "bn": nn.BatchNorm2d(F, eps), "relu": nn.ReLU()})
