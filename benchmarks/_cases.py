"""The operations that are timed. Each is written once: tinyconv and PyTorch have the same names for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from _nets import ADADELTA, SGD

Passes = dict[str, Callable[[], Any]]


@dataclass(frozen=True)
class Case:
    """An operation at one size.

    passes  from a Side: what is timed; each function gives a tensor, or several
    work    of each pass, in units of 1e9: operations, or bytes that must at least be read and written
    unit    "GFLOP" or "GB"
    checks  what is compared in place of the passes' results, where these are random or changes in place
    """

    name: str
    passes: Callable[[Side], Passes]
    work: dict[str, float]
    unit: str
    checks: Callable[[Side], Passes] | None = None


class Side:
    """Random inputs, the same in every library, and the passes of an operation on them."""

    def __init__(self, library: Any, channels_last: bool, channels_last_weights: bool, dtype: str):
        self.library, self.dtype = library, dtype
        self.F, self.optim = library.nn.functional, library.optim
        self.grad = library.grad if hasattr(library, "grad") else library.autograd.grad
        self.channels_last, self.channels_last_weights = channels_last, channels_last_weights

    def begin(self) -> None:
        """The same random numbers again."""
        import numpy as np

        self.rng = np.random.default_rng(4)

    def input(self, *shape: int) -> Any:
        return self._tensor(shape, self.channels_last)

    def weight(self, *shape: int) -> Any:
        return self._tensor(shape, self.channels_last_weights)

    def labels(self, n: int, classes: int) -> Any:
        return self.library.from_numpy(self.rng.integers(0, classes, n))

    def _tensor(self, shape: tuple[int, ...], channels_last: bool) -> Any:
        import numpy as np

        array = self.rng.standard_normal(shape, np.float32).astype(self.dtype)
        if channels_last and array.ndim == 4:
            array = np.ascontiguousarray(array.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
        return self.library.from_numpy(array).requires_grad_()

    def passes(self, forward: Callable[[], Any], **gradients: list[Any]) -> Passes:
        """The forward pass, recorded for a backward one, and each part of that for itself."""
        y = forward()
        dy = self.input(*y.shape).detach()

        def backward(xs: list[Any]) -> Callable[[], Any]:
            return lambda: self.grad(y, xs, dy, retain_graph=True)

        return {"forward": forward, **{name: backward(xs) for name, xs in gradients.items()}}


# ---------------------------------------------------------------- products


def convolution(name: str, N: int, C: int, H: int, F: int, K: int, stride: int = 1, padding: int = 0) -> Case:
    """Pictures H x H, kernels K x K; what has three channels or fewer is a net's input and needs no gradient."""
    OH = (H + 2 * padding - K) // stride + 1
    gflop = 2 * N * F * OH * OH * C * K * K / 1e9

    def passes(side: Side) -> Passes:
        x, w, b = side.input(N, C, H, H), side.weight(F, C, K, K), side.weight(F)
        gradients = {"dw": [w]} if C <= 3 else {"dx": [x], "dw": [w]}
        return side.passes(lambda: side.F.conv2d(x, w, b, stride, padding), **gradients)

    kernel = f"{K}x{K}/{stride}" if stride > 1 else f"{K}x{K}"
    names = ["forward", "dw"] if C <= 3 else ["forward", "dx", "dw"]
    return Case(f"{name}: {kernel} {C}->{F} @{H} b{N}", passes, dict.fromkeys(names, gflop), "GFLOP")


def dense(name: str, N: int, C: int, F: int) -> Case:
    def passes(side: Side) -> Passes:
        x, w, b = side.input(N, C), side.weight(F, C), side.weight(F)
        return side.passes(lambda: side.F.linear(x, w, b), dx=[x], dw=[w])

    work = dict.fromkeys(["forward", "dx", "dw"], 2 * N * C * F / 1e9)
    return Case(f"{name}: dense {C}->{F} b{N}", passes, work, "GFLOP")


# ---------------------------------------------------------------- what is as fast as memory


def elementwise(
    name: str,
    shape: tuple[int, ...],
    forward: Callable[..., Any],
    arrays: tuple[float, float],
    checks: Callable[[Side], Passes] | None = None,
    weights: int = 0,
) -> Case:
    """forward(side, x, w, b) on one large array, with `weights` vectors of a number for each channel.

    arrays  that forward and backward read and write, as multiples of x
    """

    def passes(side: Side) -> Passes:
        x, ws = side.input(*shape), [side.weight(shape[1]) for _ in range(weights)]
        return side.passes(lambda: forward(side, x, *ws), backward=[x, *ws])

    size = 4 * math.prod(shape) / 1e9
    work = {"forward": arrays[0] * size, "backward": arrays[1] * size}
    return Case(f"{name} {'x'.join(map(str, shape))}", passes, work, "GB", checks)


def cross_entropy(N: int, K: int) -> Case:
    def passes(side: Side) -> Passes:
        x, t = side.input(N, K), side.labels(N, K)
        return {"forward, backward": lambda: side.grad(side.F.cross_entropy(x, t), [x])}

    return Case(f"softmax cross-entropy {N}x{K}", passes, {"forward, backward": 3 * 4 * N * K / 1e9}, "GB")


