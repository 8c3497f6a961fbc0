"""RMSprop."""

from __future__ import annotations

from typing import Any

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError

from .optimizer import Optimizer, Params, memories


class RMSprop(Optimizer):
    """Each step divided by the running root mean square of its gradient.

        g <- g + weight_decay w
        s <- alpha s + (1 - alpha) g^2
        v <- momentum v + g / (sqrt(s) + eps)
        w <- w - lr v

    Hinton 2012, Neural Networks for Machine Learning, lecture 6e. PyTorch's form: eps is outside the root
    (inside, in TensorFlow), and v is free of lr.
    centered: the variance s - m^2 in place of s, with  m <- alpha m + (1 - alpha) g.
    Graves 2013, arXiv:1308.0850, eq. 38 to 45.
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
    ):
        settings = {"lr": lr, "alpha": alpha, "eps": eps, "weight_decay": weight_decay, "momentum": momentum}
        super().__init__(params, {**settings, "centered": centered})

    def check(self, settings: dict[str, Any]) -> None:
        super().check(settings)
        if settings["alpha"] > 1:
            raise ArgumentError(self.name, f"alpha is {settings['alpha']}; it must lie between 0 and 1.")

    def update_group(
        self,
        ws: list[Array],
        gs: list[Array],
        states: list[dict[str, Any]],
        lr: float,
        alpha: float,
        eps: float,
        weight_decay: float,
        momentum: float,
        centered: bool,
    ) -> None:
        s = memories(states, "s", ws)
        m = memories(states, "m", ws) if centered else None
        v = memories(states, "v", ws) if momentum else None
        kernels.rmsprop(ws, gs, s, m, v, lr, alpha, eps, weight_decay, momentum)
