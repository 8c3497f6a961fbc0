"""Weights and checkpoints as safetensors: arrays by name, everything else as JSON beside them."""

from __future__ import annotations

import json
import os
from typing import Any

import numpy as np

from tinyconv.backend import is_array, move
from tinyconv.errors import DataError, TinyconvError
from tinyconv.nn import Module
from tinyconv.tensor import Tensor

from .files import load_tensors, save_tensors


def save_weights(path: str | os.PathLike, model: Module, metadata: dict[str, str] | None = None) -> None:
    """Write a model's parameters and buffers under their paths ("features.0.weight")."""
    tensors = {name: move(tensor.data, "cpu") for name, tensor in model.state_dict().items()}
    save_tensors(path, tensors, metadata or {})


def load_weights(path: str | os.PathLike, model: Module, strict: bool = True) -> None:
    """Read them back into a model of the same kind. Nothing changes unless everything fits."""
    tensors, _ = load_tensors(path)
    try:
        model.load_state_dict(tensors, strict)
    except TinyconvError as error:
        error.problem = f"{os.fspath(path)}: {error.problem}"
        raise


def save_checkpoint(path: str | os.PathLike, state: dict[str, Any]) -> None:
    """Write a tree of dicts and lists whose leaves are arrays, Tensors, numbers, strings and None."""
    tensors: dict[str, np.ndarray] = {}
    tree = _without_arrays(state, "", tensors)
    save_tensors(path, tensors, {"state": json.dumps(tree)})


def load_checkpoint(path: str | os.PathLike) -> dict[str, Any]:
    """Read back what `save_checkpoint` wrote, bit by bit; tuples come back as lists, Tensors as arrays."""
    tensors, metadata = load_tensors(path)
    try:
        return _with_arrays(json.loads(metadata["state"]), tensors)
    except (KeyError, ValueError):
        raise DataError(
            "load_checkpoint", f"{os.fspath(path)} is no checkpoint; it may be a file of weights."
        ) from None


ARRAY = "array:"  # a string that stands for the array of that name


def _without_arrays(value: Any, name: str, tensors: dict[str, np.ndarray]) -> Any:
    if isinstance(value, Tensor):
        value = value.data
    if is_array(value):
        tensors[name] = move(value, "cpu")
        return ARRAY + name
    if isinstance(value, dict):
        return {str(k): _without_arrays(v, f"{name}/{k}".lstrip("/"), tensors) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_without_arrays(v, f"{name}/{i}", tensors) for i, v in enumerate(value)]
    return value


def _with_arrays(value: Any, tensors: dict[str, np.ndarray]) -> Any:
    if isinstance(value, str) and value.startswith(ARRAY):
        return tensors[value.removeprefix(ARRAY)]
    if isinstance(value, dict):
        return {k: _with_arrays(v, tensors) for k, v in value.items()}
    if isinstance(value, list):
        return [_with_arrays(v, tensors) for v in value]
    return value
