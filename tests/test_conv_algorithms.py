"""Every algorithm of convolution on every geometry that it can compute, whatever conv2d would choose.

The bounds. A sum of n products, rounded at every step, in any order, is wrong by at most n u / (1 - n u) times the
sum of the products' sizes (Higham 2002, Accuracy and Stability of Numerical Algorithms, section 3.1), where u is half
of eps: the definition, of the operands' absolute values in float64, gives that sum. Winograd's algorithms add and
subtract first: test_winograd.py derives how much that costs, for the random numbers of size 1 that are used here.
"""

import numpy as np
import pytest
from kernel_cases.conv import GEOMETRIES

import tinyconv
from tinyconv import kernels
from tinyconv.geometry import Window
from tinyconv.kernels.conv_choice import ALGORITHMS, Layer, can

pytest.importorskip("numba", reason="Numba is not installed")
import test_winograd

from tinyconv.kernels import depthwise_numba, direct_numba, rows_numba, winograd_numba, winograd_weight_numba

MORE = {  # what would take the loops too long
    "channels and filters that fill no vector": ((2, 17, 6, 5), 33, dict(size=3, padding=1)),
    "whole vectors": ((2, 32, 7, 6), 64, dict(size=3, padding=1)),
    "one channel, many filters": ((2, 1, 9, 7), 20, dict(size=3, padding=1)),
    "many channels, one filter": ((2, 19, 5, 6), 1, dict(size=3)),
    "one pixel, many channels": ((1, 33, 1, 1), 65, dict(size=3, padding=1)),
    "1x1, whole vectors": ((2, 32, 5, 3), 64, dict(size=1)),
    "1x1 with a stride": ((2, 17, 7, 6), 33, dict(size=1, stride=2)),
    "1x1 with a border": ((2, 17, 4, 3), 18, dict(size=1, padding=1)),
    "strides and dilations": ((2, 18, 13, 12), 17, dict(size=(3, 2), stride=(2, 3), padding=2, dilation=(2, 1))),
    "groups of whole vectors": ((2, 48, 6, 5), 96, dict(size=3, padding=1, groups=3)),
    "1x1 in groups": ((2, 34, 5, 3), 38, dict(size=1, groups=2)),
    "a window laid out line by line": ((1, 120, 5, 4), 18, dict(size=3, padding=1)),
    "more filters than are summed at a time": ((1, 3, 5, 4), 290, dict(size=3)),
    "many lines": ((3, 16, 50, 9), 20, dict(size=3, padding=1)),
    "a line longer than the cache": ((1, 16, 3, 1500), 17, dict(size=3, padding=1)),
    "depthwise, whole vectors": ((2, 32, 6, 5), 32, dict(size=3, padding=1, groups=32)),
    "depthwise, strides and dilations": ((3, 37, 9, 12), 37, dict(size=3, stride=(2, 1), dilation=(1, 2), groups=37)),
    "depthwise, one pixel": ((1, 19, 1, 1), 19, dict(size=5, padding=2, groups=19)),
}
ALL = GEOMETRIES | MORE


def layer_of(label, dtype):
    (N, C, H, W), F, geometry = ALL[label]
    window = Window.of("test", **geometry)
    return Layer(window, N, C, F, *window.out(H, W), np.dtype(dtype).itemsize)


def possible(labels, algorithms=ALGORITHMS):
    """All (algorithm, label, dtype) that the algorithms can compute."""
    return [
        pytest.param(algorithm, label, dtype, id=f"{algorithm}-{label}-{dtype.__name__}")
        for algorithm in algorithms
        for label in labels
        for dtype in (np.float32, np.float64)
        if can(algorithm, layer_of(label, dtype))
    ]


def same(a):
    return a


