"""What deep nets begin with."""

from __future__ import annotations

from tinyconv import nn


def he_(net: nn.Module, mode: str = "fan_out") -> None:
    """Convolutions: w ~ N(0, 2/fan_out), b = 0: gradients keep their size through ReLUs. Dense layers stay as they are.

    mode  "fan_in" keeps the signals' size instead, which matters where branches meet and no batch norm follows
    He et al. 2015, "Delving Deep into Rectifiers", arXiv:1502.01852, section 2.2, equations 14 and 10
    """
    for layer in net.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.kaiming_normal_(layer.weight, mode=mode, nonlinearity="relu", groups=layer.groups)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)


def glorot_(net: nn.Module) -> None:
    """Convolutions and dense layers: w ~ U(-a, a), a = sqrt(6 / (fan_in + fan_out)), b = 0, which is Keras's default.

    Glorot and Bengio 2010, "Understanding the difficulty of training deep feedforward neural networks", equation 16
    """
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