def dropout_checks(side: Side) -> Passes:
    """What is left is scaled, what is dropped is so in both passes, and it is the right share."""
    import numpy as np

    p, x = DROPOUT, side.input(*PICTURES)
    y = side.F.dropout(x, p, True)
    dy = side.input(*PICTURES).detach()
    (dx,) = side.grad(y, [x], dy)
    x, y, dx, dy = (a.detach().numpy() for a in (x, y, dx, dy))
    kept = y != 0
    return {
        "forward": lambda: np.where(kept, y, x / (1 - p)),
        "backward": lambda: np.where(kept, dx, dy / (1 - p) + dx),
        "share": lambda: np.round(kept.mean(), 2),
    }


def update(name: str, settings: dict[str, Any], shapes: list[tuple[int, ...]], arrays: int) -> Case:
    """An optimiser's update of many parameters; arrays: weights, gradients and state, read and written."""

    def begin(side: Side) -> tuple[list[Any], Any]:
        parameters = [side.weight(*shape) for shape in shapes]
        for p in parameters:
            p.grad = side.weight(*p.shape).detach()
        return parameters, getattr(side.optim, name)(parameters, **settings)

    def passes(side: Side) -> Passes:
        return {"update": begin(side)[1].step}

    def checks(side: Side) -> Passes:
        parameters, optimizer = begin(side)
        before = [p.detach().numpy().copy() for p in parameters]
        optimizer.step()
        optimizer.step()
        return {"update": lambda: [p.detach().numpy() - w for p, w in zip(parameters, before, strict=True)]}

    n = sum(map(math.prod, shapes))
    return Case(
        f"{name}, {n:,} weights in {len(shapes)} arrays", passes, {"update": arrays * 4 * n / 1e9}, "GB", checks
    )


PICTURES = (128, 64, 28, 28)
DROPOUT = 0.2
DECK_CIFAR = [
    *((64, 3, 3, 3), (64,), (64, 64, 3, 3), (64,), (128, 64, 3, 3), (128,), (128, 128, 3, 3), (128,)),
    *((256, 128, 3, 3), (256,), (256, 256, 3, 3), (256,), (256, 2304), (256,), (128, 256), (128,), (10, 128), (10,)),
]
CASES = [
    convolution("ResNet", 16, 64, 56, 64, 3, padding=1),
    convolution("ResNet", 16, 128, 28, 128, 3, padding=1),
    convolution("ResNet", 16, 256, 14, 256, 3, padding=1),
    convolution("ResNet", 16, 512, 7, 512, 3, padding=1),
    convolution("ResNet", 16, 64, 56, 128, 3, stride=2, padding=1),
    convolution("ResNet", 16, 256, 56, 64, 1),
    convolution("ResNet", 16, 64, 56, 256, 1),
    convolution("ResNet", 16, 512, 7, 2048, 1),
    convolution("ResNet", 16, 256, 56, 512, 1, stride=2),
    convolution("ResNet", 16, 3, 224, 64, 7, stride=2, padding=3),
    convolution("CIFAR", 128, 3, 32, 64, 3),
    convolution("CIFAR", 128, 64, 30, 64, 3),
    convolution("CIFAR", 128, 64, 14, 128, 3, padding=1),
    convolution("CIFAR", 128, 128, 14, 128, 3, padding=1),
    convolution("CIFAR", 128, 128, 7, 256, 3, padding=1),
    convolution("CIFAR", 128, 256, 7, 256, 3, padding=1),
    convolution("MNIST", 512, 1, 28, 32, 3),
    convolution("MNIST", 512, 32, 13, 64, 3, padding=1),
    convolution("MNIST", 512, 64, 6, 128, 3, padding=1),
    convolution("MNIST", 512, 128, 3, 256, 3, padding=1),
    convolution("MNIST", 512, 256, 3, 512, 3, padding=1),
    convolution("ResNet-20", 128, 16, 32, 16, 3, padding=1),
    convolution("ResNet-20", 128, 32, 16, 32, 3, padding=1),
    convolution("ResNet-20", 128, 64, 8, 64, 3, padding=1),
    convolution("LeNet", 512, 1, 28, 6, 5, padding=2),
    convolution("LeNet", 512, 6, 14, 16, 5),
    dense("LeNet", 64, 400, 120),
    dense("LeNet", 512, 400, 120),
    dense("MNIST", 512, 4608, 256),
    dense("VGG", 4, 4096, 4096),
    dense("ResNet", 8, 2048, 1000),
    elementwise("max pool 2x2", PICTURES, lambda side, x: side.F.max_pool2d(x, 2), (1.25, 1.25)),
    elementwise("max pool 3x3/2", (16, 64, 112, 112), lambda side, x: side.F.max_pool2d(x, 3, 2, 1), (1.25, 1.25)),
    elementwise("average pool 2x2", (512, 6, 28, 28), lambda side, x: side.F.avg_pool2d(x, 2), (1.25, 1.25)),
    elementwise(
        *("batch norm", PICTURES, lambda side, x, w, b: side.F.batch_norm(x, None, None, w, b, True), (3, 5)),
        weights=2,
    ),
    elementwise("ReLU", PICTURES, lambda side, x: side.F.relu(x), (2, 3)),
    elementwise("tanh", (512, 6, 28, 28), lambda side, x: side.F.tanh(x), (2, 3)),
    elementwise("dropout", PICTURES, lambda side, x: side.F.dropout(x, DROPOUT, True), (2, 2), dropout_checks),
    cross_entropy(512, 10),
    cross_entropy(512, 1000),
    update(*SGD, DECK_CIFAR, 5),
    update(*ADADELTA, DECK_CIFAR, 7),
    update("Adam", {}, DECK_CIFAR, 7),
]
