"""One cycle: the rate up and down again, momentum the other way."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.optim.optimizer import Optimizer

from .base import LRScheduler, above_zero, one_each


def _cosine(start: float, end: float, progress: float) -> float:
    return end + (start - end) * (1 + math.cos(math.pi * progress)) / 2


def _line(start: float, end: float, progress: float) -> float:
    return start + (end - start) * progress


STRATEGIES: dict[str, Callable[[float, float, float], float]] = {"cos": _cosine, "linear": _line}


class OneCycleLR(LRScheduler):
    """lr from max_lr/div_factor up to max_lr in pct_start of the steps, then down to start/final_div_factor

    t counts batches: total_steps of them, or epochs * steps_per_epoch. Along half cosines, or lines
    (anneal_strategy "cos" or "linear"). three_phase: down to the start in as many steps as up, then further.
    cycle_momentum: momentum, or Adam's b1, goes from max_momentum to base_momentum and back meanwhile.
    The optimiser's own rate does not matter. max_lr and the momenta may be lists, one for each group.
    After total_steps the rate stays; a step more is refused.

    Smith and Topin 2017, arXiv:1708.07120, in PyTorch's form.
    """

    def __init__(
        self,
        optimizer: Optimizer,
        max_lr: float | Sequence[float],
        total_steps: int | None = None,
        epochs: int | None = None,
        steps_per_epoch: int | None = None,
        pct_start: float = 0.3,
        anneal_strategy: str = "cos",
        cycle_momentum: bool = True,
        base_momentum: float | Sequence[float] = 0.85,
        max_momentum: float | Sequence[float] = 0.95,
        div_factor: float = 25.0,
        final_div_factor: float = 1e4,
        three_phase: bool = False,
    ):
        name = "OneCycleLR"
        self.total_steps = _total(total_steps, epochs, steps_per_epoch)
        self.pct_start = number(name, "pct_start", pct_start, 0, 1)
        if three_phase and pct_start > 0.5:
            raise ArgumentError(name, f"pct_start is {pct_start}; up and down again, it takes twice that: at most 0.5.")
        if anneal_strategy not in STRATEGIES:
            raise UnknownNameError(name, "anneal_strategy", anneal_strategy, STRATEGIES)
        self.anneal = STRATEGIES[anneal_strategy]
        self.max_lrs = one_each(name, "max_lr", max_lr, optimizer)
        div_factor = above_zero(name, "div_factor", div_factor)
        self.final_div_factor = above_zero(name, "final_div_factor", final_div_factor)
        self.cycle_momentum = cycle_momentum
        self.base_momenta = one_each(name, "base_momentum", base_momentum, optimizer, most=1)
        self.max_momenta = one_each(name, "max_momentum", max_momentum, optimizer, most=1)
        if max(*self.base_momenta, *self.max_momenta) == 1:
            raise ArgumentError(name, "a momentum is 1; it must be less, or nothing would ever be forgotten.")
        if cycle_momentum and not all({"momentum", "betas"} & group.keys() for group in optimizer.param_groups):
            problem = f"{optimizer.name} has neither momentum nor betas to cycle; set cycle_momentum=False."
            raise ArgumentError(name, problem)
        self.ends = self._phases(three_phase)
        for group, lr in zip(optimizer.param_groups, self.max_lrs, strict=True):
            group["initial_lr"] = lr / div_factor
        super().__init__(optimizer)

    def _phases(self, three_phase: bool) -> list[float]:
        """The last step of each phase."""
        up, last = self.pct_start * self.total_steps - 1, self.total_steps - 1
        return [up, 2 * up, last] if three_phase else [up, last]

    def _along(self, values: list[float], t: int) -> float:
        """The value at step t of a curve that has these values at the ends of phases, the first one at 0."""
        i = next((i for i, end in enumerate(self.ends) if t <= end), len(self.ends) - 1)
        start, end = [0.0, *self.ends][i], self.ends[i]
        progress = (min(t, end) - start) / (end - start) if end > start else 1.0
        return self.anneal(values[i], values[i + 1], progress)

    def rates(self, t: int) -> list[float]:
        turns = [[first, top, first][: len(self.ends)] for first, top in zip(self.base_lrs, self.max_lrs, strict=True)]
        return [self._along([*turn, turn[0] / self.final_div_factor], t) for turn in turns]

    def step(self) -> None:
        if self.t >= self.total_steps:
            problem = f"all {self.total_steps} steps of the cycle are done; make it with a larger total_steps."
            raise ArgumentError("OneCycleLR.step", problem)
        super().step()

    def _apply(self) -> None:
        super()._apply()
        if not self.cycle_momentum:
            return
        for group, low, high in zip(self.optimizer.param_groups, self.base_momenta, self.max_momenta, strict=True):
            momentum = self._along([high, low, high, high][: len(self.ends) + 1], self.t)
            if "betas" in group:
                group["betas"] = (momentum, *group["betas"][1:])
            else:
                group["momentum"] = momentum


def _total(total_steps: int | None, epochs: int | None, steps_per_epoch: int | None) -> int:
    """The number of steps in the cycle, given in either way."""
    name = "OneCycleLR"
    if total_steps is not None:
        return whole(name, "total_steps", total_steps, least=1)
    if epochs is None or steps_per_epoch is None:
        raise ArgumentError(name, "give total_steps, or both epochs and steps_per_epoch.")
    return whole(name, "epochs", epochs, least=1) * whole(name, "steps_per_epoch", steps_per_epoch, least=1)
