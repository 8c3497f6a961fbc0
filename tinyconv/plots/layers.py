"""Layers by their paths, and what comes out of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from typing import Any

from tinyconv.errors import DataError, UnknownNameError
from tinyconv.nn import Conv2d, Module
from tinyconv.tensor import Tensor
from tinyconv.train.metrics import evaluating


def layer_at(operation: str, model: Module, path: str) -> Module:
    """The layer of that path ("block2.conv1") inside the model."""
    known = {name: module for name, module in model.named_modules() if name}
    if path not in known:
        raise UnknownNameError(operation, "layer", path, known)
    return known[path]


def has_maps(output: Any) -> bool:
    """Is this a batch of maps (N, C, H, W) with more than one place in each?"""
    return isinstance(output, Tensor) and output.ndim == 4 and output.shape[2] * output.shape[3] > 1


@contextmanager
def watching(layers: Mapping[str, Module], see: Callable[[str, Any], Any]) -> Iterator[None]:
    """Call `see(path, output)` after each of the layers; what it returns, if anything, replaces the output."""

    def hook(path: str) -> Callable:
        return lambda module, inputs, output: see(path, output)

    with ExitStack() as hooks:
        for path, module in layers.items():
            hooks.enter_context(module.register_forward_hook(hook(path)))
        yield


def convolutions(operation: str, model: Module, images: Tensor) -> list[str]:
    """For each convolution the path of the layer where it is done: after its batch norm, its ReLU, its block's sum.

    That is the last layer that runs before the next convolution and has maps of its size. Layers that run more than
    once are passed over. DataError if there are no convolutions with maps of more than one pixel.
    """
    calls: list[tuple[str, Any]] = []
    layers = {path: module for path, module in model.named_modules() if path}
    with evaluating(model) as device, watching(layers, lambda path, y: calls.append((path, y))):
        model(images[:0].to(device))  # no pictures: the shapes come out, and nothing is computed
    times = Counter(path for path, _ in calls)
    found: list[str] = []
    size = None
    for path, output in calls:
        if not has_maps(output) or times[path] > 1:
            continue
        if isinstance(layers[path], Conv2d):
            size = output.shape[2:]
            found.append(path)
        elif output.shape[2:] == size:
            found[-1] = path
    if not found:
        raise DataError(operation, f"{type(model).__name__} has no convolution with maps; name a layer.")
    return found
