"""Rates from a function of one's own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from tinyconv.errors import ArgumentError
from tinyconv.optim.optimizer import Optimizer

from .base import LRScheduler

Factor = Callable[[int], float]


class LambdaLR(LRScheduler):
    """lr = lr_0 * lr_lambda(t); a list has a function for each group

        LambdaLR(optimizer, lambda t: 0.95**t)

    The functions are no part of `state_dict`: make the schedule with the same ones again.
    """

    def __init__(self, optimizer: Optimizer, lr_lambda: Factor | Sequence[Factor]):
        groups = len(optimizer.param_groups)
        given: Any = lr_lambda
        self.lr_lambdas: list[Factor] = list(given) if isinstance(given, (list, tuple)) else [given] * groups
        if len(self.lr_lambdas) != groups:
            problem = f"lr_lambda has {len(self.lr_lambdas)} entries; the optimiser has {groups} group(s)."
            raise ArgumentError("LambdaLR", problem)
        for function in self.lr_lambdas:
            if not callable(function):
                raise ArgumentError("LambdaLR", f"lr_lambda is {function!r}; it must be a function of the step.")
        super().__init__(optimizer)

    def rates(self, t: int) -> list[float]:
        return [lr * factor(t) for lr, factor in zip(self.base_lrs, self.lr_lambdas, strict=True)]
