"""conv2d: by hand, against PyTorch, the adjoint identities of its three passes, bad input."""

import numpy as np
import pytest
from kernel_cases.conv import GEOMETRIES
from torch_twin import assert_twins

import tinyconv
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.geometry import Window
from tinyconv.ops.conv import conv2d, conv2d_input, conv2d_weight
from tinyconv.tensor import Tensor, grad

PICTURE = np.array([[[[1.0, 2, 3], [4, 5, 6], [7, 8, 9]]]])
KERNEL = np.array([[[[1.0, 10], [100, 1000]]]])


# ---------------------------------------------------------------- by hand


def test_the_kernel_is_not_flipped(engine):
    y = conv2d(PICTURE, KERNEL)
    assert y.tolist() == [[[[5421, 6532], [8754, 9865]]]]  # 1 + 10*2 + 100*4 + 1000*5 = 5421


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (dict(stride=2), [[5421]]),
        (dict(stride=(1, 2)), [[5421], [8754]]),
        (dict(dilation=2), [[9731]]),  # the corners
        (dict(padding=(0, 1)), [[4010, 5421, 6532, 603], [7040, 8754, 9865, 906]]),
        (dict(padding="same"), [[5421, 6532, 603], [8754, 9865, 906], [87, 98, 9]]),
        (dict(padding="valid"), [[5421, 6532], [8754, 9865]]),
        (dict(bias=np.array([0.5])), [[5421.5, 6532.5], [8754.5, 9865.5]]),
    ],
)
def test_arguments(engine, arguments, expected):
    assert conv2d(PICTURE, KERNEL, **arguments).tolist() == [[expected]]


def test_groups_do_not_see_each_other(engine):
    x = np.arange(1.0, 5).reshape(1, 4, 1, 1)
    w = np.array([[1.0, 10], [2, 20], [100, 1000], [200, 2000]]).reshape(4, 2, 1, 1)
    assert conv2d(x, w, groups=2).data.ravel().tolist() == [21, 42, 4300, 8600]


def test_gradients_by_hand(engine):
    """Two windows side by side; dy = 1 for the left one, 10 for the right one."""
    x = Tensor(np.array([[[[2.0, 3, 5]]]]), requires_grad=True)
    w = Tensor(np.array([[[[7.0, 11]]]]), requires_grad=True)
    b = Tensor(np.array([0.0]), requires_grad=True)
    conv2d(x, w, b).backward(np.array([[[[1.0, 10]]]]))
    assert x.grad.data.ravel().tolist() == [7, 11 + 70, 110]
    assert w.grad.data.ravel().tolist() == [2 + 30, 3 + 50]
    assert b.grad.tolist() == [11]


# ---------------------------------------------------------------- PyTorch


