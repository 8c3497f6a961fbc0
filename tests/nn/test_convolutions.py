"""Convolution layers: borders made of the picture, transposed, separable, 1-D; reprs and refusals."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError


def with_weights(layer, *values):
    """The layer with these numbers as its parameters."""
    for p, value in zip(layer.parameters(), values, strict=True):
        with tc.no_grad():
            p.copy_(np.array(value, np.float32).reshape(p.shape))
    return layer


# ---------------------------------------------------------------- what is around the picture


@pytest.mark.parametrize(
    ("mode", "first"), [("zeros", [12, 123, 230]), ("reflect", [212, 123, 232]), ("circular", [312, 123, 231])]
)
def test_padding_mode_by_hand(mode, first):
    row = [[100, 10, 1]]
    x = tc.tensor([[[1.0, 2, 3]]])
    conv = with_weights(nn.Conv1d(1, 1, 3, padding=1, bias=False, padding_mode=mode), row)
    assert conv(x).tolist() == [[first]]
    conv = with_weights(nn.Conv2d(1, 1, (1, 3), padding=(0, 1), bias=False, padding_mode=mode), row)
    assert conv(x[None]).tolist() == [[[first]]]


def test_padding_mode_with_the_layers_that_follow(rng):
    """In a Sequential the convolution may be done together with what follows it."""
    x = tc.tensor(rng.standard_normal((2, 3, 6, 6)).astype(np.float32))
    conv, relu, pool = nn.Conv2d(3, 4, 3, padding=1, padding_mode="replicate"), nn.ReLU(), nn.MaxPool2d(2)
    together = nn.Sequential(conv, relu, pool)(x)
    np.testing.assert_allclose(together.data, pool(relu(conv(x))).data, rtol=1e-5, atol=1e-6)
    zeros = nn.Sequential(with_weights(nn.Conv2d(3, 4, 3, padding=1), *conv.state_dict().values()), relu, pool)(x)
    assert np.abs(together.data - zeros.data).max() > 1e-3


# ---------------------------------------------------------------- transposed


@pytest.mark.parametrize("size", [(5, 7), (6, 8), (5, 8)])
def test_output_size_chooses_the_output_padding(size):
    up = nn.ConvTranspose2d(3, 2, 3, stride=2, padding=1)
    x = tc.randn(1, 3, 3, 4)
    assert up(x).shape == (1, 2, 5, 7)
    assert up(x, output_size=size).shape == (1, 2, *size)
    assert up(x, (1, 2, *size)).shape == (1, 2, *size)
    one = nn.ConvTranspose1d(3, 2, 3, stride=2, padding=1)
    assert one(x[:, :, 0], output_size=size[1:]).shape == (1, 2, size[1])


def test_an_output_size_that_cannot_be():
    x = tc.ones(1, 1, 3, 4)
    message = r"^ConvTranspose2d: output_size \(7, 8\) is not between \(5, 7\) and \(6, 8\) for a 3x4 input"
    with pytest.raises(ShapeError, match=message):
        nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)(x, output_size=(7, 8))
    with pytest.raises(ShapeError, match=r"^ConvTranspose2d: output_size \(5,\) is not"):
        nn.ConvTranspose2d(1, 1, 3, stride=2, padding=1)(x, output_size=(5,))
    with pytest.raises(
        ShapeError, match=r"^ConvTranspose1d: output_size \(1, 4\) is not between \(1, 7\) and \(1, 8\) for a 1x4"
    ):
        nn.ConvTranspose1d(1, 1, 3, stride=2, padding=1)(x[0], output_size=(4,))


def test_transposed_weights_are_drawn_by_what_one_output_sums_over():
    """As in PyTorch: fan_in from the weight's second axis, out_channels/groups * KH * KW."""
    layer = nn.ConvTranspose2d(200, 32, 5, groups=2)
    for p in layer.parameters():
        assert np.abs(p.data).max() <= 1 / 20  # 16*5*5 = 400
        assert np.abs(p.data).max() > 0.9 / 20


def test_weights_lie_filters_last_in_memory():
    for layer in (nn.Conv2d(3, 5, 3), nn.Conv1d(3, 5, 3), nn.ConvTranspose2d(5, 3, 3), nn.ConvTranspose1d(5, 3, 3)):
        assert layer.weight.shape[:2] == (5, 3)
        assert layer.weight.data.strides[0] == layer.weight.data.itemsize


