"""Adagrad."""

from __future__ import annotations

from typing import Any

import tinyconv.kernels as kernels
from tinyconv.backend import Array

from .optimizer import Optimizer, Params, memories


class Adagrad(Optimizer):
    """Steps that shrink with all that a parameter's gradient has been.

        g <- g + weight_decay w
        s <- s + g^2                                 (s = initial_accumulator_value at first)
        w <- w - lr / (1 + (t - 1) lr_decay) g / (sqrt(s) + eps)             (t = 1, 2, ...)

    Duchi, Hazan and Singer 2011, JMLR 12, section 1.1 with diagonal matrices. lr_decay is PyTorch's.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
    ):
        settings = {"lr": lr, "lr_decay": lr_decay, "weight_decay": weight_decay}
        super().__init__(params, {**settings, "initial_accumulator_value": initial_accumulator_value, "eps": eps})

    def update_group(
        self,
        ws: list[Array],
        gs: list[Array],
        states: list[dict[str, Any]],
        lr: float,
        lr_decay: float,
        weight_decay: float,
        initial_accumulator_value: float,
        eps: float,
    ) -> None:
        s = memories(states, "s", ws, initial_accumulator_value)
        for state in states:
            state["t"] = state.get("t", 0) + 1
        rate = [lr / (1 + (state["t"] - 1) * lr_decay) for state in states]
        kernels.adagrad(ws, gs, s, rate, eps, weight_decay)