@pytest.mark.parametrize("with_bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("geometry", range(12))
def test_random_geometries_are_pytorchs(rng, geometry, with_bias):
    functional = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed").nn.functional
    size, stride, padding, dilation = (tuple(rng.integers(low, 4, 2).tolist()) for low in (1, 1, 0, 1))
    G, CG, FG = rng.integers(1, 4, 3).tolist()
    least = [max(1, d * (k - 1) + 1 - 2 * p) for k, d, p in zip(size, dilation, padding, strict=True)]
    H, W = (n + int(rng.integers(0, 7)) for n in least)
    x = rng.standard_normal((int(rng.integers(1, 4)), G * CG, H, W))
    w, b = rng.standard_normal((G * FG, CG, *size)), rng.standard_normal(G * FG)
    arguments = dict(stride=stride, padding=padding, dilation=dilation, groups=G)
    assert_twins(
        rng,
        lambda x, w, *b: conv2d(x, w, *b, **arguments),
        lambda x, w, *b: functional.conv2d(x, w, *b, **arguments),
        *([x, w, b] if with_bias else [x, w]),
    )


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")  # PyTorch copies the picture
@pytest.mark.parametrize("size", [(3, 3), (2, 4), (5, 2)])
def test_padding_same_is_pytorchs(rng, size):
    functional = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed").nn.functional
    x, w = rng.standard_normal((2, 3, 6, 7)), rng.standard_normal((4, 3, *size))
    arguments = dict(padding="same", dilation=(1, 2))
    ours, theirs = (lambda x, w, f=f: f(x, w, **arguments) for f in (conv2d, functional.conv2d))
    assert_twins(rng, ours, theirs, x, w)


# ---------------------------------------------------------------- one bilinear form, three ways


@pytest.mark.parametrize("label", GEOMETRIES)
def test_the_three_passes_are_each_others_adjoints(engine, rng, label):
    """<dy, conv(x, w)> = <conv_input(dy, w), x> = <conv_weight(dy, x), w>"""
    X, F, geometry = GEOMETRIES[label]
    window = Window.of("test", **geometry)
    x = rng.standard_normal(X)
    w = rng.standard_normal((F, X[1] // window.groups, *window.size))
    dy = rng.standard_normal((X[0], F, *window.out(*X[2:])))
    with tinyconv.no_grad():
        y = conv2d(x, w, None, window.stride, window.padding, window.dilation, window.groups).data
        dx = conv2d_input(Tensor(dy), Tensor(w), window, X).data
        dw = conv2d_weight(Tensor(dy), Tensor(x), window).data
    scale = 1e-12 * max(1.0, np.sqrt((dy**2).sum() * (y**2).sum()))
    assert abs((dy * y).sum() - (dx * x).sum()) < scale
    assert abs((dy * y).sum() - (dw * w).sum()) < scale


def test_no_gradient_is_computed_that_nobody_asked_for(rng, monkeypatch):
    called = []
    for name in ("conv2d_input", "conv2d_weight"):
        kernel = getattr(tinyconv.kernels, name)
        monkeypatch.setattr(tinyconv.kernels, name, lambda *a, kernel=kernel: called.append(kernel.name) or kernel(*a))
    x, w = (
        Tensor(rng.standard_normal((1, 1, 4, 4))),
        Tensor(rng.standard_normal((1, 1, 3, 3)), requires_grad=True),
    )
    conv2d(x, w).sum().backward()
    assert called == ["conv2d_weight"]


def test_a_nan_reaches_every_output_that_reads_it(engine):
    x = np.ones((1, 1, 4, 4), np.float32)
    x[0, 0, 0, 3] = np.nan
    y = conv2d(x, np.zeros((1, 1, 3, 3), np.float32)).data[0, 0]
    assert np.isnan(y).tolist() == [[False, True], [False, False]]


def test_an_empty_batch_has_gradients_of_zero(engine):
    x, w = (
        Tensor(np.ones((0, 1, 4, 4)), requires_grad=True),
        Tensor(np.ones((2, 1, 3, 3)), requires_grad=True),
    )
    y = conv2d(x, w, np.ones(2))
    assert y.shape == (0, 2, 2, 2)
    dx, dw = grad(y, (x, w), np.ones(y.shape))
    assert dx.shape == x.shape
    assert not dw.data.any()
    assert dw.shape == w.shape


# ---------------------------------------------------------------- bad input


def zeros(*shape, dtype=np.float32):
    return np.zeros(shape, dtype)


@pytest.mark.parametrize(
    ("x", "w", "arguments", "error", "message"),
    [
        (
            zeros(3, 8, 8),
            zeros(2, 3, 3, 3),
            {},
            ShapeError,
            r"input has shape \(3, 8, 8\); it must be \(N, C, H, W\)",
        ),
        (zeros(1, 3, 8, 8), zeros(2, 3, 3), {}, ShapeError, r"weight has shape \(2, 3, 3\); it must be"),
        (zeros(1, 0, 8, 8), zeros(2, 0, 3, 3), {}, ShapeError, r"weight has shape \(2, 0, 3, 3\); it needs a filter"),
        (
            zeros(1, 3, 8, 8),
            zeros(16, 1, 3, 3),
            {},
            ShapeError,
            r"conv2d: input has 3 channels, weight \(16, 1, 3, 3\) expects 1. "
            r"Set in_channels=3, or groups=3 for a depthwise convolution.",
        ),
        (zeros(1, 3, 8, 8), zeros(16, 2, 3, 3), {}, ShapeError, r"expects 2. Set in_channels=3\.$"),
        (
            zeros(1, 4, 8, 8),
            zeros(3, 2, 3, 3),
            dict(groups=2),
            ShapeError,
            "3 filters do not divide into 2 groups",
        ),
        (
            zeros(1, 1, 8, 8),
            zeros(2, 1, 3, 3),
            dict(bias=zeros(3)),
            ShapeError,
            r"bias has shape \(3,\); 2 filters need \(2,\)",
        ),
        (
            zeros(1, 1, 2, 8),
            zeros(2, 1, 3, 3),
            {},
            ShapeError,
            r"a 3x3 window .* does not fit a 2x8 input: the output would be 0x6\. OH = floor\(\(2 \+ 2\*0 - ",
        ),
        (zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), dict(stride=0), ArgumentError, "stride is 0; .* at least 1"),
        (
            zeros(1, 1, 8, 8),
            zeros(1, 1, 3, 3),
            dict(padding=-1),
            ArgumentError,
            "padding is -1; .* at least 0",
        ),
        (zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), dict(dilation=1.5), ArgumentError, "dilation is 1.5"),
        (zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), dict(groups=0), ArgumentError, "groups is 0"),
        (zeros(1, 1, 8, 8), zeros(1, 1, 3, 3), dict(padding="half"), ArgumentError, "padding is 'half'"),
        (
            zeros(1, 1, 8, 8),
            zeros(1, 1, 3, 3),
            dict(padding="same", stride=2),
            ArgumentError,
            "padding='same' needs stride 1",
        ),
        (
            zeros(1, 1, 8, 8),
            zeros(1, 1, 3, 3, dtype=np.float64),
            {},
            DTypeError,
            "its inputs are float32 and float64; convert",
        ),
    ],
)
def test_bad_input(x, w, arguments, error, message):
    with pytest.raises(error, match=message):
        conv2d(x, w, **arguments)
