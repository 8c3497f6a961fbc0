"""Convolution and pooling in geometries drawn at random, forward and every gradient, against PyTorch in float64.

By default a few hundred; `pytest -m long tests/test_torch_geometries.py` draws thousands. A failure prints the call
and the seed.
"""

import numpy as np
import pytest

import tinyconv.nn.functional as F
from tinyconv.tensor import Tensor, grad

torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")

FEW, MANY = 100, 2000  # geometries a family and engine; a quarter of them in the `loops` engine, which is slow
CLOSE = dict(rtol=1e-10, atol=1e-10)


class Draw:
    """Sizes and options at random. `large` ones fill the vectors of compiled kernels and leave remainders."""

    def __init__(self, rng, large=False):
        self.rng, self.large = rng, large

    def whole(self, low, high):
        return int(self.rng.integers(low, high + 1))

    def pair(self, low, high):
        """Two numbers; half of the time one for both, as users write it."""
        one, other = self.whole(low, high), self.whole(low, high)
        return one if self.rng.random() < 0.5 else (one, other)

    def chance(self, p=0.5):
        return bool(self.rng.random() < p)

    def channels(self):
        return self.whole(1, 40 if self.large else 3)

    def picture(self, *extent):
        """Rows and columns, `extent` at the least."""
        return [max(1, least) + self.whole(0, 30 if self.large else 5) for least in extent]

    def groups(self):
        """The number of groups, channels of a group, filters of a group; depthwise now and then."""
        if self.large or self.chance(0.4):
            return 1, self.channels(), self.channels()
        return self.whole(1, 4), self.whole(1, 1 if self.chance() else 3), self.whole(1, 2)


def both(value):
    return value if isinstance(value, tuple) else (value, value)


def extents(size, dilation, padding):
    """Rows and columns of a window, less the border: the smallest picture that it fits."""
    rows = zip(both(size), both(dilation), both(padding), strict=True)
    return [d * (k - 1) + 1 - 2 * p for k, d, p in rows]


def conv2d(draw):
    groups, C, F = draw.groups()
    size, dilation, stride = draw.pair(1, 4), draw.pair(1, 3), draw.pair(1, 5)
    padding = draw.pair(0, 3)
    if draw.chance(0.2):
        stride, padding = 1, "same" if draw.chance() else "valid"
    H, W = draw.picture(*extents(size, dilation, 0 if isinstance(padding, str) else padding))
    shapes = [(draw.whole(1, 3), groups * C, H, W), (groups * F, C, *both(size))]
    shapes += [(groups * F,)] * draw.chance()
    return shapes, dict(stride=stride, padding=padding, dilation=dilation, groups=groups)


def conv1d(draw):
    groups, C, F = draw.groups()
    size, dilation, padding = draw.whole(1, 4), draw.whole(1, 3), draw.whole(0, 3)
    W = draw.picture(*extents(size, dilation, padding))[1]
    shapes = [(draw.whole(1, 3), groups * C, W), (groups * F, C, size), (groups * F,)]
    return shapes, dict(stride=draw.whole(1, 5), padding=padding, dilation=dilation, groups=groups)


