"""Receipts: a model and its independent twin, with the same weights, layer by layer and in all gradients.

torchvision and timm define the twins. Their packages need neither their compiled operations nor a GPU here.
"""

from __future__ import annotations

import importlib
import pkgutil
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

import tinyconv as tc
from tinyconv import models

Rename = Callable[[str], str]


@dataclass(frozen=True)
class Twin:
    """An independent implementation of a model.

    source   the package that has it, and its name there: "torchvision resnet18"
    build    makes it in PyTorch; its weights are drawn at random here
    ours     options for models.create
    size     pictures of size x size pixels are compared, smaller than the paper's where the net allows it
    rename   from their name of a parameter or module to ours
    outputs  all results of their forward pass that are compared, in the order of ours, of whatever theirs gives
    """

    source: str
    build: Callable[[], Any]
    ours: dict[str, Any] = field(default_factory=dict)
    size: int = 64
    rename: Rename = lambda name: name
    outputs: Callable[[Any], list[Any]] = lambda y: [y]


@dataclass
class Receipt:
    """The largest errors, each as a share of the largest number in its array."""

    layers: dict[str, float] = field(default_factory=dict)  # outputs of modules, by our path
    gradients: dict[str, float] = field(default_factory=dict)  # by our parameter; "input"

    def worst(self) -> tuple[float, float]:
        return max(self.layers.values()), max(self.gradients.values())


@cache
def packages() -> None:
    """Let torchvision be imported without its compiled operations."""
    import torch

    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(f"{name}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    packages.library = library  # it takes them back when it is collected
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("torchvision.models")
        importlib.import_module("timm")


@cache
def twins() -> dict[str, Twin]:
    """name of a model -> its twin; the tables of all files twins_*.py together"""
    found: dict[str, Twin] = {}
    for module in pkgutil.iter_modules(__import__("zoo").__path__, "zoo."):
        if module.name.startswith("zoo.twins_"):
            found |= importlib.import_module(module.name).TWINS
    return found


def receipt(
    name: str,
    rng: np.random.Generator,
    dtype: str = "float64",
    batch: int = 2,
    resting: tuple[str, ...] = ("Drop",),
    settled: int = 0,
) -> Receipt:
    """Give both the same random weights and pictures, and compare every module that both have, and every gradient.

    resting  what has one of these in the name of its class is in evaluation mode, all else in training mode
    settled  running statistics are those of so many pictures; 0: random numbers
    """
    import torch

    packages()
    twin = twins()[name]
    theirs = twin.build().to(getattr(torch, dtype)).train()
    ours = models.create(name, **twin.ours).to(dtype).train()
    C = models.card(name).input[0]
    theirs.load_state_dict(randomised(theirs.state_dict(), rng))
    if settled:
        settle(theirs, rng.standard_normal((settled, C, twin.size, twin.size)).astype(dtype))
    state = theirs.state_dict()
    ours.load_state_dict({twin.rename(key): value.numpy() for key, value in state.items()})
    for net in (ours, theirs):
        rest(net, resting)

    pictures = rng.standard_normal((batch, C, twin.size, twin.size)).astype(dtype)
    x, t = tc.tensor(pictures, requires_grad=True), torch.tensor(pictures, requires_grad=True)
    found = Receipt()
    with outputs_of(ours) as a, outputs_of(theirs) as b:
        y, z = ours(x), theirs(t)
    for path, array in b.items():
        if twin.rename(path) in a and a[twin.rename(path)].shape == array.shape:
            found.layers[twin.rename(path)] = error(a[twin.rename(path)], array)
    ys, zs = y if isinstance(y, (tuple, list)) else [y], twin.outputs(z)
    for i, (ours_y, theirs_y) in enumerate(zip(ys, zs, strict=True)):
        found.layers[f"output {i}"] = error(ours_y.detach().numpy(), theirs_y.detach().numpy())
    dys = [rng.standard_normal(y.shape).astype(dtype) for y in ys]
    sum_of([(y * tc.tensor(dy)).sum() for y, dy in zip(ys, dys, strict=True)]).backward()
    sum_of([(z * torch.tensor(dy)).sum() for z, dy in zip(zs, dys, strict=True)]).backward()

    found.gradients["input"] = error(x.grad.numpy(), t.grad.numpy())
    gradients = {path: p.grad for path, p in ours.named_parameters()}
    floor = 1e-5 * max(float(p.grad.abs().max()) for p in theirs.parameters())
    for path, p in theirs.named_parameters():
        found.gradients[twin.rename(path)] = error(gradients.pop(twin.rename(path)).numpy(), p.grad.numpy(), floor)
    assert not gradients, f"the twin has no {list(gradients)}"
    return found


def randomised(state: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """Weights that keep signals at their size; scales and variances about 1, biases and means small."""
    import torch

    drawn = {}
    for key, value in state.items():
        a = value.numpy()
        if a.dtype.kind != "f":
            drawn[key] = value
            continue
        if a.ndim > 1:
            a = rng.standard_normal(a.shape) * np.sqrt(2 / max(1, a[0].size))
        elif key.endswith(("running_var", "weight")):
            a = rng.uniform(0.5, 1.5, a.shape)
        else:
            a = 0.1 * rng.standard_normal(a.shape)
        drawn[key] = torch.tensor(a).to(value.dtype)
    return drawn


def settle(net: Any, pictures: np.ndarray) -> None:
    """Make running statistics those of these pictures: with any others, signals would grow from layer to layer."""
    import torch

    for module in net.modules():
        if "BatchNorm" in type(module).__name__:
            module.momentum = 1.0
        if "Drop" in type(module).__name__:
            module.eval()
    with torch.no_grad():
        net(torch.tensor(pictures))


def rest(net: Any, kinds: tuple[str, ...]) -> None:
    for module in net.modules():
        if any(kind in type(module).__name__ for kind in kinds):
            module.eval()


@contextmanager
def outputs_of(net: Any) -> Iterator[dict[str, np.ndarray]]:
    """path -> what the module there gave; copied, for what follows may change it in place"""
    found: dict[str, np.ndarray] = {}

    def watch(path: str) -> Callable:
        def hook(module: Any, inputs: Any, output: Any) -> None:
            if hasattr(output, "detach"):
                found[path] = output.detach().numpy().copy()

        return hook

    handles = [module.register_forward_hook(watch(path)) for path, module in net.named_modules() if path]
    try:
        yield found
    finally:
        for handle in handles:
            handle.remove()


def error(ours: np.ndarray, theirs: np.ndarray, floor: float = 0.0) -> float:
    """max |ours - theirs| / max |theirs|, or / floor: a bias before batch norm has no gradient but for rounding"""
    assert ours.shape == theirs.shape, (ours.shape, theirs.shape)
    largest = np.abs(theirs).max(initial=floor)
    return float(np.abs(ours - theirs).max(initial=0) / largest) if largest else float(np.abs(ours).max(initial=0))


def sum_of(terms: list[Any]) -> Any:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total
