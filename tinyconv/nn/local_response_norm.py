"""Local response normalisation as a layer."""

from __future__ import annotations

from tinyconv.geometry import whole
from tinyconv.ops.arguments import number
from tinyconv.ops.local_response_norm import local_response_norm
from tinyconv.tensor import Tensor

from .module import Module


class LocalResponseNorm(Module):
    """y[c] = x[c] / (k + alpha/size sum x[c']^2)^beta     over the `size` channels c' around c, at each place

    x (N, C, ...) -> y likewise. Krizhevsky, Sutskever and Hinton 2012, section 3.3, who do not divide alpha by
    size: theirs is LocalResponseNorm(5, alpha=5e-4, beta=0.75, k=2).
    """

    def __init__(self, size: int, alpha: float = 1e-4, beta: float = 0.75, k: float = 1.0):
        name = "LocalResponseNorm"
        self.size = whole(name, "size", size, least=1)
        self.alpha = number(name, "alpha", alpha, least=0)
        self.beta, self.k = number(name, "beta", beta), number(name, "k", k, least=0)

    def forward(self, x: Tensor) -> Tensor:
        return local_response_norm(x, self.size, self.alpha, self.beta, self.k)

    def extra_repr(self) -> str:
        return f"{self.size}, alpha={self.alpha}, beta={self.beta}, k={self.k}"
