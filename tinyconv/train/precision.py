"""Training in half precision: float16 for what is stored, float32 for what is added up, kept and learned.

The weights stay float32, and so does what the optimiser remembers; each step computes with a copy of them in float16.
Activations and their gradients take half the memory, and products run on tensor cores.
Micikevicius et al. 2018, "Mixed Precision Training", arXiv:1710.03740.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import tinyconv.kernels as kernels
from tinyconv import nn
from tinyconv.backend import array_module, on_its_gpu
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.nn.norm import BatchNorm1d, BatchNorm2d
from tinyconv.tensor import Tensor

from .judging import of_outputs

HALF, SINGLE = np.dtype(np.float16), np.dtype(np.float32)
PRECISIONS = ("float32", "float16")


class HalfPrecision:
    """Steps in float16, with losses scaled up so that small gradients do not become 0.

    scale     what the loss is multiplied by, and the gradients divided by once they are float32
    patience  steps without an overflow after which it is doubled; at an overflow it is halved, and the step left out
    """

    def __init__(self, model: nn.Module, scale: float = 2.0**16, patience: int = 2000):
        self.model, self.patience = model, patience
        self.scale, self.steps = float(scale), 0  # since the scale was changed
        self.skipped = 0
        p = next(iter(model.parameters()))
        self.on_device = Tensor(array_module(p.data).full((), self.scale, SINGLE))  # where a captured step finds it
        exact = {
            id(p)
            for layer in model.modules()
            if isinstance(layer, (BatchNorm1d, BatchNorm2d))
            for p in layer.parameters()
        }
        self.weights = [p for p in model.parameters() if p.dtype == SINGLE and id(p) not in exact]

    @contextmanager
    def stored_in_half(self) -> Iterator[None]:
        """Within this block the weights are float16; what learns from it is the same Parameters."""
        kept = [p.data for p in self.weights]
        for p in self.weights:
            p.data = on_its_gpu(p.data).astype(HALF)
        try:
            yield
        finally:
            for p, data in zip(self.weights, kept, strict=True):
                p.data = data

    def forward(self, images: Tensor) -> Any:
        """The outputs, as float32: losses are computed in it."""
        return of_outputs(lambda y: y.to(SINGLE), self.model(images.to(HALF)))

    def scaled(self, loss: Tensor) -> Tensor:
        return loss * self.on_device

    def unscale(self) -> None:
        """The gradients as float32, without the scale."""
        gain = 1 / self.on_device.data
        for p in self.model.parameters():
            if p.grad is not None:
                p.grad = Tensor(p.grad.data.astype(SINGLE, copy=False) * gain)

    def went_well(self) -> bool:
        """Are the gradients finite, and so fit for a step? (Waits for the GPU.) The scale follows."""
        gradients = [p.grad.data for p in self.model.parameters() if p.grad is not None]
        finite = bool(np.isfinite(float(kernels.vector_norms(gradients).max()))) if gradients else True
        self.steps += 1
        if not finite:
            self._rescale(self.scale / 2)
            self.skipped += 1
            if self.scale < 2.0**-14:
                raise ArgumentError(
                    "fit", "the gradients overflow float16 whatever the loss is scaled by; use precision='float32'."
                )
        elif self.steps >= self.patience and self.scale < 2.0**24:
            self._rescale(self.scale * 2)
        return finite

    def _rescale(self, scale: float) -> None:
        self.scale, self.steps = scale, 0
        on_its_gpu(self.on_device.data).fill(scale)

    # ------------------------------------------------------------ taking it up again

    def state_dict(self) -> dict[str, Any]:
        return {"scale": self.scale, "steps": self.steps, "skipped": self.skipped}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self._rescale(float(state["scale"]))
        self.steps, self.skipped = int(state["steps"]), int(state["skipped"])


def in_precision(name: str, model: nn.Module) -> HalfPrecision | None:
    """How to compute in "float16"; None for "float32", which needs nothing."""
    if name not in PRECISIONS:
        raise UnknownNameError("Trainer", "precision", name, PRECISIONS)
    if name == "float32":
        return None
    if next(iter(model.parameters())).device == "cpu":
        raise ArgumentError("Trainer", "precision='float16' is for a net on a GPU; move it there: model.to('cuda').")
    return HalfPrecision(model)
