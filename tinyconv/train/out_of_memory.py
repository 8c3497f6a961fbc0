"""What to do when a batch does not fit into a GPU's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinyconv import cuda, nn
from tinyconv.backend import memory_error
from tinyconv.data.labelled import of_each
from tinyconv.errors import OutOfMemoryError
from tinyconv.ledger.trace import as_it_was
from tinyconv.tensor import Tensor

SHARE = 0.95  # of the memory that is there: what a pool cuts off is never used to the end


@contextmanager
def explained(step: Callable[[Tensor, Any], object], model: nn.Module, images: Tensor, labels: Any) -> Iterator[None]:
    """Within this block an array that cannot be made on a GPU is an OutOfMemoryError that names the largest batch."""
    try:
        yield
    except MemoryError as error:
        told = getattr(memory_error("fit", error), "told", "")
        if not told:
            raise
    else:
        return
    N, fits = len(images), largest_batch(step, model, images, labels)
    cure = (
        f"About {fits} would fit: lower batch_size"
        if fits
        else "Not even a batch of 1 would fit: take smaller pictures"
    )
    problem = f"a batch of {N} does not fit. {told}. {cure}, or accumulate gradients (accumulate=2)."
    raise OutOfMemoryError("fit", problem)


def largest_batch(step: Callable[[Tensor, Any], object], model: nn.Module, images: Tensor, labels: Any) -> int:
    """How many of these pictures would fit, judged by the memory of a step with few of them; 0 if not even those do."""
    device = images.device
    with as_it_was(model):
        model.zero_grad()
        cuda.empty_cache(device)
        before, few = cuda.memory_reserved(device), max(1, len(images) // 16)
        free, _ = cuda.mem_get_info(device)
        try:
            step(images[:few], of_each(lambda t: t[:few], labels))
        except MemoryError:
            return 0
        each = (cuda.memory_reserved(device) - before) / few
    cuda.empty_cache(device)
    return min(int(SHARE * free / each), len(images) - 1) if each > 0 else len(images) - 1
