"""Normalisation of each picture for itself: layers, groups, single channels."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.ops import group_norm as ops

from . import LAYOUTS, Op, bad, channels_last, constant, normal, sample
from .matmul import single

nan = float("nan")
MEAN, VAR = constant([0.5, -1.0, 2.0]), constant([0.5, 2.0, 1.0])
EPS = "must be a finite number of at least 0"
X = normal(2, 6, 3, 2)


def layers(label, *shape, last=1, **layout):
    sizes = shape[-last:]
    return sample(label, normal(*shape, **layout), sizes, normal(*sizes), normal(*sizes))


def groups(label, G, *shape, **layout):
    return sample(label, normal(*shape, **layout), G, normal(shape[1]), normal(shape[1]))


def instances(label, *shape, **layout):
    return sample(label, normal(*shape, **layout), None, None, normal(shape[1]), normal(shape[1]))


def of_functional(name):
    return lambda torch: getattr(torch.nn.functional, name)


OPS = [
    Op(
        ops.layer_norm,
        [
            layers("vectors", 3, 5),
            layers("pictures", 2, 3, 3, 2, last=3),
            layers("rows", 2, 3, 5, last=2),
            layers("one axis", 5),
            layers("one number", 3, 1),
            layers("empty", 0, 4),
            sample("no bias", normal(3, 5), (5,), normal(5)),
            sample("a large eps", normal(3, 5), (5,), normal(5), normal(5), 0.5),
            *[layers(f.__name__, 2, 2, 2, 3, last=3, layout=f) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(
                ShapeError, r"input has shape \(3, 5\); its last axes must be normalized_shape, \(4,\)", normal(3, 5), 4
            ),
            bad(ShapeError, r"last axes must be normalized_shape, \(2, 3, 5\)", normal(3, 5), (2, 3, 5)),
            bad(ShapeError, r"last axes must be normalized_shape, \(\)", normal(3, 5), ()),
            bad(ArgumentError, "normalized_shape is 0; it must be a whole number of at least 1", normal(3, 0), 0),
            bad(
                ShapeError, r"weight has shape \(3,\); for input \(3, 5\) it must be \(5,\)", normal(3, 5), 5, normal(3)
            ),
            bad(ShapeError, r"bias has shape \(1, 5\)", normal(3, 5), 5, None, normal(1, 5)),
            bad(DTypeError, "float64 and float32", normal(3, 5), 5, single(5)),
            bad(ArgumentError, f"eps is -1; it {EPS}", normal(3, 5), 5, eps=-1),
        ],
        of_functional("layer_norm"),
        linear_in=(2, 3),
    ),
    Op(
        ops.group_norm,
        [
            groups("pictures", 3, 2, 6, 3, 2),
            groups("one group", 1, 2, 3, 2, 2),
            groups("a group for each channel", 4, 2, 4, 3, 2),
            groups("signals", 2, 2, 4, 3),
            groups("features", 2, 3, 6),
            groups("one picture", 1, 1, 2, 1, 3),
            groups("no pictures", 2, 0, 4, 2, 2),
            sample("no weight and bias", X, 2),
            sample("a large eps", X, 2, normal(6), normal(6), 0.5),
            *[groups(f.__name__, 2, 2, 4, 2, 3, layout=f) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, r"input \(2, 6, 3, 2\) has 6 channels, which do not divide into 4 groups", X, 4),
            bad(ArgumentError, "num_groups is 0; it must be a whole number of at least 1", X, 0),
            bad(ShapeError, r"input has shape \(3,\); it must be \(N, C, ...\)", normal(3), 1),
            bad(ShapeError, r"\(2, 4, 0\); it must be \(N, C, ...\), and only N may be 0", normal(2, 4, 0), 2),
            bad(ShapeError, r"weight has shape \(3,\); for input \(2, 6, 3, 2\) it must be \(6,\)", X, 2, normal(3)),
            bad(DTypeError, "float64 and float32", X, 2, None, single(6)),
            bad(ArgumentError, f"eps is nan; it {EPS}", X, 2, eps=nan),
        ],
        of_functional("group_norm"),
        linear_in=(2, 3),
    ),
    Op(
        ops.instance_norm,
        [
            instances("pictures", 2, 3, 3, 2),
            instances("signals", 2, 3, 4),
            instances("one channel", 3, 1, 2, 3),
            instances("one picture", 1, 2, 1, 4),
            sample("no weight and bias", X),
            sample("running statistics", normal(2, 3, 2, 2), MEAN, VAR, normal(3), normal(3), False),
            sample("a large eps", X, eps=0.5),
            *[instances(f.__name__, 3, 2, 2, 3, layout=f) for f in [*LAYOUTS, channels_last]],
        ],
        [
            bad(ShapeError, r"input has shape \(2, 3\); it must be \(N, C, L\) or", normal(2, 3)),
            bad(ShapeError, r"input has shape \(2, 3, 0\); it must be", normal(2, 3, 0)),
            bad(ShapeError, r"input \(2, 3, 1, 1\) has 1 values a channel; their variance needs 2", normal(2, 3, 1, 1)),
            bad(ShapeError, r"running_var has shape \(3,\); .* it must be \(6,\)", X, None, VAR),
            bad(ShapeError, r"bias has shape \(3,\); .* it must be \(6,\)", X, None, None, None, normal(3)),
            bad(DTypeError, "float64 and float32", X, None, None, single(6)),
            bad(ArgumentError, "use_input_stats=False it needs running_mean and running_var", X, use_input_stats=False),
            bad(ArgumentError, "momentum is 2; it must be a finite number between 0 and 1", X, momentum=2),
            bad(ArgumentError, f"eps is -1; it {EPS}", X, eps=-1),
        ],
        of_functional("instance_norm"),
        linear_in=(3, 4),
    ),
    Op(
        ops.standardise,
        [
            sample("rows", normal(3, 5), 1e-5),
            sample("one row", normal(1, 4), 1e-5),
            sample("no rows", normal(0, 4), 1e-5),
            sample("one number", normal(2, 1), 0.1),
            *[sample(f.__name__, normal(3, 4, layout=f), 1e-5) for f in LAYOUTS],
        ],
        twin=lambda torch: lambda x, eps: torch.nn.functional.layer_norm(x, x.shape[1:], eps=eps),
    ),
]
