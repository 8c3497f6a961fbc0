"""AdamW."""

from __future__ import annotations

from .adam import Adam
from .optimizer import Params


class AdamW(Adam):
    """Adam whose weight decay is no part of the gradient, so that no moment scales it.

        w <- w - lr weight_decay w
        w <- w - lr m^ / (sqrt(v^) + eps)            m^, v^ of the gradient alone, as in `Adam`

    Loshchilov and Hutter 2019, arXiv:1711.05101, Algorithm 2. There lr is a schedule's factor eta times
    alpha, and the decay is scaled by eta alone; here, as in PyTorch, by lr: by the product.
    """

    decoupled = True

    def __init__(
        self,
        params: Params,
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
    ):
        super().__init__(params, lr, betas, eps, weight_decay, amsgrad)
