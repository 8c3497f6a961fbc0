"""SE-Inception: BN-Inception, in which every module weighs its channels by what the whole picture shows.

Hu, Shen, Albanie, Sun and Wu 2018, "Squeeze-and-Excitation Networks", arXiv:1709.01507, figure 2 and table 2
(SE-BN-Inception).

Departures from the paper: those of bn_inception.py.
"""

from __future__ import annotations

from tinyconv import nn
from tinyconv.geometry import whole

from .bn_inception import BNInception
from .registry import model
from .weights import he_

CHANNELS = {
    "3a": 256, "3b": 320, "3c": 576,
    "4a": 576, "4b": 576, "4c": 576, "4d": 576, "4e": 1024,
    "5a": 1024, "5b": 1024,
}  # fmt: skip


class SEInception(BNInception):
    """x (N, in_channels, H, W) -> logits (N, num_classes)

    width      as in BNInception
    reduction  r: a block squeezes C channels to C/r
    """

    def __init__(self, num_classes: int = 1000, in_channels: int = 3, width: int = 64, reduction: int = 16):
        super().__init__(num_classes, in_channels, width)
        reduction = whole("SEInception", "reduction", reduction, least=1)
        for module, channels in CHANNELS.items():
            name, C = f"inception{module}", channels * width // 64
            block = nn.SqueezeExcitation(C, max(1, C // reduction))
            he_(block)
            setattr(self.features, name, nn.Sequential({"inception": getattr(self.features, name), "se": block}))


@model(year=2018, paper="Hu et al. 2018, arXiv:1709.01507, figure 2", top1=(75.77, "the paper, table 2"))
def se_inception(num_classes: int = 1000, in_channels: int = 3, width: int = 64, reduction: int = 16) -> SEInception:
    """11,823,488 parameters for 1000 classes, 628,504 of them in the SE blocks."""
    return SEInception(num_classes, in_channels, width, reduction)
