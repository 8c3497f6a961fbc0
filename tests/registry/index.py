"""Indexing in all its forms, and its adjoint."""

import numpy as np

from tinyconv.errors import DTypeError, ShapeError
from tinyconv.ops import index as ops

from . import LAYOUTS, Op, bad, fixed, normal, sample

ROWS, MASK = np.array([2, 0, 2]), np.array([[True, False, True], [False, True, False]])
FORMS = {  # label: shape, index, in a form that PyTorch takes too
    "a number": ((4, 3), 1),
    "from the end": ((4, 3), -1),
    "a slice": ((4, 3), slice(1, 3)),
    "every other": ((4, 3), (slice(None), slice(0, 3, 2))),
    "an ellipsis": ((2, 4, 3), (..., 1)),
    "a new axis": ((4, 3), (None, slice(None), 1)),
    "nothing": ((4, 3), slice(2, 2)),
    "positions, one repeated": ((4, 3), (ROWS,)),
    "positions in two axes": ((4, 3), (ROWS, np.array([0, 1, 0]))),
    "positions that broadcast": ((4, 3), (ROWS[:, None], np.array([0, 2]))),
    "positions and a slice": ((2, 4, 3), (slice(None), ROWS, 1)),
    "a mask": ((2, 3), (MASK,)),
    "a mask of rows": ((2, 3), (np.array([True, False]),)),
}


def put_in_torch(torch):
    def twin(x, index, shape):
        places = tuple(torch.arange(n)[i] if isinstance(i, slice) else i for i, n in zip(index, shape, strict=False))
        return torch.zeros(shape, dtype=x.dtype).index_put(places, x, accumulate=True)

    return twin


OPS = [
    Op(
        ops.getitem,
        [
            *[sample(label, normal(*shape), index) for label, (shape, index) in FORMS.items()],
            *[sample(f.__name__, normal(4, 3, layout=f), (ROWS,)) for f in LAYOUTS],
        ],
        [
            bad(ShapeError, r"the index does not fit a tensor of shape \(2, 3\)", normal(2, 3), 2),
            bad(ShapeError, "the index does not fit", normal(2, 3), (0, 0, 0)),
            bad(ShapeError, "the index does not fit", normal(2, 3), fixed([0, 5])),
            bad(
                DTypeError,
                "an index is float64; it must be of whole numbers or bool",
                normal(2),
                fixed([0.0]),
            ),
        ],
        lambda torch: lambda x, index: x[index],
        linear_in=(0,),
    ),
    Op(
        ops.put,
        [
            sample("positions, one repeated", normal(3, 2), (ROWS,), (4, 2)),
            sample("a slice", normal(2, 3), (slice(1, 3),), (4, 3)),
            sample("a mask", normal(3), (MASK,), (2, 3)),
            *[sample(f.__name__, normal(3, 2, layout=f), (ROWS,), (4, 2)) for f in LAYOUTS],
        ],
        twin=put_in_torch,
        linear_in=(0,),
    ),
]