def conv_transpose2d(draw):
    groups, C, F = draw.groups()
    size, dilation, stride = draw.pair(1, 4), draw.pair(1, 3), draw.pair(1, 4)
    extra = tuple(draw.whole(0, max(s, d) - 1) for s, d in zip(both(stride), both(dilation), strict=True))
    padding = draw.pair(0, 2)
    reach = zip(extents(size, dilation, padding), both(stride), extra, strict=True)
    H, W = draw.picture(*(1 + max(0, -(-(1 - least - e) // s)) for least, s, e in reach))  # at least 1 x 1 comes out
    shapes = [(draw.whole(1, 2), groups * C, H, W), (groups * C, F, *both(size))]
    shapes += [(groups * F,)] * draw.chance()
    options = dict(stride=stride, padding=padding, output_padding=extra, groups=groups, dilation=dilation)
    return shapes, options


def pooling(draw, dilation=1):
    size = draw.pair(1, 4)
    padding = tuple(draw.whole(0, k // 2) for k in both(size))
    # As large as the dilation, or a window might reach over the picture and see its border alone; PyTorch then writes
    # the gradient to memory that is not there.
    H, W = draw.picture(*map(max, extents(size, dilation, padding), both(dilation)))
    options = dict(kernel_size=size, padding=padding, ceil_mode=draw.chance())
    options["stride"] = None if draw.chance(0.2) else draw.pair(1, 5)
    return [(draw.whole(1, 3), draw.channels(), H, W)], options


def max_pool2d(draw):
    dilation = draw.pair(1, 3)
    shapes, options = pooling(draw, dilation)
    return shapes, options | dict(dilation=dilation)


def avg_pool2d(draw):
    shapes, options = pooling(draw)
    options["count_include_pad"] = draw.chance()
    return shapes, options | (dict(divisor_override=draw.whole(1, 9)) if draw.chance(0.2) else {})


def of_lines(pooling):
    """The same in one axis, that of the columns."""

    def draw_lines(draw):
        ((N, C, _, W),), options = pooling(draw)
        last = {name: value[-1] if isinstance(value, tuple) else value for name, value in options.items()}
        return [(N, C, W)], {name: value for name, value in last.items() if name != "divisor_override"}

    return draw_lines


def adaptive(draw):
    H, W = draw.picture(1, 1)
    return [(draw.whole(1, 3), draw.channels(), H, W)], dict(output_size=draw.pair(1, 9))


FAMILIES = {
    "conv2d": conv2d,
    "conv1d": conv1d,
    "conv_transpose2d": conv_transpose2d,
    "max_pool2d": max_pool2d,
    "avg_pool2d": avg_pool2d,
    "adaptive_avg_pool2d": adaptive,
    "adaptive_max_pool2d": adaptive,
    "max_pool1d": of_lines(max_pool2d),
    "avg_pool1d": of_lines(avg_pool2d),
    "adaptive_avg_pool1d": of_lines(adaptive),
    "adaptive_max_pool1d": of_lines(adaptive),
}


def compare(name, shapes, options, rng):
    arrays = [rng.standard_normal(shape) for shape in shapes]
    xs = [Tensor(a, True) for a in arrays]
    twins = [torch.tensor(a, requires_grad=True) for a in arrays]
    y, expected = getattr(F, name)(*xs, **options), getattr(torch.nn.functional, name)(*twins, **options)
    assert y.shape == tuple(expected.shape)
    np.testing.assert_allclose(y.data, expected.detach().numpy(), **CLOSE, err_msg="forward")
    dy = rng.standard_normal(y.shape)
    for i, (dx, dx0) in enumerate(
        zip(grad(y, xs, dy), torch.autograd.grad(expected, twins, torch.tensor(dy)), strict=True)
    ):
        np.testing.assert_allclose(dx.data, dx0.numpy(), **CLOSE, err_msg=f"the gradient of argument {i}")


def sweep(name, count, engine, rng):
    for i in range(count // 4 if engine == "loops" else count):
        shapes, options = FAMILIES[name](Draw(rng, large=i % 4 == 3 and engine != "loops"))
        try:
            compare(name, shapes, options, rng)
        except Exception as error:  # raised again, with the geometry
            call = f"{name}({', '.join(map(str, shapes))}, {', '.join(f'{k}={v!r}' for k, v in options.items())})"
            raise AssertionError(f"geometry {i}: {call}") from error


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("name", FAMILIES)
def test_a_few_geometries(name, engine, rng):
    sweep(name, FEW, engine, rng)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel lengths:UserWarning")
@pytest.mark.parametrize("name", FAMILIES)
def test_many_geometries(name, engine, rng):
    sweep(name, MANY, engine, rng)


# ---------------------------------------------------------------- borders that PyTorch does not have


@pytest.mark.parametrize("number", range(10))
def test_a_border_of_its_own_on_every_side(number, engine, rng):
    draw = Draw(rng)
    (top, bottom), (left, right) = ends = [(draw.whole(0, 3), draw.whole(0, 3)) for _ in range(2)]
    H, W = draw.picture(3 - top - bottom, 2 - left - right)
    stride = draw.pair(1, 3)
    x, w = rng.standard_normal((2, 2, H, W)), rng.standard_normal((3, 2, 3, 2))
    xs, twins = [Tensor(x, True), Tensor(w, True)], [torch.tensor(a, requires_grad=True) for a in (x, w)]
    y = F.conv2d(*xs, stride=stride, padding=tuple(ends))
    padded = torch.nn.functional.pad(twins[0], (left, right, top, bottom))
    expected = torch.nn.functional.conv2d(padded, twins[1], stride=stride)
    np.testing.assert_allclose(y.data, expected.detach().numpy(), **CLOSE)
    dy = rng.standard_normal(y.shape)
    for dx, dx0 in zip(grad(y, xs, dy), torch.autograd.grad(expected, twins, torch.tensor(dy)), strict=True):
        np.testing.assert_allclose(dx.data, dx0.numpy(), **CLOSE)
