"""Loading a state into a module: what fits, and how to say what does not."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.tensor import Tensor, as_tensor


class Unmatched(NamedTuple):
    """What `load_state_dict` found on one side only."""

    missing_keys: list[str]  # the module has it, the state has not
    unexpected_keys: list[str]  # the other way round


def values_for(own: Mapping[str, Tensor], state: Mapping[str, Any], module: str, strict: bool) -> dict[str, Tensor]:
    """What is to be copied into a module's tensors; one error that lists all that does not fit."""
    name = "load_state_dict"
    given = {path: as_tensor(value) for path, value in state.items() if path in own}
    missing = [path for path in own if path not in given] if strict else []
    unexpected = [path for path in state if path not in own] if strict else []
    shapes = [path for path, value in given.items() if value.shape != own[path].shape]
    dtypes = [path for path, value in given.items() if not np.can_cast(value.dtype, own[path].dtype, "same_kind")]
    lines = [
        *(f"missing: {path} {own[path].shape}" for path in missing),
        *(f"unexpected: {path}{_meant(path, missing)}" for path in unexpected),
        *(f"{path} has shape {given[path].shape}, the module's has {own[path].shape}" for path in shapes),
        *(f"{path} is {given[path].dtype}, the module's is {own[path].dtype}" for path in dtypes),
    ]
    if lines:
        kind = ArgumentError if missing or unexpected else ShapeError if shapes else DTypeError
        cure = " strict=False passes over what is missing or unexpected." if missing or unexpected else ""
        raise kind(name, f"the state does not fit this {module}.{cure}" + "".join(f"\n  {line}" for line in lines))
    return {path: value.to(own[path].device) for path, value in given.items()}


def _meant(path: str, missing: list[str]) -> str:
    nearest = difflib.get_close_matches(path, missing, n=1)
    return f" (did you mean {nearest[0]!r}?)" if nearest else ""
