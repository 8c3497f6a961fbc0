"""Adam."""

from __future__ import annotations

from typing import Any

import tinyconv.kernels as kernels
from tinyconv.backend import Array
from tinyconv.errors import ArgumentError

from .optimizer import Optimizer, Params, memories


class Adam(Optimizer):
    """Steps scaled by running moments of the gradient, b1, b2 = betas.

        g <- g + weight_decay w                      (L2 penalty, inside the moments as in PyTorch's Adam)
        m <- b1 m + (1 - b1) g                       v <- b2 v + (1 - b2) g^2
        m^ = m / (1 - b1^t)                          v^ = v / (1 - b2^t)           (t = 1, 2, ...)
        w <- w - lr m^ / (sqrt(v^) + eps)

    Kingma and Ba 2015, arXiv:1412.6980, Algorithm 1, with the paper's defaults.
    amsgrad: the largest v so far in place of v.   Reddi, Kale and Kumar 2018, arXiv:1904.09237, Algorithm 2
    (there without the correction of v^, here with it as in PyTorch).
    """

    decoupled = False  # does weight decay act on the weights themselves, as in AdamW?

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
    ):
        betas = tuple(betas) if isinstance(betas, list) else betas
        settings = {
            "lr": lr,
            "betas": betas,
            "eps": eps,
            "weight_decay": weight_decay,
            "amsgrad": amsgrad,
        }
        super().__init__(params, settings)

    def check(self, settings: dict[str, Any]) -> None:
        super().check(settings)
        betas = settings["betas"]
        if not isinstance(betas, tuple) or len(betas) != 2 or not max(betas) < 1:
            raise ArgumentError(self.name, f"betas is {betas!r}; it must be two numbers from 0 to less than 1.")

    def update_group(
        self,
        ws: list[Array],
        gs: list[Array],
        states: list[dict[str, Any]],
        lr: float,
        betas: tuple[float, float],
        eps: float,
        weight_decay: float,
        amsgrad: bool,
    ) -> None:
        m, v = memories(states, "m", ws), memories(states, "v", ws)
        v_max = memories(states, "v_max", ws) if amsgrad else None
        for state in states:
            state["t"] = state.get("t", 0) + 1
        t = [state["t"] for state in states]
        kernels.adam(ws, gs, m, v, v_max, t, lr, betas, eps, weight_decay, self.decoupled)
