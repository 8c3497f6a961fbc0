"""What to do when a batch does not fit into a GPU's memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tinyconv import cuda, nn
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
    except MemoryError as error:  # CuPy's OutOfMemoryError is one
        if images.device == "cpu":
            raise
        asked = str(error).partition("(")[0].strip()  # "Out of memory allocating 1,024 bytes"
    else:
        return
    used, (free, total) = cuda.memory_allocated(images.device), cuda.mem_get_info(images.device)
    N = len(images)
    fits = largest_batch(step, model, images, labels)
    cure = (
        f"About {fits} would fit: lower batch_size"
        if fits
        else "Not even a batch of 1 would fit: take smaller pictures"
    )
    raise OutOfMemoryError(
        "fit",
        f"a batch of {N} does not fit. {asked}; arrays occupy {_size(used)}, and {_size(free)} of the GPU's "
        f"{_size(total)} are free. {cure}, or accumulate gradients (accumulate=2).",
    )


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


def _size(n: int) -> str:
    return f"{n / 2**30:.1f} GiB" if n >= 2**30 else f"{n / 2**20:.0f} MiB"
