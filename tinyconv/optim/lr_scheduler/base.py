"""What all schedules share: the count of steps, each group's first rate, saving and loading."""

from __future__ import annotations

import math
from collections.abc import Sequence
from numbers import Real
from typing import Any

from tinyconv.errors import ArgumentError
from tinyconv.geometry import is_whole
from tinyconv.ops.arguments import number
from tinyconv.optim.optimizer import Optimizer


class LRScheduler:
    """Base of all schedules. A subclass defines `factor(t)`:  lr = lr_0 * factor(t),  or `rates(t)`.

    `step()` comes after `optimizer.step()`, once for whatever t counts: epochs, or batches.
    lr_0 is the rate that the optimiser's groups had before any schedule changed it. It is kept as
    group["initial_lr"], as in PyTorch, so that several schedules of one optimiser agree about it.
    """

    def __init__(self, optimizer: Optimizer):
        self.optimizer = optimizer
        self.base_lrs = [group.setdefault("initial_lr", group["lr"]) for group in optimizer.param_groups]
        self.t = 0
        self._apply()

    def factor(self, t: int) -> float:
        raise NotImplementedError(f"{type(self).__name__} does not define factor()")

    def rates(self, t: int) -> list[float]:
        """The rate of each group after t steps."""
        factor = self.factor(t)
        return [lr * factor for lr in self.base_lrs]

    def step(self) -> None:
        """One step further: set the rates that come next."""
        self.t += 1
        self._apply()

    def get_last_lr(self) -> list[float]:
        """The rate of each group now."""
        return [group["lr"] for group in self.optimizer.param_groups]

    def _apply(self) -> None:
        for group, lr in zip(self.optimizer.param_groups, self.rates(self.t), strict=True):
            group["lr"] = lr

    def state_dict(self) -> dict[str, Any]:
        """Where it is; what it was made with (`total`, `gamma`, ...) is not part of it."""
        return {"t": self.t, "base_lrs": list(self.base_lrs)}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from where `state_dict` was taken. Nothing changes unless it fits."""
        self.check_state(state)
        self._load(state)
        self._apply()

    def check_state(self, state: dict[str, Any]) -> None:
        """Refuse what is no state of such a schedule."""
        t, lrs = state.get("t"), state.get("base_lrs")
        if not is_whole(t) or not isinstance(lrs, list) or len(lrs) != len(self.base_lrs):
            own = len(self.base_lrs)
            problem = f"it needs the step 't' and {own} 'base_lrs', as state_dict() returns them; got {state}."
            raise ArgumentError(f"{type(self).__name__}.load_state_dict", problem)

    def _load(self, state: dict[str, Any]) -> None:
        self.t, self.base_lrs = int(state["t"]), list(state["base_lrs"])
        for group, lr in zip(self.optimizer.param_groups, self.base_lrs, strict=True):
            group["initial_lr"] = lr


def above_zero(schedule: str, name: str, value: Any) -> float:
    """`value` as a finite number above 0."""
    if not isinstance(value, Real) or not 0 < float(value) < math.inf:
        raise ArgumentError(schedule, f"{name} is {value!r}; it must be a finite number above 0.")
    return float(value)


def one_each(
    schedule: str, name: str, value: float | Sequence[float], optimizer: Optimizer, most: float = math.inf
) -> list[float]:
    """A number for each group: one for all of them, or a list."""
    groups = len(optimizer.param_groups)
    values = list(value) if isinstance(value, (list, tuple)) else [value] * groups
    if len(values) != groups:
        raise ArgumentError(schedule, f"{name} has {len(values)} entries; the optimiser has {groups} group(s).")
    return [number(schedule, name, v, 0, most) for v in values]


def whole_numbers(schedule: str, name: str, values: Any) -> list[int]:
    """`values` as a list of steps."""
    steps: list[Any] = list(values) if isinstance(values, (list, tuple, range)) else [None]
    if not all(is_whole(n) and n >= 0 for n in steps):
        raise ArgumentError(schedule, f"{name} is {values!r}; it must be a list of whole numbers of at least 0.")
    return [int(n) for n in steps]