# ---------------------------------------------------------------- separable


def test_separable_by_hand():
    """Two channels, each under its own 1x2 kernel, then mixed."""
    layer = nn.DepthwiseSeparableConv2d(2, 1, (1, 2))
    with_weights(layer, [[1, 10], [2, 3]], [100, 1000], [0.5])
    x = tc.tensor([[[[1.0, 2]], [[3, 4]]]])
    assert layer(x).tolist() == [[[[100 * 21 + 1000 * 18 + 0.5]]]]


def test_separable_has_far_fewer_weights_and_one_bias():
    layer = nn.DepthwiseSeparableConv2d(32, 64, 3, stride=2, padding=1, padding_mode="reflect")
    assert {name: p.shape for name, p in layer.named_parameters()} == {
        "depthwise.weight": (32, 1, 3, 3),
        "pointwise.weight": (64, 32, 1, 1),
        "pointwise.bias": (64,),
    }
    assert layer(tc.ones(1, 32, 8, 8)).shape == (1, 64, 4, 4)
    assert nn.DepthwiseSeparableConv2d(2, 2, 3, bias=False).pointwise.bias is None


# ---------------------------------------------------------------- reprs and refusals


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (
            nn.Conv2d(1, 2, 3, padding=1, padding_mode="reflect"),
            "Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1), padding=(1, 1), padding_mode='reflect')",
        ),
        (nn.Conv1d(1, 2, 3), "Conv1d(1, 2, kernel_size=(3,), stride=(1,))"),
        (
            nn.Conv1d(2, 2, 3, 2, 1, 2, 2, bias=False),
            "Conv1d(2, 2, kernel_size=(3,), stride=(2,), padding=(1,), dilation=(2,), groups=2, bias=False)",
        ),
        (
            nn.ConvTranspose2d(1, 2, 3, 2, 1, 1),
            "ConvTranspose2d(1, 2, kernel_size=(3, 3), stride=(2, 2), padding=(1, 1), output_padding=(1, 1))",
        ),
        (
            nn.ConvTranspose1d(1, 2, (3,), output_padding=(0,), bias=False),
            "ConvTranspose1d(1, 2, kernel_size=(3,), stride=(1,), bias=False)",
        ),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Conv2d(1, 1, 3, padding_mode="mirror"), UnknownNameError, "Conv2d: there is no padding_mode"),
        (lambda: nn.Conv1d(0, 1, 3), ArgumentError, "Conv1d: in_channels is 0"),
        (lambda: nn.Conv1d(1, 1, (3, 3)), ArgumentError, r"Conv1d: kernel_size is \(3, 3\); it must be"),
        (lambda: nn.Conv1d(1, 1, 3, stride=0), ArgumentError, "Conv1d: stride is 0"),
        (lambda: nn.Conv1d(1, 1, 3, padding="full"), ArgumentError, "Conv1d: padding is 'full'"),
        (lambda: nn.ConvTranspose2d(3, 4, 3, groups=2), ArgumentError, "ConvTranspose2d: in_channels is 3; it must"),
        (lambda: nn.ConvTranspose2d(1, 1, 3, padding="same"), ArgumentError, "ConvTranspose2d: padding is 'same'"),
        (lambda: nn.ConvTranspose2d(1, 1, 3, output_padding=-1), ArgumentError, "ConvTranspose2d: output_padding is"),
        (lambda: nn.ConvTranspose1d(1, 1, 3, padding="same"), ArgumentError, "ConvTranspose1d: padding is 'same'"),
        (lambda: nn.ConvTranspose1d(1, 1, 3, output_padding=0.5), ArgumentError, "ConvTranspose1d: output_padding is"),
        (lambda: nn.DepthwiseSeparableConv2d(0, 1, 3), ArgumentError, "DepthwiseSeparableConv2d: in_channels is 0"),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()


def test_errors_tell_where():
    net = nn.Sequential({"up": nn.ConvTranspose2d(3, 4, 3), "down": nn.DepthwiseSeparableConv2d(4, 8, 3)})
    with pytest.raises(ShapeError, match=r"^conv_transpose2d \(up\): input has 2 channels"):
        net(tc.ones(1, 2, 5, 5))
    net.up = nn.ConvTranspose2d(3, 5, 3)
    with pytest.raises(ShapeError, match=r"^conv2d \(down.depthwise\): input has 5 channels"):
        net(tc.ones(1, 3, 5, 5))
