"""Operations on shapes, and the adjoint of broadcasting."""

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ops import shape as ops

from . import LAYOUTS, Op, bad, normal, sample


def each_layout(*args, shape=(3, 4), **kwargs):
    return [sample(layout.__name__, normal(*shape, layout=layout), *args, **kwargs) for layout in LAYOUTS]


OUT_OF_RANGE = bad(ShapeError, r"dim 2 is out of range for shape \(2, 3\)", normal(2, 3), 2)
NO_NUMBER = bad(ArgumentError, "dim is 'rows'; an axis is a whole number", normal(2, 3), "rows")

OPS = [
    Op(
        ops.expand,
        [
            sample("an axis of size 1", normal(3, 1), 3, 4),
            sample("new axes", normal(3, 1), 2, 3, 4),
            sample("kept sizes", normal(3, 1), -1, 5),
            sample("from 0-d", normal(), 2, 3),
            sample("a tuple", normal(1, 2), (3, 2)),
            sample("to nothing", normal(1, 3), 0, 3),
            *[sample(f.__name__, normal(3, 1, layout=f), 2, 3, 4) for f in LAYOUTS],
        ],
        [
            bad(ShapeError, r"shape \(2, 3\) cannot be expanded to \(4, 3\)", normal(2, 3), 4, 3),
            bad(ArgumentError, "must be whole numbers", normal(1), 2.5),
        ],
        lambda torch: torch.Tensor.expand,
        linear_in=(0,),
    ),
    Op(
        ops.sum_to,
        [
            sample("nothing to do", normal(2, 3), (2, 3)),
            sample("new axes", normal(4, 2, 3), (2, 3)),
            sample("axes of size 1", normal(4, 2, 3), (4, 1, 3)),
            sample("both", normal(4, 2, 3), (1, 3)),
            sample("to 0-d", normal(2, 3), ()),
            sample("from nothing", normal(0, 3), (1, 3)),
            *each_layout((1, 4)),
        ],
        twin=lambda torch: torch.Tensor.sum_to_size,
        linear_in=(0,),
    ),
    Op(
        ops.reshape,
        [
            sample("two sizes", normal(3, 4), 2, 6),
            sample("a tuple, one size free", normal(3, 4), (2, -1)),
            sample("to 0-d", normal(1, 1), ()),
            sample("from 0-d", normal(), 1, 1),
            sample("empty", normal(0, 3), 3, 0, 2),
            *each_layout(6, 2),
        ],
        [
            bad(ShapeError, r"6 elements of shape \(2, 3\) do not fill the shape \(4, 2\)", normal(2, 3), 4, 2),
            bad(ArgumentError, "must be whole numbers", normal(2, 3), 2.0, 3),
        ],
        lambda torch: torch.Tensor.reshape,
        linear_in=(0,),
    ),
    Op(
        ops.flatten,
        [
            sample("all", normal(2, 3, 4)),
            sample("from 1", normal(2, 3, 4), 1),
            sample("up to 1", normal(2, 3, 4), 0, 1),
            sample("0-d", normal()),
            sample("no pictures", normal(0, 3, 4), 1),
            *each_layout(shape=(2, 3, 4), start_dim=1),
        ],
        [
            bad(ArgumentError, "start_dim 1 comes after end_dim 0", normal(2, 3), 1, 0),
            OUT_OF_RANGE,
        ],
        lambda torch: torch.flatten,
        linear_in=(0,),
    ),
    Op(
        ops.squeeze,
        [
            sample("all", normal(1, 3, 1)),
            sample("one", normal(1, 3, 1), 0),
            sample("of a size that stays", normal(1, 3, 1), 1),
            sample("several", normal(1, 3, 1), (0, -1)),
            sample("0-d", normal()),
            *each_layout(shape=(3, 1, 2)),
        ],
        [OUT_OF_RANGE, NO_NUMBER],
        lambda torch: torch.squeeze,
        linear_in=(0,),
    ),
    Op(
        ops.unsqueeze,
        [
            *[sample(f"at {dim}", normal(2, 3), dim) for dim in (0, 1, 2, -1, -3)],
            sample("0-d", normal(), 0),
            *each_layout(1),
        ],
        [bad(ShapeError, r"dim 3 is out of range for shape \(2, 3\)", normal(2, 3), 3)],
        lambda torch: torch.unsqueeze,
        linear_in=(0,),
    ),
    Op(
        ops.permute,
        [
            sample("around", normal(2, 3, 4), 1, 2, 0),
            sample("a tuple", normal(2, 3, 4), (2, 0, 1)),
            sample("from the end", normal(2, 3, 4), -1, 0, 1),
            sample("empty", normal(2, 0, 4), 2, 1, 0),
            *each_layout(1, 0),
        ],
        [
            bad(ShapeError, r"\(0,\) does not name all 2 axes", normal(2, 3), 0),
            bad(ShapeError, "names an axis .* twice", normal(2, 3), 1, 1),
        ],
        lambda torch: torch.Tensor.permute,
        linear_in=(0,),
    ),
    Op(
        ops.transpose,
        [
            sample("two axes", normal(2, 3, 4), 0, 2),
            sample("negative", normal(2, 3, 4), -1, 0),
            sample("one axis with itself", normal(2, 3), 1, 1),
            *each_layout(0, 1),
        ],
        [bad(ShapeError, "dim 2 is out of range", normal(2, 3), 0, 2)],
        lambda torch: torch.transpose,
        linear_in=(0,),
    ),
    Op(
        ops.reverse_axes,
        [sample("three axes", normal(2, 3, 4)), sample("0-d", normal()), *each_layout()],
        twin=lambda torch: lambda x: x.permute(tuple(range(x.ndim))[::-1]),
        linear_in=(0,),
    ),
    Op(
        ops.clone,
        [
            sample("odd sizes", normal(3, 5)),
            sample("0-d", normal()),
            sample("empty", normal(0)),
            *each_layout(),
        ],
        twin=lambda torch: torch.clone,
        linear_in=(0,),
    ),
]
