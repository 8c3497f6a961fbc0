"""Stochastic gradient descent."""

from __future__ import annotations

from typing import Any

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError

from .optimizer import Optimizer, Params, memories


class SGD(Optimizer):
    """Gradient descent with momentum; PyTorch's form and defaults.

        g <- g + weight_decay w                      (L2 penalty)
        v <- momentum v + (1 - dampening) g          (v = g at the first step)
        w <- w - lr v                                or, with nesterov,  w <- w - lr (g + momentum v)

    Polyak 1964 (momentum, "heavy ball"); Nesterov 1983, in the form of Sutskever, Martens, Dahl and Hinton
    2013, section 2. There lr is inside v; here outside, so that a change of lr acts at once.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
    ):
        settings = {"lr": lr, "momentum": momentum, "dampening": dampening}
        super().__init__(params, {**settings, "weight_decay": weight_decay, "nesterov": nesterov})

    def check(self, settings: dict[str, Any]) -> None:
        super().check(settings)
        if settings["nesterov"] and (settings["momentum"] == 0 or settings["dampening"] != 0):
            raise ArgumentError(self.name, "nesterov=True needs momentum above 0 and dampening 0.")

    def update_group(
        self,
        ws: list[Array],
        gs: list[Array],
        states: list[dict[str, Any]],
        lr: float,
        momentum: float,
        dampening: float,
        weight_decay: float,
        nesterov: bool,
    ) -> None:
        gain = [1 - dampening if "v" in state else 1.0 for state in states]
        v = memories(states, "v", ws) if momentum else None
        kernels.sgd(ws, gs, v, gain, lr, momentum, weight_decay, nesterov)
