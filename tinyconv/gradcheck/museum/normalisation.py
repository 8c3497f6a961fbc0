"""Normalisation: x acts on y through the mean and the variance too."""

from __future__ import annotations

from tinyconv import nn
from tinyconv.nn.functional import batch_norm
from tinyconv.ops import cat, mean, reshape, sqrt, sum, var
from tinyconv.tensor import Tensor, record

from . import exhibit

X = (6, 3)


def normalised(x: Tensor, axis: int | tuple[int, ...] = 0) -> Tensor:
    """(x - mean) / sqrt(var + eps)"""
    return (x - mean(x, axis, keepdim=True)) / sqrt(var(x, axis, correction=0, keepdim=True) + 1e-5)


@exhibit(
    X,
    right=normalised,
    hint="sums the outputs might not have seen",
    symptom="Nothing before the first normalisation learns. Checks that sum the outputs are content: the sum is 0.",
)
def batch_norm_gives_nothing(x: Tensor) -> Tensor:
    """dx is zero."""
    return record("batch_norm", normalised(x).data, (x, lambda dy: dy * 0))


@exhibit(
    X,
    right=normalised,
    hint="path through the mean is missing",
    symptom="Training works, with activations that drift; it diverges at rates that others bear.",
)
def mean_path_dropped(x: Tensor) -> Tensor:
    """dx leaves out that every x moves the mean."""
    r = 1 / sqrt(var(x, 0, correction=0) + 1e-5).detach()
    return record("batch_norm", normalised(x).data, (x, lambda dy, y: r * (dy - y * mean(dy * y, 0))))


@exhibit(
    X,
    right=normalised,
    hint="path through the variance",
    symptom="Weights before a normalisation grow without bound, for their length seems to matter.",
)
def variance_path_dropped(x: Tensor) -> Tensor:
    """dx leaves out that every x moves the variance."""
    r = 1 / sqrt(var(x, 0, correction=0) + 1e-5).detach()
    return record("batch_norm", normalised(x).data, (x, lambda dy: r * (dy - mean(dy, 0))))


@exhibit(
    X,
    right=normalised,
    hint="path through the variance",
    symptom="Right for large batches, worse the smaller they are.",
)
def variance_of_the_wrong_kind(x: Tensor) -> Tensor:
    """dx takes the variance with 1/(n-1), forward the one with 1/n."""
    r, n = 1 / sqrt(var(x, 0, correction=0) + 1e-5).detach(), len(x)
    return record(
        "batch_norm", normalised(x).data, (x, lambda dy, y: r * (dy - mean(dy, 0) - y * sum(dy * y, 0) / (n - 1)))
    )


@exhibit(
    (5, 3, 2, 2),
    (3,),
    (3,),
    right=lambda x, w, b: batch_norm(x, None, None, w, b, training=True),
    hint="Every channel has its own wrong factor",
    symptom="Learns slowly, and the learned weights of normalisation change nothing in what lies before them.",
)
def weight_missing_in_dx(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """dx is not multiplied by the channels' weights."""
    z = normalised(x, (0, 2, 3))
    y = z * reshape(w.detach(), 3, 1, 1)
    back = record("scale", y.data, (z, lambda dy: dy))
    return back + z.detach() * reshape(w, 3, 1, 1) - y.detach() + reshape(b, 3, 1, 1)


@exhibit(
    (4, 5),
    right=lambda x: normalised(x, 1),
    hint="collects dy from wrong places",
    symptom="A layer norm that makes pictures of one batch depend on each other; results change with the batch.",
)
def statistics_along_the_wrong_axis(x: Tensor) -> Tensor:
    """Forward normalises each row, dx takes the means along columns."""
    r = 1 / sqrt(var(x, 1, correction=0, keepdim=True) + 1e-5).detach()
    return record(
        "layer_norm",
        normalised(x, 1).data,
        (x, lambda dy, y: r * (dy - mean(dy, 0, keepdim=True) - y * mean(dy * y, 0, keepdim=True))),
    )


def local_response(x: Tensor, neighbours: bool = True) -> Tensor:
    """y_c = x_c / (1 + x_{c-1}^2 + x_c^2 + x_{c+1}^2)"""
    s = x * x
    none = s[:, :1] * 0
    before, after = cat([none, s[:, :-1]], 1), cat([s[:, 1:], none], 1)
    if not neighbours:
        before, after = before.detach(), after.detach()
    return x / (1 + before + s + after)


@exhibit(
    (2, 5, 3),
    right=local_response,
    hint="neighbours (along axis 1)",
    symptom="AlexNet's first layers compete for nothing: neighbouring filters become alike.",
)
def neighbours_dropped(x: Tensor) -> Tensor:
    """Local response normalisation whose dx knows the own channel only."""
    return local_response(x, neighbours=False)


class RightBatchNorm(nn.Module):
    """Batch norm that leaves its statistics alone in evaluation."""

    def __init__(self) -> None:
        self.norm = nn.BatchNorm2d(3)

    def forward(self, x: Tensor) -> Tensor:
        return self.norm(x)


@exhibit(
    (4, 3, 2, 2),
    right=RightBatchNorm,
    hint="running_mean",
    symptom="The test accuracy depends on how often, and in what batches, one evaluates.",
)
class running_statistics_updated_in_evaluation(RightBatchNorm):  # noqa: N801
    """The running mean follows every batch, also after eval()."""

    def forward(self, x: Tensor) -> Tensor:
        y = self.norm(x)
        for running in (buffer for name, buffer in self.named_buffers() if name.endswith("mean")):
            running.mul_(0.9).add_(mean(x, (0, 2, 3)).data.real, alpha=0.1)
        return y
