"""Compile every kernel beforehand: training steps of small nets that use all of them between them."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from . import data, nn, optim, random
from .backend import engine
from .creation import randn, zeros
from .models import LeNet5
from .tape import no_grad
from .train.console import Output
from .train.progress import Bar

NOTHING = "Nothing can be compiled: {}. To mend it: pip install --upgrade numba"
NOT_KEPT = "They could not be kept: no folder can be written to. Name one in the environment variable NUMBA_CACHE_DIR."

OPTIMIZERS: tuple[Callable[..., optim.Optimizer], ...] = (
    lambda parameters: optim.SGD(parameters, lr=0.01, momentum=0.9, weight_decay=1e-4, nesterov=True),
    lambda parameters: optim.Adam(parameters, lr=0.001),
    lambda parameters: optim.Adadelta(parameters),
    lambda parameters: optim.Adagrad(parameters),
    lambda parameters: optim.RMSprop(parameters),
    lambda parameters: optim.LARS(parameters, lr=0.01),
)


def _plain() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 64, 3), nn.ReLU(), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
        *(nn.Dropout(0.25), nn.Conv2d(64, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(3, stride=2, padding=1)),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(64 * 8 * 8, 10)),
    )


def _residual() -> nn.Module:
    return nn.Sequential(
        *(nn.Conv2d(3, 16, 7, stride=2, padding=3, bias=False), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.Conv2d(32, 64, 1)),
        *(nn.AvgPool2d(8), nn.Flatten(), nn.Linear(64, 10)),
    )


def _others() -> nn.Module:
    return nn.Sequential(
        *(nn.BatchNorm2d(3), nn.AvgPool2d(3, stride=1, padding=1), nn.ReLU(), nn.MaxPool2d(3, stride=1, padding=1)),
        *(nn.Conv2d(3, 9, 3, padding=1, groups=3), nn.LeakyReLU(0.1), nn.Conv2d(9, 9, 3, groups=9), nn.Sigmoid()),
        *(nn.Conv2d(9, 8, 3, dilation=2), nn.Tanh(), nn.AvgPool2d(3, stride=2, padding=1), nn.Softmax(1)),
        *(nn.SiLU(), nn.ReLU6(), nn.LocalResponseNorm(5)),
        *(nn.Flatten(), nn.Linear(8 * 13 * 13, 10)),
    )


# Between them these are every kernel's case: windows, channels, orders of memory. A test finds what they leave out.
NETS: tuple[tuple[Callable[[], nn.Module], tuple[int, ...]], ...] = (
    (LeNet5, (64, 1, 28, 28)),
    (_plain, (8, 3, 32, 32)),
    (_residual, (8, 3, 32, 32)),
    (_others, (8, 3, 32, 32)),
    (
        lambda: nn.Sequential(nn.MaxPool2d(2), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(48, 10)),
        (200, 3, 16, 16),
    ),
)


def warmup(float64: bool = False) -> None:
    """Compile all kernels for float32, and for float64 if asked for; say how many, and where they are kept.

    Numba keeps them beside their source or, where that cannot be written to, in the user's cache folder;
    NUMBA_CACHE_DIR names another. What is kept there already is not compiled again.
    """
    output = Output()
    try:
        from .kernels._compiling_numba import watch
    except ImportError as error:
        output.line(NOTHING.format(error))
        return
    dtypes = ("float32", "float64") if float64 else ("float32",)
    console, streams, done = output.terminal(), random.get_state(), 0
    bar = Bar(console, len(dtypes) * len(NETS)) if console else None

    def draw(name: str) -> None:
        if bar:
            bar.draw(done, dtype, f"{watch.seconds:.0f} s", name)

    with engine("numba"), watch.by(draw):
        for dtype in dtypes:
            for build, shape in NETS:
                N, C, H, W = shape
                for x in (randn(N, C, H, W, dtype=dtype), randn(N, H, W, C, dtype=dtype).permute(0, 3, 1, 2)):
                    _steps(build().to(dtype), x.requires_grad_())
                done += 1
        for pixels in ("uint8", "float32"):
            _augment(np.zeros((2, 3, 16, 16), pixels))
    if bar:
        bar.close()
    random.set_state(streams)
    folders = {kernel.stats.cache_path for kernel in compiled_kernels()}
    output.line(f"{len(watch.functions)} functions were compiled, in {watch.seconds:.0f} s.")
    output.line(NOT_KEPT if None in folders else f"All are in {' and '.join(sorted(folders))}")


def _steps(model: nn.Module, x: Any) -> None:
    """Two passes, of which the second adds to gradients, a step with each optimiser, and an evaluation."""
    labels = zeros(len(x), dtype="int64")
    for _ in range(2):
        nn.functional.cross_entropy(model(x), labels).backward()
    for build in OPTIMIZERS:
        build(model.parameters()).step()
    with no_grad():
        model.eval()(x)


def _augment(images: np.ndarray) -> None:
    """Every transform that has kernels of its own."""
    for t in (
        *(data.RandomAffine(5), data.RandomAffine(5, interpolation="nearest"), data.RandomCrop(16, padding=2)),
        *(data.Resize(8), data.ColorJitter(0.1, 0.1, 0.1, 0.1), data.Lighting(), data.Standardize()),
    ):
        t(images)
    data.Mixup(1, 2)(images, np.zeros(2, int))


def compiled_kernels() -> list[Any]:
    """Numba's dispatcher behind each function of the loaded kernels that Python calls."""
    modules = [module for name, module in sys.modules.items() if name.startswith("tinyconv.kernels.")]
    functions = [function for module in modules for function in vars(module).values()]
    launched = {id(f): f.__wrapped__ for f in functions if hasattr(f, "__wrapped__") and not _is_dispatcher(f)}
    serial = {id(f): f for f in functions if _is_dispatcher(f) and f.targetoptions.get("nogil")}
    return [f for f in (launched | serial).values() if _is_dispatcher(f)]


def _is_dispatcher(function: Any) -> bool:
    return hasattr(function, "targetoptions")
