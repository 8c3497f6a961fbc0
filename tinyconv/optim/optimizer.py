"""What all optimisers share: parameter groups, state, saving and loading."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from numbers import Real
from typing import Any

from tinyconv.backend import Array, array_module, device_of, is_array, move
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.tape import no_grad
from tinyconv.tensor import Tensor

Params = Iterable[Tensor] | Iterable[dict[str, Any]]


class Optimizer:
    """Base of all optimisers. A subclass defines `update` for one parameter, or `update_group` for all.

    params  tensors, or groups of them with settings of their own:
            SGD([{"params": body, "lr": 0.01}, {"params": head}], lr=0.1)

    `param_groups` holds the settings; changing `group["lr"]` there takes effect at the next step.
    A parameter that is not listed is left alone, as is one whose `.grad` is None.
    """

    def __init__(self, params: Params, defaults: dict[str, Any]):
        self.name = type(self).__name__
        self.defaults = defaults
        self.param_groups = [self._group(group) for group in self._groups(params)]
        parameters = self.parameters()
        for p in parameters:
            if not p.is_leaf:
                raise ArgumentError(self.name, "only leaf tensors can be optimised, such as model.parameters().")
        if len(set(parameters)) < len(parameters):
            raise ArgumentError(self.name, "a parameter is listed twice.")
        self.state: dict[Tensor, dict[str, Any]] = {p: {} for p in parameters}

    def _groups(self, params: Any) -> list[dict[str, Any]]:
        if isinstance(params, Tensor) or not isinstance(params, Iterable):
            kind = type(params).__name__
            raise ArgumentError(self.name, f"params is {kind}; it must be a list, such as model.parameters().")
        groups = list(params)
        if not groups:
            cure = "Modules in a plain list are not found: use nn.Sequential."
            raise ArgumentError(self.name, f"the list of parameters is empty. {cure}")
        return groups if isinstance(groups[0], dict) else [{"params": groups}]

    def _group(self, group: dict[str, Any]) -> dict[str, Any]:
        """A group's settings, complete and checked."""
        if not isinstance(group, dict) or "params" not in group:
            raise ArgumentError(self.name, "every group must be a dict with the key 'params'.")
        for key in group.keys() - {"params"} - self.defaults.keys():
            raise UnknownNameError(self.name, "setting", key, self.defaults)
        params = group["params"]
        parameters = [params] if isinstance(params, Tensor) else list(params)
        for p in parameters:
            if not isinstance(p, Tensor):
                raise ArgumentError(self.name, f"params holds {type(p).__name__}; pass model.parameters().")
        settings = {**self.defaults, **group, "params": parameters}
        self.check({key: settings[key] for key in self.defaults})
        return settings

    def check(self, settings: dict[str, Any]) -> None:
        """Refuse settings that make no sense, such as negative ones or NaN; subclasses know more."""
        for key, value in settings.items():
            for v in value if isinstance(value, tuple) else (value,):
                if not isinstance(v, Real) or not 0 <= float(v) < float("inf"):
                    raise ArgumentError(self.name, f"{key} is {value!r}; it must be at least 0, and finite.")

    def parameters(self) -> list[Tensor]:
        """All parameters, group by group."""
        return [p for group in self.param_groups for p in group["params"]]

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters():
            p.grad = None

    def step(self) -> None:
        """Change every parameter that has a gradient, in place."""
        name = f"{self.name}.step"
        for p in self.parameters():
            _check_gradient(name, p)
        with no_grad():
            for group in self.param_groups:
                settings = {key: group[key] for key in self.defaults}
                ps = [p for p in group["params"] if p.grad is not None]
                if ps:
                    ws, gs = [p.change(name) for p in ps], [p.grad.data for p in ps]
                    self.update_group(ws, gs, [self.state[p] for p in ps], **settings)

    def update_group(
        self, ws: list[Array], gs: list[Array], states: list[dict[str, Any]], *args: Any, **settings: Any
    ) -> None:
        """Change all arrays of a group in place; here one after the other."""
        for w, g, state in zip(ws, gs, states, strict=True):
            self.update(w, g, state, *args, **settings)

    def update(self, w: Array, g: Array, state: dict[str, Any], *args: Any, **settings: Any) -> None:
        """Change the array w in place, given its gradient g and what `state` remembers of earlier steps."""
        raise NotImplementedError(f"{self.name} does not define update()")

    # ------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Any]:
        """{"state": {number: {name: array or number}}, "param_groups": [{setting: value, "params": numbers}]}

        Parameters are numbered through all groups. The arrays are the optimiser's own, not copies.
        """
        number = {p: i for i, p in enumerate(self.parameters())}
        return {
            "state": {number[p]: dict(self.state[p]) for p in number},
            "param_groups": [{**g, "params": [number[p] for p in g["params"]]} for g in self.param_groups],
        }

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Put back what `state_dict` returned, for parameters of the same shapes in the same order.

        Nothing changes unless everything fits.
        """
        name = f"{self.name}.load_state_dict"
        if not _is_state(state):
            raise ArgumentError(name, "it needs 'state' and 'param_groups', as state_dict() returns them.")
        groups = [self._loaded_settings(name, group) for group in state["param_groups"]]
        sizes = [len(group["params"]) for group in groups]
        if sizes != (own := [len(group["params"]) for group in self.param_groups]):
            raise ArgumentError(name, f"it was saved for groups of {sizes} parameters, these are groups of {own}.")
        by_number = {str(number): saved for number, saved in state["state"].items()}  # JSON knows only strings
        numbers = [str(number) for group in groups for number in group["params"]]
        memories = [
            _loaded_memory(name, p, by_number.get(number, {}))
            for p, number in zip(self.parameters(), numbers, strict=True)
        ]
        for group, saved in zip(self.param_groups, groups, strict=True):
            group.update({key: saved[key] for key in self.defaults})
        self.state = dict(zip(self.parameters(), memories, strict=True))

    def _loaded_settings(self, name: str, group: dict[str, Any]) -> dict[str, Any]:
        missing = {"params", *self.defaults} - group.keys()
        if missing:
            problem = f"the state has no {min(missing)!r}; was it saved by another kind of optimiser?"
            raise ArgumentError(name, problem)
        settings = {key: tuple(v) if isinstance(v, list) else v for key, v in group.items()}  # JSON has no tuples
        self.check({key: settings[key] for key in self.defaults})
        return settings

    def __repr__(self) -> str:
        groups = [{**g, "params": len(g["params"])} for g in self.param_groups]
        return f"{self.name}({', '.join(map(str, groups))})"


def memories(states: list[dict[str, Any]], name: str, ws: list[Array], start: float = 0.0) -> list[Array]:
    return [memory(state, name, w, start) for state, w in zip(states, ws, strict=True)]


def memory(state: dict[str, Any], name: str, w: Array, start: float = 0.0) -> Array:
    """An array like w that the state keeps under `name`, all elements `start` at first."""
    kept = state.get(name)
    if kept is None:
        kept = array_module(w).full_like(w, start)
    elif kept.dtype != w.dtype or device_of(kept) != device_of(w):  # the module was moved
        kept = move(kept, device_of(w)).astype(w.dtype)
    state[name] = kept
    return kept


def _check_gradient(name: str, p: Tensor) -> None:
    if p.grad is None:
        return
    if p.grad.shape != p.shape:
        raise ShapeError(name, f"a gradient has shape {p.grad.shape}, its parameter {p.shape}.")
    if p.grad.dtype != p.dtype:
        raise DTypeError(name, f"a gradient is {p.grad.dtype}, its parameter {p.dtype}; call zero_grad() first.")


def _is_state(state: Any) -> bool:
    """Has it the form of what `state_dict` returns?"""
    if not isinstance(state, Mapping) or not {"state", "param_groups"} <= state.keys():
        return False
    parts = [state["state"], *state["param_groups"]]
    return all(isinstance(part, Mapping) for part in parts)


def _loaded_memory(name: str, p: Tensor, saved: Mapping[str, Any]) -> dict[str, Any]:
    """What was saved for one parameter, arrays as copies of the parameter's dtype on its device."""
    own = dict(saved)
    for key, value in saved.items():
        if is_array(value) and value.ndim:
            if value.shape != p.shape:
                raise ShapeError(name, f"{key} has shape {value.shape}, its parameter {p.shape}.")
            own[key] = move(value.astype(p.dtype), p.device)
    return own
