"""Loading a state into a module: what fits, and how to say what does not."""

from __future__ import annotations

import difflib
from typing import Any, NamedTuple

import numpy as np

from tinyconv.errors import DTypeError, ShapeError
from tinyconv.tensor import Tensor, as_tensor


class Unmatched(NamedTuple):
    """What `load_state_dict` found on one side only."""

    missing_keys: list[str]  # the module has it, the state has not
    unexpected_keys: list[str]  # the other way round

    def complaint(self, module: str) -> str:
        """Both sides' keys in one sentence: often one is the other, misspelt or renamed."""
        missing, unexpected = self
        parts = []
        if unexpected:
            nearest = difflib.get_close_matches(unexpected[0], missing, n=1)
            hint = f" (did you mean {nearest[0]!r}?)" if nearest else ""
            parts.append(f"has {_few(unexpected)}{hint}, which this {module} has not")
        if missing:
            parts.append(f"lacks {_few(missing)}")
        return f"the state {', and '.join(parts)}. strict=False loads the rest."


def fitting(path: str, tensor: Tensor, value: Any) -> Tensor:
    """The value as a Tensor that can be copied into `tensor`."""
    name, value = "load_state_dict", as_tensor(value)
    if value.shape != tensor.shape:
        raise ShapeError(name, f"{path} has shape {value.shape}, the module's has {tensor.shape}.")
    if not np.can_cast(value.dtype, tensor.dtype, "same_kind"):
        raise DTypeError(name, f"{path} is {value.dtype}, the module's is {tensor.dtype}.")
    return value.to(tensor.device)


def _few(names: list[str]) -> str:
    more = f" and {len(names) - 3} more" if len(names) > 3 else ""
    return ", ".join(map(repr, names[:3])) + more