def operands(rng, X, F, window, dtype, layout=same):
    """x, w, b and dy."""
    shapes = X, (F, X[1] // window.groups, *window.size), (F,), (X[0], F, *window.out(*X[2:]))
    return [layout(rng.standard_normal(shape).astype(dtype)) for shape in shapes]


def passes(convolution, x, w, b, dy, window, *algorithm):
    """y, the same of at least 0 and without a bias, dx and dw: by the kernels, or by their definitions"""
    conv2d, conv2d_input, conv2d_weight = convolution
    return {
        "y": conv2d(x, w, b, window, False, *algorithm),
        "floored": conv2d(x, w, None, window, True, *algorithm),
        "dx": conv2d_input(dy, w, window, x.shape, *algorithm),
        "dw": conv2d_weight(dy, x, window, *algorithm),
    }


KERNELS = kernels.conv2d, kernels.conv2d_input, kernels.conv2d_weight
DEFINITIONS = [kernel.definition for kernel in KERNELS]


def most(algorithm, name, window, operands, sizes):
    """What no error of this pass exceeds."""
    x, w, _, dy, _ = operands
    (KH, KW), G, (N, F, OH, OW), C = window.size, window.groups, dy.shape, x.shape[1]
    if algorithm in ("F2", "F3", "F4"):
        m = int(algorithm[1])
        K = {"y": C, "floored": C, "dx": F, "dw": N * -(-OH // m) * -(-OW // m)}[name]
        return test_winograd.bound(m, K, back=name == "dw")
    terms = {"y": w[0].size + 1, "floored": w[0].size, "dx": F // G * KH * KW, "dw": N * OH * OW}[name]
    n_u = terms * np.finfo(x.dtype).eps / 2
    return n_u / (1 - n_u) * sizes[name]


def check(algorithm, *operands):
    """All passes of one case, in the numba engine."""
    copies = [a.copy() for a in operands[:4]]
    with tinyconv.engine("numba"):
        results = passes(KERNELS, *operands, algorithm)
    x, w, b, dy = (a.astype(np.float64) for a in operands[:4])
    window = operands[4]
    expected = passes(DEFINITIONS, x, w, b, dy, window)
    sizes = passes(DEFINITIONS, abs(x), abs(w), abs(b), abs(dy), window)
    for name, result in results.items():
        assert result.shape == expected[name].shape, name
        assert result.dtype == operands[0].dtype, name
        bound = most(algorithm, name, window, operands, sizes)
        if result.dtype == np.float64:  # the definition rounds, too
            bound = np.minimum(2 * bound, 1e-12 * max(1, abs(expected[name]).max(initial=0)))
        share = abs(result - expected[name]) / np.maximum(bound, np.finfo(np.float64).tiny)
        assert (share <= 1).all(), f"{name}: {share.max():.2g} times the error that rounding makes"
    for a, copy in zip(operands, copies, strict=False):
        np.testing.assert_array_equal(a, copy)


@pytest.mark.parametrize(("algorithm", "label", "dtype"), possible(ALL))
def test_against_the_definition_in_float64(algorithm, label, dtype, rng):
    X, F, geometry = ALL[label]
    window = Window.of("test", **geometry)
    check(algorithm, *operands(rng, X, F, window, dtype), window)


def channels_last(a):
    return np.moveaxis(np.moveaxis(a, 1, -1).copy(), -1, 1) if a.ndim > 1 else a


def reversed_axes(a):
    return np.ascontiguousarray(a.T).T


def scattered(a):
    """The same numbers in twice the memory, backwards, and not where numbers of their type begin."""
    memory = np.zeros(2 * a.nbytes + 1, np.uint8)[1:].view(a.dtype)
    b = memory.reshape(*a.shape[:-1], -1)[..., ::-2]
    b[...] = a
    return b


@pytest.mark.parametrize("layout", [channels_last, reversed_axes, scattered])
@pytest.mark.parametrize(
    ("algorithm", "label", "dtype"),
    possible(["channels and filters that fill no vector", "1x1, whole vectors", "groups of whole vectors"], ["direct"])
    + possible(["channels and filters that fill no vector"], ["rows", "F2", "F3", "F4"])
    + possible(["depthwise, strides and dilations"], ["depthwise"]),
)
def test_any_memory_layout(algorithm, label, dtype, layout, rng):
    X, F, geometry = ALL[label]
    window = Window.of("test", **geometry)
    check(algorithm, *operands(rng, X, F, window, dtype, layout), window)


@pytest.mark.parametrize("algorithm", ["direct", "rows", "depthwise"])
@pytest.mark.parametrize("N", [1, 2, 3, 15, 16, 17, 31, 32, 33, 71])
def test_work_of_any_size_is_shared_out(algorithm, N, rng):
    """Units of lines, and parts of the sums over pixels, that are just full, and one picture more or fewer."""
    window = Window.of("test", 3, padding=1, groups=17 if algorithm == "depthwise" else 1)
    check(algorithm, *operands(rng, (N, 17, 3, 5), 17, window, np.float32), window)


SIMPLE = {"direct": direct_numba, "rows": rows_numba, "depthwise": depthwise_numba}


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_the_algorithm_that_was_asked_for_computes_it(algorithm, rng):
    window = Window.of("test", 3, padding=1, groups=20 if algorithm == "depthwise" else 1)
    x, w, b, dy = operands(rng, (2, 20, 9, 7), 20, window, np.float32)
    with tinyconv.engine("numba"):
        asked = passes(KERNELS, x, w, b, dy, window, algorithm)
    module, m = (SIMPLE[algorithm], ()) if algorithm in SIMPLE else (winograd_numba, (int(algorithm[1]),))
    of_weights = module if algorithm in SIMPLE else winograd_weight_numba
    np.testing.assert_array_equal(asked["y"], module.forward(x, w, b, window, *m))
    np.testing.assert_array_equal(asked["dx"], module.input_gradient(dy, w, window, x.shape, *m))
    np.testing.assert_array_equal(asked["dw"], of_weights.weight_gradient(dy, x, window, *m))
