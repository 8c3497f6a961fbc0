"""Filters of image processing; the numbers of those with names are written out once more."""

from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.ops import filters as ops

from . import LAYOUTS, Op, bad, channels_last, normal, sample
from .matmul import single

TEXTBOOK = {  # name: the rows, and what they are divided by
    "identity": ([0, 0, 0], [0, 1, 0], [0, 0, 0], 1),
    "edge_diagonal": ([1, 0, -1], [0, 0, 0], [-1, 0, 1], 1),
    "edge_laplacian": ([0, 1, 0], [1, -4, 1], [0, 1, 0], 1),
    "edge_outline": ([-1, -1, -1], [-1, 8, -1], [-1, -1, -1], 1),
    "sharpen": ([0, -1, 0], [-1, 5, -1], [0, -1, 0], 1),
    "box_blur": ([1, 1, 1], [1, 1, 1], [1, 1, 1], 9),
    "gaussian_blur": ([1, 2, 1], [2, 4, 2], [1, 2, 1], 16),
    "sobel_x": ([-1, 0, 1], [-2, 0, 2], [-1, 0, 1], 1),
    "sobel_y": ([-1, -2, -1], [0, 0, 0], [1, 2, 1], 1),
}


def twin(torch):
    """In PyTorch: a border, then a depthwise convolution."""
    functional = torch.nn.functional

    def filter2d(x, kernel, padding_mode="replicate"):
        if isinstance(kernel, str):
            *rows, divisor = TEXTBOOK[kernel]
            kernel = torch.tensor(rows, dtype=x.dtype) / divisor
        KH, KW = kernel.shape
        border = ((KW - 1) // 2, KW - 1 - (KW - 1) // 2, (KH - 1) // 2, KH - 1 - (KH - 1) // 2)
        x = functional.pad(x, border, "constant" if padding_mode == "zeros" else padding_mode)
        return functional.conv2d(x, kernel.expand(x.shape[1], 1, KH, KW), groups=x.shape[1])

    return filter2d


OPS = [
    Op(
        ops.filter2d,
        [
            sample("numbers", normal(2, 3, 4, 5), normal(3, 3)),
            *[sample(name, normal(1, 2, 4, 3), kernel=name) for name in TEXTBOOK],
            sample("non-square", normal(1, 2, 5, 4), normal(3, 5)),
            sample("even", normal(1, 2, 5, 4), normal(2, 4)),
            sample("a single number", normal(1, 1, 1, 1), normal(1, 1)),
            sample("larger than the picture", normal(1, 1, 2, 2), normal(5, 5)),
            *[sample(mode, normal(1, 2, 4, 3), normal(3, 3), mode) for mode in ("zeros", "reflect", "circular")],
            sample("no pictures", normal(0, 2, 3, 3), kernel="sharpen"),
            *[sample(f.__name__, normal(2, 2, 4, 3, layout=f), normal(3, 3, layout=f)) for f in LAYOUTS],
            sample("channels_last", normal(2, 2, 4, 3, layout=channels_last), kernel="sobel_x"),
        ],
        [
            bad(ShapeError, r"input has shape \(4, 4\); it must be \(N, C, H, W\)", normal(4, 4), "sharpen"),
            bad(ShapeError, r"kernel has shape \(3,\); it must be \(KH, KW\)", normal(1, 1, 4, 4), normal(3)),
            bad(ArgumentError, r"kernel_size is \(0, 3\)", normal(1, 1, 4, 4), normal(0, 3)),
            bad(UnknownNameError, "no filter 'sharpn'. Did you mean 'sharpen'", normal(1, 1, 4, 4), "sharpn"),
            bad(UnknownNameError, "no padding_mode 'same'", normal(1, 1, 4, 4), "sharpen", "same"),
            bad(DTypeError, "float64 and float32", normal(1, 1, 4, 4), single(3, 3)),
        ],
        twin,
        linear_in=(0, 1),
    ),
]
