"""Structure: branches, slices, shapes, and the order of axes."""

from __future__ import annotations

import numpy as np

from tinyconv.nn.functional import pad
from tinyconv.ops import cat, exp, matmul, permute, reshape, sum, transpose
from tinyconv.tensor import Tensor, record

from . import exhibit


@exhibit(
    (4, 3),
    right=lambda x: x + exp(x),
    hint="the residual",
    symptom="A deep residual net trains as badly as a plain one: gradients vanish towards the input.",
)
def residual_branch_forgotten(x: Tensor) -> Tensor:
    """y = x + f(x), but dx is that of f alone."""
    return record("residual", x.data + np.exp(x.data), (x, lambda dy: dy * exp(x)))


@exhibit(
    (2, 3),
    (2, 3),
    right=lambda a, b: cat([a, b]),
    hint="halves along axis 0 exchanged",
    symptom="Branches of an Inception block learn from each other's errors; equal sizes hide it.",
)
def slices_exchanged(a: Tensor, b: Tensor) -> Tensor:
    """The gradient of a concatenation hands the second slice to the first input."""
    return record("cat", np.concatenate([a.data, b.data]), (a, lambda dy: dy[2:]), (b, lambda dy: dy[:2]))


@exhibit(
    (2, 3, 4),
    right=lambda x: permute(x, 1, 2, 0),
    hint="permuted or reshaped in another order",
    symptom="Runs, because the sizes fit; what comes before sees scrambled gradients.",
)
def permuted_the_same_way_back(x: Tensor) -> Tensor:
    """dx applies the permutation of forward again instead of its inverse."""
    return record("permute", x.data.transpose(1, 2, 0), (x, lambda dy: permute(reshape(dy, 4, 2, 3), 1, 2, 0)))


@exhibit(
    (3, 3),
    right=transpose,
    hint="transposed: axes 0 and 1",
    symptom="Seen only where the matrix is square; where it is not, shapes do not fit.",
)
def not_transposed_back(x: Tensor) -> Tensor:
    """dx = dy for y = x transposed."""
    return record("transpose", x.data.T, (x, lambda dy: dy))


@exhibit(
    (2, 6, 2, 2),
    right=lambda x: reshape(transpose(reshape(x, 2, 2, 3, 2, 2), 1, 2), 2, 6, 2, 2),
    hint="slices along axis 1 are right, but in another order",
    symptom="Nets with shuffled channels learn as if there were no shuffle, or worse.",
)
def shuffled_instead_of_unshuffled(x: Tensor) -> Tensor:
    """dx shuffles the channels (2 groups of 3) again; back it must be 3 groups of 2."""

    def shuffle(a: np.ndarray) -> np.ndarray:
        return a.reshape(2, 2, 3, 2, 2).swapaxes(1, 2).reshape(2, 6, 2, 2)

    return record("channel_shuffle", shuffle(x.data), (x, lambda dy: Tensor(shuffle(dy.data))))


@exhibit(
    (2, 3, 4),
    right=lambda x: x[:, :, ::-1],
    hint="flipped along axis 2",
    symptom="Mirrored pictures as augmentation make the net worse instead of better.",
)
def not_flipped_back(x: Tensor) -> Tensor:
    """dx = dy for y = x mirrored."""
    return record("flip", x.data[:, :, ::-1], (x, lambda dy: dy))


@exhibit(
    (1, 2, 3, 4),
    right=lambda x: pad(x, (1, 1, 1, 1)),
    hint="border of padding is cut off at the wrong end",
    symptom="Features move by a pixel towards the corner on the way back.",
)
def padding_left_in_front(x: Tensor) -> Tensor:
    """dx of zero padding is cut out from the corner."""
    return record("pad", np.pad(x.data, ((0, 0), (0, 0), (1, 1), (1, 1))), (x, lambda dy: dy[:, :, :3, :4]))


@exhibit(
    (1, 2, 3, 4),
    right=lambda x: sum(reshape(x, 1, 2, 3, 1, 4, 1) + Tensor(np.zeros((2, 1, 2))), 0, keepdim=True),
    hint="must all be added up",
    symptom="Decoders learn from a quarter of their pixels.",
)
def enlarged_pixels_not_summed(x: Tensor) -> Tensor:
    """Nearest upsampling copies a pixel to 2 x 2 places; dx takes one of the four."""
    y = x.data.reshape(1, 2, 3, 1, 4, 1) + np.zeros((2, 1, 2))
    return record("upsample", y.reshape(1, 2, 3, 2, 4, 2), (x, lambda dy: dy[:, :, :, 0, :, 0]))


@exhibit(
    (5, 3),
    (3,),
    right=lambda x, b: x + b,
    hint="sum over axis 0 (the batch) is missing",
    symptom="Biases learn from one picture a batch.",
)
def broadcast_sum_missing(x: Tensor, b: Tensor) -> Tensor:
    """b is added to every row, but db is one row of dy."""
    return record("add", x.data + b.data, (x, lambda dy: dy), (b, lambda dy: dy[0]))


@exhibit(
    (5,),
    right=lambda x: x[[0, 2, 2, 4]],
    hint="must all be added up",
    symptom="Embeddings of frequent words learn more slowly than they should.",
)
def repeated_index_written_not_added(x: Tensor) -> Tensor:
    """dx[index] = dy instead of +=: an element taken twice gets one dy."""
    index = np.array([0, 2, 2, 4])

    def rule(dy: Tensor) -> Tensor:
        dx = np.zeros(5, dy.dtype)
        dx[index] = dy.data
        return Tensor(dx)

    return record("getitem", x.data[index], (x, rule))


@exhibit(
    (4, 3),
    (3, 3),
    right=matmul,
    hint="transposed (axes 0 and 1 exchanged)",
    symptom="Dense layers of equal sizes do not train, all others refuse to run.",
)
def weight_not_transposed(x: Tensor, w: Tensor) -> Tensor:
    """dx = dy w instead of dy w'."""
    return record("matmul", x.data @ w.data, (x, lambda dy: matmul(dy, w)), (w, lambda dy: matmul(transpose(x), dy)))


@exhibit(
    (4, 3),
    right=lambda x: x * sum(x),
    hint="path through a sum or a mean",
    symptom="Attention, gates and norms learn with half of their gradient.",
)
def path_detached(x: Tensor) -> Tensor:
    """A factor that depends on x is detached, and so taken for a constant."""
    return x * sum(x).detach()
