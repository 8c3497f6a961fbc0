"""LARS."""

from __future__ import annotations

from typing import Any

import tinyconv.kernels as kernels
from tinyconv.backend import Array

from .optimizer import Optimizer, Params, memories


class LARS(Optimizer):
    """Gradient descent with a rate for each parameter, so that each step is the same share of its weights.

        q = trust_coefficient ||w|| / (||g|| + weight_decay ||w|| + eps)
        v <- momentum v + lr q (g + weight_decay w)
        w <- w - v

    for large batches. q = 1 where w = 0, which would stay so, and where the denominator is 0.
    You, Gitman and Ginsburg 2017, arXiv:1708.03888, eq. 6 and Algorithm 1 (lr inside v; eps is 0 there).
    Biases and the parameters of normalisation are usually left out; a group with adapt=False has q = 1:

        LARS([{"params": weights}, {"params": rest, "weight_decay": 0, "adapt": False}], lr=0.1)
    """

    def __init__(
        self,
        params: Params,
        lr: float = 1e-1,
        momentum: float = 0.9,
        weight_decay: float = 0.0,
        trust_coefficient: float = 1e-3,
        eps: float = 1e-8,
        adapt: bool = True,
    ):
        settings = {"lr": lr, "momentum": momentum, "weight_decay": weight_decay}
        super().__init__(params, {**settings, "trust_coefficient": trust_coefficient, "eps": eps, "adapt": adapt})

    def update_group(
        self,
        ws: list[Array],
        gs: list[Array],
        states: list[dict[str, Any]],
        lr: float,
        momentum: float,
        weight_decay: float,
        trust_coefficient: float,
        eps: float,
        adapt: bool,
    ) -> None:
        gain = [lr] * len(ws)
        if adapt:
            lengths = kernels.vector_norms([*ws, *gs]).astype(float).tolist()
            for i, (w, g) in enumerate(zip(lengths[: len(ws)], lengths[len(ws) :], strict=True)):
                denominator = g + weight_decay * w + eps
                gain[i] *= trust_coefficient * w / denominator if w and denominator else 1
        v = memories(states, "v", ws)
        kernels.sgd(ws, gs, v, gain, 1.0, momentum, weight_decay, False)
