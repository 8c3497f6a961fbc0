"""Learning-rate schedules in a configuration's words: "cosine", or {"name": "plateau", "factor": 0.5}."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.optim import Optimizer
from tinyconv.optim.lr_scheduler import CosineLR, ExponentialLR, LRScheduler, MultiStepLR, OneCycleLR, StepLR

from .callbacks import Callback, ReduceOnPlateau


def constant(optimizer: Optimizer, steps: int, epoch: int) -> None:
    """The rate stays."""


def cosine(optimizer: Optimizer, steps: int, epoch: int, warmup: int = 100) -> LRScheduler:
    """A linear rise over `warmup` batches, then half a cosine down to 0 at the end."""
    return CosineLR(optimizer, steps, warmup=min(warmup, steps - 1))


def one_cycle(optimizer: Optimizer, steps: int, epoch: int, pct_start: float = 0.3) -> LRScheduler:
    """Up to the rate in `pct_start` of the batches, then down to nearly 0; momentum the other way round."""
    rates = [group["lr"] for group in optimizer.param_groups]
    momentum = "momentum" in optimizer.param_groups[0] or "betas" in optimizer.param_groups[0]
    return OneCycleLR(optimizer, rates, total_steps=steps + 1, pct_start=pct_start, cycle_momentum=momentum)


def step(optimizer: Optimizer, steps: int, epoch: int, every: int = 30, gamma: float = 0.1) -> LRScheduler:
    """Times `gamma` after every `every` epochs."""
    return StepLR(optimizer, every * epoch, gamma)


def multistep(
    optimizer: Optimizer, steps: int, epoch: int, milestones: tuple[int, ...] = (), gamma: float = 0.1
) -> LRScheduler:
    """Times `gamma` after each epoch in `milestones`."""
    return MultiStepLR(optimizer, [m * epoch for m in milestones], gamma)


def exponential(optimizer: Optimizer, steps: int, epoch: int, gamma: float = 0.95) -> LRScheduler:
    """Times `gamma` an epoch, a little after every batch."""
    return ExponentialLR(optimizer, gamma ** (1 / epoch))


def plateau(
    optimizer: Optimizer,
    steps: int,
    epoch: int,
    monitor: str = "loss",
    factor: float = 0.1,
    patience: int = 10,
    min_lr: float = 0.0,
    threshold: float = 1e-4,
    cooldown: int = 0,
) -> Callback:
    """Times `factor` when `monitor` has not improved for more than `patience` epochs, down to `min_lr`."""
    options = {"factor": factor, "patience": patience, "min_lr": min_lr, "threshold": threshold, "cooldown": cooldown}
    return ReduceOnPlateau(optimizer, monitor, **options)


SCHEDULES = {f.__name__: f for f in (constant, cosine, one_cycle, step, multistep, exponential, plateau)}


def build_schedule(
    schedule: str | Mapping[str, Any], optimizer: Optimizer, steps: int, epoch: int
) -> LRScheduler | Callback | None:
    """The schedule for a run of `steps` batches, `epoch` of them in each epoch."""
    name, options = check_schedule(schedule)
    return SCHEDULES[name](optimizer, steps, epoch, **options)


def options_of(name: str) -> dict[str, Any]:
    """A schedule's options and their defaults."""
    parameters = inspect.signature(SCHEDULES[name]).parameters.values()
    return {p.name: p.default for p in parameters if p.default is not p.empty}


def check_schedule(schedule: str | Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Its name and options; an unknown one is refused."""
    options = {"name": schedule} if isinstance(schedule, str) else dict(schedule)
    name = options.pop("name", None)
    if name not in SCHEDULES:
        raise UnknownNameError("train", "schedule", str(name), SCHEDULES)
    known = options_of(name)
    for option, value in options.items():
        if option not in known:
            raise UnknownNameError(f"schedule {name}", "option", option, known)
        if isinstance(known[option], (int, float)) != isinstance(value, (int, float)):
            problem = f"{option} is {value!r}; it must be like {known[option]!r}."
            raise ArgumentError(f"schedule {name}", problem)
    return name, options
