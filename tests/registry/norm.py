"""Batch normalisation: in training and evaluation, with and without what is optional."""

import functools

import numpy as np

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import norm as ops

from . import LAYOUTS, Op, bad, channels_last, constant, normal, sample
from .matmul import single


def training(label, *shape, **layout):
    C = shape[1]
    x = normal(*shape, **layout)
    return sample(label, x, None, None, normal(C), normal(C), training=True)


def evaluation(label, *shape, **layout):
    """With running statistics that are constants: they have no gradient."""
    C = shape[1]
    mean, var = constant(np.linspace(-1, 1, C)), constant(np.linspace(0.5, 2, C))
    x = normal(*shape, **layout)
    return sample(label, x, mean, var, normal(C), normal(C))


@functools.wraps(ops.batch_norm)
def with_more(x, weight, bias, residual, relu):
    """In training, with what comes after it in the same pass. As a positional argument, the residual is a leaf."""
    return ops.batch_norm(x, None, None, weight, bias, True, residual=residual, relu=relu)


def after(label, residual, relu):
    return sample(label, normal(2, 3, 3, 2), normal(3), normal(3), residual, relu)


OPS = [
    Op(
        ops.batch_norm,
        [
            training("pictures", 2, 3, 3, 2),
            training("features", 5, 3),
            training("signals", 2, 3, 4),
            training("one channel", 3, 1, 2, 2),
            training("one picture", 1, 2, 3, 2),
            training("two numbers", 2, 1),
            *[training(f.__name__, 3, 2, 2, 3, layout=f) for f in [*LAYOUTS, channels_last]],
            sample("no weight and bias", normal(4, 2), None, None, training=True),
            sample("a large eps", normal(4, 2), None, None, normal(2), normal(2), training=True, eps=0.5),
            evaluation("evaluation, pictures", 2, 3, 3, 2),
            evaluation("evaluation, features", 5, 3),
            evaluation("evaluation, one number", 1, 1),
            evaluation("evaluation, no pictures", 0, 2, 3, 3),
            *[evaluation(f"evaluation, {f.__name__}", 3, 2, 2, 3, layout=f) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, r"input has shape \(3,\)", normal(3), None, None, training=True),
            bad(
                ArgumentError,
                "training=False it needs running_mean and running_var",
                normal(3, 2),
                None,
                None,
            ),
            bad(
                ShapeError,
                r"input \(3, 2\) has 2 channels, weight has shape \(3,\), not \(2,\)",
                normal(3, 2),
                None,
                None,
                normal(3),
                training=True,
            ),
            bad(
                ShapeError,
                "has 1 values a channel; their variance needs 2",
                normal(1, 2),
                None,
                None,
                training=True,
            ),
            bad(DTypeError, "float64 and float32", normal(3, 2), None, None, single(2), training=True),
            bad(ShapeError, r"bias has shape \(3,\), not \(2,\)", normal(3, 2), None, None, None, normal(3), True),
            bad(
                ShapeError,
                r"residual has shape \(3, 1\)",
                *(normal(3, 2), None, None),
                training=True,
                residual=np.zeros((3, 1)),
            ),
            *[
                bad(
                    ArgumentError,
                    f"eps is {eps}; it must be a finite number of at least 0",
                    normal(3, 2),
                    None,
                    None,
                    training=True,
                    eps=eps,
                )
                for eps in (-1, float("nan"))
            ],
            *[
                bad(
                    ArgumentError,
                    f"momentum is {momentum}; it must be a finite number between 0 and 1",
                    normal(3, 2),
                    None,
                    None,
                    training=True,
                    momentum=momentum,
                )
                for momentum in (-0.1, 1.5, None)
            ],
        ],
        lambda torch: torch.nn.functional.batch_norm,
        linear_in=(3, 4),
    ),
    Op(  # the passes that layers ask for; PyTorch's function has none
        with_more,
        [
            after("ReLU", None, True),
            after("residual", normal(2, 3, 3, 2), False),
            after("residual and ReLU", normal(2, 3, 3, 2), True),
            after("constant residual and ReLU", constant(np.linspace(-1, 1, 36).reshape(2, 3, 3, 2)), True),
        ],
    ),
]
