"""Smooth activation functions: small and large numbers."""

from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.ops import activation_smooth as ops

from . import Op, bad, fixed, normal, sample
from .activation import COMPLEX, elementwise, gradients

LARGE = sample("large numbers", fixed([-30.0, -9.0, 9.0, 30.0]))
nan = float("nan")

OPS = [
    Op(ops.scaled_tanh, [*elementwise(), LARGE], twin=lambda torch: lambda x: 1.7159 * torch.tanh(2 * x / 3)),
    Op(ops.silu, [*elementwise(), LARGE], twin=lambda torch: torch.nn.functional.silu),
    Op(ops.silu_input, gradients(), linear_in=(0,)),
    Op(
        ops.gelu,
        [
            *elementwise(),
            LARGE,
            *[sample(f"{s.label}, tanh", *s.args, approximate="tanh") for s in [*elementwise(), LARGE]],
        ],
        [
            COMPLEX,
            bad(UnknownNameError, "no approximation 'than'. Did you mean 'tanh'", normal(3), approximate="than"),
        ],
        lambda torch: torch.nn.functional.gelu,
    ),
    Op(ops.normal_cdf, [*elementwise(), LARGE], [COMPLEX], lambda torch: torch.special.ndtr),
    Op(
        ops.softplus,
        [
            *elementwise(),
            LARGE,
            sample("another beta", normal(3, 5), 2.5),
            sample("some above the threshold", fixed([-2.0, 1.0, 3.0, 5.0]), 1.0, 4.0),
        ],
        [
            bad(ArgumentError, "beta is 0.0; it must be above 0", normal(3), 0),
            bad(ArgumentError, "beta is nan; it must be a finite number", normal(3), nan),
            bad(ArgumentError, "threshold is nan; it must be a finite number", normal(3), 1.0, nan),
        ],
        lambda torch: torch.nn.functional.softplus,
    ),
]
