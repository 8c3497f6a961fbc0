"""Several nets as one: the mean of their probabilities."""

from __future__ import annotations

from collections.abc import Iterable

from tinyconv import nn
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops.activation import log_softmax
from tinyconv.ops.join import stack
from tinyconv.tensor import Tensor


class Ensemble(nn.Module):
    """y[n,k] = ln(1/M sum over m of p_m[n,k]),   p_m = softmax of what the m-th of M nets gives for x[n]

    x (N, C, H, W)  ->  y (N, K), logits: their softmax is the nets' mean probability
    models  the nets, of the same classes; they may be different ones
    Raises ArgumentError, ShapeError if they do not give logits (N, K) of the same K.

    Simonyan and Zisserman 2015, arXiv:1409.1556, section 4.4
    """

    def __init__(self, models: Iterable[nn.Module]):
        self.members = nn.ModuleList(models)
        if not len(self.members):
            raise ArgumentError("Ensemble", "models is empty; give at least one.")

    def forward(self, x: Tensor) -> Tensor:
        outputs = [member(x) for member in self.members]
        for y in outputs:
            if not isinstance(y, Tensor) or y.ndim != 2 or y.shape != outputs[0].shape:
                shapes = ", ".join(str(getattr(y, "shape", type(y).__name__)) for y in outputs)
                raise ShapeError("Ensemble", f"the nets give {shapes}; all must give logits (N, K) of the same K.")
        log_p = stack([log_softmax(y, 1) for y in outputs])  # (M, N, K)
        top = Tensor(log_p.data.max(0))  # exp of what is left is 1 at most, and for one net not 0
        return (log_p - top).exp().mean(0).log() + top
