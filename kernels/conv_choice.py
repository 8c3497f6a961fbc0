"""Which algorithm computes a convolution on the CPU: the one place that decides, by predicted cost.

    rows       pixels fill the vectors: few channels or filters (LeNet-5), groups       rows_numba.py
    depthwise  every channel by itself                                                  depthwise_numba.py
    direct     im2col in the cache, channels fill the vectors: everything else          direct_numba.py
    F2 F3 F4   Winograd's F(m x m, 3 x 3), fewer multiplications                        winograd_numba.py

Costs are in nanoseconds of one core, fitted to measurements (docs/performance.md); only their ratios matter.
"""

from functools import lru_cache
from typing import NamedTuple

from tinyconv.backend import get_precision
from tinyconv.geometry import Window

ALGORITHMS = ("rows", "depthwise", "direct", "F2", "F3", "F4")
FEW = 16  # channels or filters of a group: fewer leave the vectors of channels half empty


class Layer(NamedTuple):
    """What decides: the window, the sizes, bytes of an element (4 or 8)."""

    window: Window
    N: int
    C: int
    F: int
    OH: int
    OW: int
    itemsize: int


@lru_cache(maxsize=4096)
def choose(layer: Layer, precision: str) -> str:
    """The algorithm with the least predicted cost, among those that suit the layer and the precision."""
    for algorithm in ("depthwise", "rows"):
        if suits(algorithm, layer):
            return algorithm
    sizes = {"fast": ("F2", "F3", "F4"), "accurate": ("F2",)}[precision]
    candidates = ["direct", *(size for size in sizes if suits(size, layer))]
    return min(candidates, key=lambda algorithm: cost(algorithm, layer))


def algorithm_for(layer: Layer, asked: str | None) -> str:
    """The one that was asked for where it can compute the layer (it may be asked of all three passes), or the best."""
    return asked if asked and can(asked, layer) else choose(layer, get_precision())


def can(algorithm: str, layer: Layer) -> bool:
    """Does the algorithm compute this at all?"""
    window, G = layer.window, layer.window.groups
    if algorithm == "depthwise":
        return G == layer.C == layer.F
    if algorithm in ("rows", "direct"):
        return True
    return window.size == (3, 3) and window.stride == window.dilation == (1, 1) and G == 1 and layer.itemsize == 4


def suits(algorithm: str, layer: Layer) -> bool:
    """Is it worth a thought?"""
    CG, FG = layer.C // layer.window.groups, layer.F // layer.window.groups
    if algorithm == "rows":  # pictures of few channels are left to `direct`: nobody asks for their gradient
        return FG < FEW or 4 < CG < FEW
    return can(algorithm, layer) and (algorithm in ("depthwise", "direct") or min(CG, FG) >= FEW)


def cost(algorithm: str, layer: Layer) -> float:
    """The predicted time, in nanoseconds of one core."""
    window, N, C, F, OH, OW, _ = layer
    if algorithm == "direct":
        KH, KW = window.size
        return 0.021 * N * OH * OW * C // window.groups * KH * KW * F
    m = int(algorithm[1])
    points = (m + 2) ** 2
    tiles = N * -(-OH // m) * -(-OW // m)
    products, transforms, weights = tiles * points * C * F, tiles * points * (C + F), points * C * F
    return 0.0162 * products + 0.315 * transforms + 1.71 * weights
