"""Batch norm's statistics for weights that were not trained but computed, such as an average."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tinyconv.nn import BatchNorm1d, BatchNorm2d, Module
from tinyconv.nn.modes import modes_kept
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

Norm = BatchNorm1d | BatchNorm2d


def norms_of(model: Module) -> list[Norm]:
    """The batch norms that have running statistics which are not frozen."""
    norms = [m for m in model.modules() if isinstance(m, (BatchNorm1d, BatchNorm2d))]
    return [m for m in norms if m.running_mean is not None and not m.stays_in_evaluation]


def update_bn(loader: Iterable[tuple[Tensor, Any]], model: Module) -> None:
    """Set the running statistics of all batch norms to the plain means over a loader's batches, in training mode.

    loader  gives batches of images and labels; only the images are looked at
    The modes and momenta of all layers are put back. A net without batch norm is not run.
    torch.optim.swa_utils.update_bn; Izmailov et al. 2018, arXiv:1803.05407, section 3.2
    """
    norms = norms_of(model)
    if not norms:
        return
    momenta = [norm.momentum for norm in norms]
    with modes_kept(model), no_grad():
        model.train()
        try:
            for norm in norms:
                norm.momentum = None  # the plain mean over all batches since the count was 0
                for buffer, start in zip(norm.buffers(), (0, 1, 0), strict=True):  # mean, variance, count
                    buffer.fill_(start)
            for images, _ in loader:
                model(images.to(next(model.parameters()).device))
        finally:
            for norm, momentum in zip(norms, momenta, strict=True):
                norm.momentum = momentum
