"""Convolution: wrong kernels, wrong places, wrong sums."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from tinyconv.geometry import Window
from tinyconv.nn.functional import conv2d, pad
from tinyconv.ops import cat, sum, transpose
from tinyconv.ops.conv import conv2d_input, conv2d_weight
from tinyconv.tensor import Tensor, record

from . import exhibit

X, W = (3, 2, 6, 7), (4, 2, 3, 2)


def window_of(w: Tensor, **options: Any) -> Window:
    _, _, KH, KW = w.shape
    return Window.of("conv2d", (KH, KW), **options)


def convolution(
    x: Tensor,
    w: Tensor,
    b: Tensor | None = None,
    dx: Callable = conv2d_input,
    dw: Callable = conv2d_weight,
    db: Callable = lambda dy: sum(dy, (0, 2, 3)),
    **options: Any,
) -> Tensor:
    """conv2d with rules that can be replaced one by one."""
    window = window_of(w, **options)
    return record(
        "conv2d",
        conv2d(x, w, b, **options).data,
        (x, lambda dy: dx(dy, w, window, x.shape)),
        (w, lambda dy: dw(dy, x, window)),
        (b, lambda dy: db(dy)),
    )


# ---------------------------------------------------------------- the kernel


@exhibit(
    X,
    W,
    right=conv2d,
    hint="turned by 180 degrees",
    symptom="The last convolution learns; all layers before it get gradients that point nearly anywhere.",
)
def kernel_not_flipped(x: Tensor, w: Tensor) -> Tensor:
    """dx uses the kernel turned by 180 degrees: once too often, for col2im has turned it already."""
    return convolution(x, w, dx=lambda dy, w, window, X: conv2d_input(dy, w[:, :, ::-1, ::-1], window, X))


@exhibit(
    X,
    (2, 2, 3, 2),
    right=conv2d,
    hint="axes 0 and 1 exchanged",
    symptom="Runs without complaint wherever a layer has as many filters as channels; deep nets do not train.",
)
def channels_exchanged(x: Tensor, w: Tensor) -> Tensor:
    """dx uses w (F, C, KH, KW) with its filters taken for channels."""
    return convolution(x, w, dx=lambda dy, w, window, X: conv2d_input(dy, transpose(w, 0, 1), window, X))


@exhibit(
    X,
    (4, 2, 3, 3),
    right=conv2d,
    hint="transposed: axes 2 and 3",
    symptom="Filters come out mirrored at the diagonal; accuracy is a few percent lower than it should be.",
)
def filters_transposed(x: Tensor, w: Tensor) -> Tensor:
    """dw has rows and columns of each filter exchanged."""
    return convolution(x, w, dw=lambda dy, x, window: transpose(conv2d_weight(dy, x, window), 2, 3))


@exhibit(
    X,
    W,
    right=conv2d,
    hint="flipped along axes 2, 3",
    symptom="The loss falls a little and stays; filters are upside down with respect to what they should detect.",
)
def weight_gradient_flipped(x: Tensor, w: Tensor) -> Tensor:
    """dw is turned by 180 degrees, as if forward were a true convolution."""
    return convolution(x, w, dw=lambda dy, x, window: conv2d_weight(dy, x, window)[:, :, ::-1, ::-1])


# ---------------------------------------------------------------- sums


@exhibit(
    X,
    W,
    right=conv2d,
    hint="a mean was taken twice",
    symptom="Training is slower the larger the batch, and the learning rate must be raised with it.",
)
def batch_averaged_twice(x: Tensor, w: Tensor) -> Tensor:
    """dw is divided by N, though the loss is a mean over the batch already."""
    return convolution(x, w, dw=lambda dy, x, window: conv2d_weight(dy, x, window) / len(x))


@exhibit(
    X,
    W,
    (4,),
    right=conv2d,
    hint="sum over axis 0 (the batch) is missing",
    symptom="Biases jump about, as with a batch of one; weights train well and hide it.",
)
def batch_sum_missing(x: Tensor, w: Tensor, b: Tensor) -> Tensor:
    """db is that of the first picture alone."""
    return convolution(x, w, b, db=lambda dy: sum(dy[0], (1, 2)))


@exhibit(
    X,
    W,
    right=conv2d,
    hint="sum over axis 0 (the batch) is missing",
    symptom="As noisy as training with one picture at a time, at the price of a whole batch.",
)
def last_picture_only(x: Tensor, w: Tensor) -> Tensor:
    """The loop over pictures writes dw = ... instead of dw += ..."""
    return convolution(x, w, dw=lambda dy, x, window: conv2d_weight(dy[-1:], x[-1:], window))


# ---------------------------------------------------------------- places


@exhibit(
    X,
    W,
    right=partial(conv2d, stride=2),
    hint="collects dy from wrong places",
    symptom="Nets that halve the picture by stride stay near chance; with pooling instead they train.",
)
def stride_forgotten(x: Tensor, w: Tensor) -> Tensor:
    """dx puts the dys side by side instead of a stride apart."""

    def dx(dy: Tensor, w: Tensor, window: Window, X: tuple) -> Tensor:
        h, v = dy.shape[2] + w.shape[2] - 1, dy.shape[3] + w.shape[3] - 1
        near = conv2d_input(dy, w, window_of(w), (*X[:2], h, v))
        return pad(near, (0, X[3] - v, 0, X[2] - h))

    return convolution(x, w, dx=dx, stride=2)


@exhibit(
    X,
    W,
    right=partial(conv2d, dilation=2),
    hint="collects dy from wrong places",
    symptom="Dilated layers near the output train, those before them do not.",
)
def dilation_forgotten(x: Tensor, w: Tensor) -> Tensor:
    """dx spreads each dy over neighbouring pixels, not over the dilated window."""

    def dx(dy: Tensor, w: Tensor, window: Window, X: tuple) -> Tensor:
        h, v = dy.shape[2] + w.shape[2] - 1, dy.shape[3] + w.shape[3] - 1
        near = conv2d_input(dy, w, window_of(w), (*X[:2], h, v))
        return pad(near, (0, X[3] - v, 0, X[2] - h))

    return convolution(x, w, dx=dx, dilation=2)


@exhibit(
    X,
    (4, 2, 3, 3),
    right=partial(conv2d, padding=1),
    hint="border of padding is cut off at the wrong end",
    symptom="Training is a little worse with every padded layer; nothing ever breaks.",
)
def padding_cropped_wrongly(x: Tensor, w: Tensor) -> Tensor:
    """dx of the padded picture is cut at [0:H] instead of [p:p+H]."""

    def dx(dy: Tensor, w: Tensor, window: Window, X: tuple) -> Tensor:
        N, C, H, W = X
        return conv2d_input(dy, w, window_of(w), (N, C, H + 2, W + 2))[:, :, :H, :W]

    return convolution(x, w, dx=dx, padding=1)


@exhibit(
    (2, 4, 6, 5),
    (6, 2, 3, 2),
    right=partial(conv2d, groups=2),
    hint="slices along axis 1 are right, but in another order",
    symptom="Nets with groups learn worse than without; with groups=1 everything is right.",
)
def groups_mixed_up(x: Tensor, w: Tensor) -> Tensor:
    """dx of the first group is handed to the second, and the other way round."""

    def dx(dy: Tensor, w: Tensor, window: Window, X: tuple) -> Tensor:
        right = conv2d_input(dy, w, window, X)
        return cat([right[:, 2:], right[:, :2]], 1)

    return convolution(x, w, dx=dx, groups=2)


def transposed(x: Tensor, w: Tensor, dx: Callable) -> Tensor:
    """A transposed convolution with stride 2 and output_padding 1."""
    window = window_of(w, stride=2)
    N, _, H, W = x.shape
    Y = (N, w.shape[1], 2 * H + 2, 2 * W + 2)
    return record(
        "conv_transpose2d",
        conv2d_input(x, w, window, Y).data,
        (x, lambda dy: dx(dy, w)),
        (w, lambda dy: conv2d_weight(x, dy, window)),
    )


@exhibit(
    (3, 2, 3, 4),
    (2, 3, 3, 3),
    right=lambda x, w: transposed(x, w, lambda dy, w: conv2d(dy, w, stride=2)),
    hint="shifted by -1 along its last two axes",
    symptom="Decoders give pictures that are half a pixel off, and blurred.",
)
def output_padding_at_the_wrong_end(x: Tensor, w: Tensor) -> Tensor:
    """dx of a transposed convolution leaves out dy's first row and column instead of the last."""
    return transposed(x, w, lambda dy, w: conv2d(pad(dy[:, :, 1:, 1:], (0, 1, 0, 1)), w, stride=2))
