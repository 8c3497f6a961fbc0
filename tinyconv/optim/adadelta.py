"""Adadelta."""

from __future__ import annotations

from typing import Any

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError

from .optimizer import Optimizer, Params, memories


class Adadelta(Optimizer):
    """Steps in the parameter's own units: the ratio of two running root mean squares.

        g <- g + weight_decay w
        s <- rho s + (1 - rho) g^2
        d = g sqrt(u + eps) / sqrt(s + eps)
        u <- rho u + (1 - rho) d^2
        w <- w - lr d

    Zeiler 2012, arXiv:1212.5701, Algorithm 1. The paper has no learning rate: lr = 1, the default here as
    in PyTorch (in Keras it is 0.001, which hardly learns). rho is PyTorch's; the paper's is 0.95.
    """

    def __init__(self, params: Params, lr: float = 1.0, rho: float = 0.9, eps: float = 1e-6, weight_decay: float = 0.0):
        super().__init__(params, {"lr": lr, "rho": rho, "eps": eps, "weight_decay": weight_decay})

    def check(self, settings: dict[str, Any]) -> None:
        super().check(settings)
        if settings["rho"] > 1:
            raise ArgumentError(self.name, f"rho is {settings['rho']}; it must lie between 0 and 1.")

    def update_group(
        self,
        ws: list[Array],
        gs: list[Array],
        states: list[dict[str, Any]],
        lr: float,
        rho: float,
        eps: float,
        weight_decay: float,
    ) -> None:
        s, u = memories(states, "s", ws), memories(states, "u", ws)
        kernels.adadelta(ws, gs, s, u, lr, rho, eps, weight_decay)
