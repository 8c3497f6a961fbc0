"""Branches side by side, their channels put together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinyconv.ops.join import cat

from .container import named_parts
from .module import Module


class Concat(Module):
    """y = the channels of f_1(x), then those of f_2(x), ...: every branch is given the same x

    x (N, C, H, W), branch i: (N, F_i, OH, OW)  ->  y (N, F_1 + F_2 + ..., OH, OW);  dim: another axis to join along.

    Concat(a, b) names its branches "0", "1"; Concat({"branch1": a, "branch2": b}) as it says.
    An Inception block has branches of other kernel sizes (Szegedy et al. 2015, arXiv:1409.4842, section 4); a layer of
    a DenseNet is Concat(Identity(), f): y = [x, f(x)] (Huang et al. 2017, arXiv:1608.06993, eq. 2).
    """

    def __init__(self, *branches: Module | Mapping[str, Module], dim: int = 1):
        for name, branch in named_parts("Concat", branches).items():
            setattr(self, name, branch)
        self.dim = dim

    def forward(self, x: Any) -> Any:
        return cat([branch(x) for _, branch in self._owned(Module)], self.dim)

    def extra_repr(self) -> str:
        return "" if self.dim == 1 else f"dim={self.dim}"
