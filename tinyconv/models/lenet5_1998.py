"""LeNet-5 as it was published.

LeCun, Bottou, Bengio and Haffner 1998, "Gradient-Based Learning Applied to Document Recognition", section II.B.

Departures from the paper: the net gives -y_i, not the penalties y_i, so that here as everywhere the largest output is
the class that it takes the picture for; the bitmaps of the digits are drawn anew. Training by the stochastic diagonal
Levenberg-Marquardt method is left to other optimisers. As there, a scaled tanh follows every layer up to F6, also the
convolutions. The paper's pictures are 28x28 digits in the middle of 32x32 pixels, white -0.1 and black 1.175.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

import tinyconv.nn.functional as F
from tinyconv import nn
from tinyconv.creation import full
from tinyconv.ops.arguments import number
from tinyconv.ops.index import put
from tinyconv.ops.join import cat
from tinyconv.tape import no_grad
from tinyconv.tensor import Operand, Tensor

from .bitmaps import codes
from .network import Network
from .registry import model

# Table I: which maps of S2 (rows) each of C3's 16 maps (columns) sees
TABLE_I = [
    "X...XXX..XXXX.XX",
    "XX...XXX..XXXX.X",
    "XXX...XXX..X.XXX",
    ".XXX..XXXX..X.XX",
    "..XXX..XXXX.XX.X",
    "...XXX..XXXX.XXX",
]


@model(year=1998, paper="LeCun et al. 1998, section II.B", input=(1, 32, 32))
def lenet5_1998(num_classes: int = 10, in_channels: int = 1) -> LeNet5Of1998:
    """The net of the paper: 60,000 parameters. See LeNet5Of1998 for what it gives, and its losses."""
    return LeNet5Of1998(num_classes, in_channels)


class LeNet5Of1998(Network):
    """x (N, 1, 32, 32)  ->  -y (N, num_classes),  y_i = sum_j (x_j - w_ij)^2 the penalty of class i: 60,000 parameters

    The class is argmax(-y) = argmin(y). `mse_criterion` and `map_criterion` are the paper's losses; cross_entropy is
    the second one for a large j. Classes after the first ten have random codes instead of drawings.
    """

    def __init__(self, num_classes: int = 10, in_channels: int = 1):
        # (N, 1, 32, 32)
        self.c1 = nn.Conv2d(in_channels, 6, 5)  # (N, 6, 28, 28)     156 parameters
        self.s2 = nn.Subsampling2d(6, 2)  #       (N, 6, 14, 14)      12
        self.c3 = TableConv2d(TABLE_I, 5)  #      (N, 16, 10, 10)  1,516
        self.s4 = nn.Subsampling2d(16, 2)  #      (N, 16, 5, 5)       32
        self.c5 = nn.Conv2d(16, 120, 5)  #        (N, 120, 1, 1)  48,120
        self.f6 = nn.Linear(120, 84)  #           (N, 84)         10,164
        self.squash = nn.ScaledTanh()  # after every layer up to F6
        self.output = RBF(codes(num_classes))  #  (N, 10)
        for layer, inputs in ((self.c1, 25 * in_channels), (self.s2, 4), (self.s4, 4), (self.c5, 400), (self.f6, 120)):
            begin_(layer.parameters(), inputs)

    def forward(self, x: Tensor) -> Tensor:
        for layer in (self.c1, self.s2, self.c3, self.s4, self.c5):
            x = self.squash(layer(x))
        x = self.squash(self.f6(x.flatten(1)))
        return -self.output(x)


class TableConv2d(nn.Module):
    """y[n,f] = b[f] + sum over the inputs c that map f sees of w[k] * x[n,c],   k the place of (f, c) among the crosses

    table  a row for each input, a column for each map, "X" where one sees the other
    weight (crosses, K, K), bias (maps,)
    """

    def __init__(self, table: list[str], kernel_size: int):
        self.seen = np.array([list(row) for row in table]).T == "X"  # (F, C)
        inputs, K = self.seen.sum(1), kernel_size
        self.shape = (*self.seen.shape, K, K)
        self.weight = nn.Parameter(np.empty((inputs.sum(), K, K), np.float32))
        self.bias = nn.Parameter(np.empty(len(inputs), np.float32))
        with no_grad():
            for f, last in enumerate(inputs.cumsum()):
                begin_((self.weight[last - inputs[f] : last], self.bias[f : f + 1]), K * K * inputs[f])

    def forward(self, x: Tensor) -> Tensor:
        w = put(self.weight, (self.seen,), self.shape)  # (F, C, K, K), 0 where the table is empty
        return F.conv2d(x, w, self.bias)


class RBF(nn.Module):
    """y[n,i] = sum_j (x[n,j] - w[i,j])^2        x (N, J)  ->  y (N, I);  w (I, J) is fixed   (equation 7)"""

    weight: Tensor

    def __init__(self, w: np.ndarray):
        self.register_buffer("weight", Tensor(w))

    def forward(self, x: Tensor) -> Tensor:
        d = x.unsqueeze(1) - self.weight  # (N, I, J)
        return (d * d).sum(2)


def begin_(parameters: Iterable[Tensor], inputs: int) -> None:
    """w, b ~ U(-2.4/F, 2.4/F), F the inputs of a unit   (appendix A)"""
    for parameter in parameters:
        nn.init.uniform_(parameter, -2.4 / inputs, 2.4 / inputs)


def mse_criterion(outputs: Tensor, labels: Operand) -> Tensor:
    """E = mean over n of y_k,  k the label of n: the penalty of the right class alone   (equation 8)

    outputs  -y (N, K), what the net gives   labels (N,)
    """
    return F.nll_loss(outputs, labels)


def map_criterion(outputs: Tensor, labels: Operand, j: float = 1.0) -> Tensor:
    """E = mean over n of y_k + ln(e^-j + sum_i e^-y_i)   (equation 9)

    The other classes' penalties are pushed up, less and less as they pass j, that of a class for rubbish: it is cross
    entropy with one more logit, -j.
    outputs  -y (N, K), what the net gives   labels (N,)
    j        at least 0. The paper gives no number; of 0.1, 1, 10, 40 and 100, the first two learned digits best.
    """
    rubbish = full(
        (len(outputs), 1), -number("map_criterion", "j", j, least=0), dtype=outputs.dtype, device=outputs.device
    )
    return F.cross_entropy(cat([outputs, rubbish], 1), labels)
