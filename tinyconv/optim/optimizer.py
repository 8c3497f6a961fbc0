"""What all optimisers share: parameter groups, state, saving and loading."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

from tinyconv.backend import Array, array_module, move
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

Params = Iterable[Tensor] | Iterable[dict[str, Any]]


class Optimizer:
    """Base of all optimisers. A subclass defines `update` for one parameter.

    params  tensors, or groups of them with settings of their own:
            SGD([{"params": body, "lr": 0.01}, {"params": head}], lr=0.1)

    `param_groups` holds the settings; changing `group["lr"]` there takes effect at the next step.
    Not listed a parameter is left alone, as is one whose `.grad` is None.
    """

    def __init__(self, params: Params, defaults: dict[str, Any]):
        name = type(self).__name__
        groups: list[Any] = list(params)
        if not groups:
            raise ArgumentError(name, "the list of parameters is empty.")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        self.param_groups: list[dict[str, Any]] = []
        for group in groups:
            unknown = group.keys() - defaults.keys() - {"params"}
            if unknown:
                raise ArgumentError(name, f"{sorted(unknown)[0]!r} is no setting; known: {', '.join(sorted(defaults))}.")
            settings = {**defaults, **group, "params": list(group["params"])}
            self.check(settings)
            self.param_groups.append(settings)
        self.state: dict[Tensor, dict[str, Any]] = {p: {} for p in self.parameters()}
        if len(self.state) < len(self.parameters()):
            raise ArgumentError(name, "a parameter is listed twice.")
        for p in self.parameters():
            if not isinstance(p, Tensor) or not p.is_leaf:
                raise ArgumentError(name, "only leaf tensors can be optimised, such as model.parameters().")

    def check(self, settings: dict[str, Any]) -> None:
        """Refuse settings that make no sense: negative or NaN ones."""
        for key, value in settings.items():
            values = value if isinstance(value, tuple) else (value,)
            for v in values if key != "params" else ():
                if isinstance(v, (int, float)) and not v >= 0:
                    raise ArgumentError(type(self).__name__, f"{key} is {value}; it must be at least 0.")

    def parameters(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters():
            p.grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient, in place."""
        with no_grad():
            for group in self.param_groups:
                settings = {key: value for key, value in group.items() if key != "params"}
                for p in group["params"]:
                    if p.grad is not None:
                        self.update(p.change(f"{type(self).__name__}.step"), p.grad.data, self.state[p], **settings)

    def update(self, w: Array, g: Array, state: dict[str, Any], **settings: Any) -> None:
        """Change the array w in place, given its gradient g and what `state` remembers of earlier steps."""
        raise NotImplementedError

    # ------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number: {name: array or number}}, "param_groups": [settings without the parameters]}"""
        return {
            "state": {i: dict(self.state[p]) for i, p in enumerate(self.parameters())},
            "param_groups": [{k: v for k, v in group.items() if k != "params"} for group in self.param_groups],
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Put back what `state_dict` returned, for the same parameters in the same order."""
        name = f"{type(self).__name__}.load_state_dict"
        parameters = self.parameters()
        if len(state["param_groups"]) != len(self.param_groups) or len(state["state"]) != len(parameters):
            raise ArgumentError(name, "it was saved with other parameters or groups.")
        for p, saved in zip(parameters, state["state"].values(), strict=True):
            for key, value in saved.items():
                if isinstance(value, np.ndarray) and value.shape != p.shape:
                    raise ShapeError(name, f"{key} has shape {value.shape}, its parameter {p.shape}.")
        for group, settings in zip(self.param_groups, state["param_groups"], strict=True):
            group.update(settings)
        for p, saved in zip(parameters, state["state"].values(), strict=True):
            self.state[p] = {
                k: move(v.copy(), p.device) if hasattr(v, "shape") and v.shape else v for k, v in saved.items()
            }

    def __repr__(self) -> str:
        groups = [{k: v for k, v in g.items() if k != "params"} | {"params": len(g["params"])} for g in self.param_groups]
        return f"{type(self).__name__}({', '.join(map(str, groups))})"


def memory(state: dict[str, Any], name: str, w: Array) -> Array:
    """An array like w that the state keeps under `name`; zeros at first."""
    if name not in state:
        state[name] = array_module(w).zeros_like(w)
    return state[name]
