"""Layers of which nets are built: branches, sums, squeeze-and-excitation, filters, borders, upsampling, shuffling."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import filters, nn
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.tensor import Tensor


class Times(nn.Module):
    """y = factor x, of as many channels as are asked for."""

    def __init__(self, factor, channels=1):
        self.factor, self.channels = factor, channels

    def forward(self, x):
        return tc.cat([x * self.factor] * self.channels, 1)


# ---------------------------------------------------------------- branches


def test_concat_joins_channels():
    x = tc.tensor([[[[1.0]]], [[[2.0]]]])
    y = nn.Concat(Times(1), Times(10, channels=2), Times(-1))(x)
    assert y.data[:, :, 0, 0].tolist() == [[1, 10, 10, -1], [2, 20, 20, -2]]
    assert nn.Concat(Times(1), Times(2), dim=-1)(x).shape == (2, 1, 1, 2)


def test_the_input_of_concat_gets_the_sum_of_all_gradients():
    x = Tensor(np.ones((1, 1, 1, 1)), requires_grad=True)
    nn.Concat(Times(3), Times(5))(x).backward(np.array([1.0, 10]).reshape(1, 2, 1, 1))
    assert x.grad.item() == 3 + 50


def test_concat_owns_its_branches():
    net = nn.Concat({"branch1": nn.Conv2d(3, 4, 1), "branch2": nn.Sequential(nn.Conv2d(3, 2, 1), nn.ReLU())})
    assert [name for name, _ in net.named_parameters()] == [
        *("branch1.weight", "branch1.bias"),
        *("branch2.0.weight", "branch2.0.bias"),
    ]
    assert [name for name, _ in nn.Concat(nn.ReLU(), nn.Tanh()).named_children()] == ["0", "1"]
    assert repr(nn.Concat(nn.ReLU(), dim=0)) == "Concat(\n  dim=0\n  (0): ReLU()\n)"
    assert net(tc.ones(2, 3, 4, 4)).shape == (2, 6, 4, 4)


def test_concat_refuses():
    with pytest.raises(ArgumentError, match="^Concat: part 1 is type, not a Module: ReLU\\(\\) is one, ReLU a class"):
        nn.Concat(nn.ReLU(), nn.ReLU)
    with pytest.raises(ArgumentError, match="^cat: needs a list of at least one tensor"):
        nn.Concat()(tc.ones(1, 1, 1, 1))
    with pytest.raises(ShapeError, match="^cat: shapes .* differ in more than axis 1"):
        nn.Concat(nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 3))(tc.ones(1, 1, 4, 4))


def test_residual_by_hand():
    x = tc.tensor([[[[1.0, -2]]]])
    assert nn.Residual(Times(10))(x).tolist() == [[[[11, -22]]]]
    assert nn.Residual(Times(10), Times(-1), relu=True)(x).tolist() == [[[[9, 0]]]]


@pytest.mark.parametrize("body", [nn.Conv2d(2, 2, 3), nn.Sequential(nn.Conv2d(2, 2, 3), nn.BatchNorm2d(2))])
def test_residual_does_not_broadcast(engine, body):
    """One pixel would silently be added to every other."""
    message = r"^Residual: the body gives \(2, 2, 1, 1\), the shortcut \(2, 2, 3, 3\). Give a shortcut"
    with pytest.raises(ShapeError, match=message):
        nn.Residual(body)(tc.ones(2, 2, 3, 3))


# ---------------------------------------------------------------- squeeze and excitation


def test_squeeze_excitation_by_hand():
    """Means 2 and 4; fc1 sums them, 6; fc2 gives 6 - 6 = 0 and -6 + 5.5; sigmoid(0) = 1/2."""
    layer = nn.SqueezeExcitation(2, 1)
    values = ([1, 1], [0], [1, -1], [-6, 5.5])
    with tc.no_grad():
        for p, value in zip(layer.parameters(), values, strict=True):
            p.copy_(np.array(value, np.float32).reshape(p.shape))
    x = tc.tensor([[[[1.0, 3]], [[4, 4]]]])
    s = 1 / (1 + np.exp(0.5))
    np.testing.assert_allclose(layer(x).detach().numpy(), [[[[0.5, 1.5]], [[4 * s, 4 * s]]]], rtol=1e-6)


def test_squeeze_excitation_is_pytorchs_composition(rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours = nn.SqueezeExcitation(6, 2, nn.Tanh, nn.Sigmoid).double()
    assert [(name, p.shape) for name, p in ours.named_parameters()] == [  # as torchvision's weights are called
        *(("fc1.weight", (2, 6, 1, 1)), ("fc1.bias", (2,))),
        *(("fc2.weight", (6, 2, 1, 1)), ("fc2.bias", (6,))),
    ]
    array, dy = rng.standard_normal((2, 3, 6, 4, 5))[:, 0].copy(), rng.standard_normal((2, 6, 4, 5))
    x, t = Tensor(array, requires_grad=True), torch.tensor(array, requires_grad=True)
    w1, b1, w2, b2 = (torch.tensor(p.detach().numpy().copy()) for p in ours.parameters())
    conv = torch.nn.functional.conv2d
    z = conv(t.mean((2, 3), keepdim=True), w1, b1).tanh()
    (t * conv(z, w2, b2).sigmoid()).backward(torch.tensor(dy))
    y = ours(x)
    y.backward(dy)
    np.testing.assert_allclose(x.grad.numpy(), t.grad.numpy(), rtol=1e-10, atol=1e-12)


def test_squeeze_excitation_refuses():
    for arguments, message in (((0, 1), "input_channels is 0"), ((4, 0.5), "squeeze_channels is 0.5")):
        with pytest.raises(ArgumentError, match=f"^SqueezeExcitation: {message}"):
            nn.SqueezeExcitation(*arguments)


# ---------------------------------------------------------------- filters


@pytest.mark.parametrize("name", filters.NAMED)
def test_a_filter_layer_is_the_function(rng, name):
    x = Tensor(rng.standard_normal((2, 3, 5, 4)))
    for mode in ("replicate", "zeros"):
        expected = nn.functional.filter2d(x, filters.NAMED[name], mode)
        np.testing.assert_array_equal(nn.Filter2d(name, mode)(x).data, expected.data)


def test_a_filter_layer_learns_and_saves_nothing_and_takes_every_dtype():
    layer = nn.Filter2d(filters.gaussian(5, sigma=1.0))
    assert not layer.state_dict()
    for dtype in (np.float32, np.float64):
        x = Tensor(np.ones((1, 2, 6, 6), dtype), requires_grad=True)
        y = layer(x)
        assert y.dtype == dtype
        np.testing.assert_allclose(y.data, 1, rtol=1e-6 if dtype == np.float32 else 1e-14)
        y.sum().backward()
        assert x.grad.dtype == dtype


def test_filter_layers_are_shown_and_refuse():
    assert repr(nn.Filter2d("sharpen")) == "Filter2d('sharpen')"
    assert repr(nn.Filter2d(np.ones((3, 5)), "zeros")) == "Filter2d(3x5, padding_mode='zeros')"
    with pytest.raises(UnknownNameError, match="^Filter2d: there is no filter 'sharpn'. Did you mean 'sharpen'"):
        nn.Filter2d("sharpn")
    with pytest.raises(ShapeError, match=r"^Filter2d: kernel has shape \(3,\); it must be \(KH, KW\)"):
        nn.Filter2d([1, 2, 3])
    with pytest.raises(ShapeError, match="rows of equal lengths"):
        nn.Filter2d([[1, 2], [3]])
    with pytest.raises(UnknownNameError, match="^Filter2d: there is no padding_mode 'zero'. Did you mean 'zeros'"):
        nn.Filter2d("sharpen", "zero")


# ---------------------------------------------------------------- reprs and refusals of the others


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.Upsample(scale_factor=2), "Upsample(scale_factor=2, mode='nearest')"),
        (nn.Upsample((3, 4), None, "bilinear", True), "Upsample(size=(3, 4), mode='bilinear', align_corners=True)"),
        (nn.ZeroPad2d(2), "ZeroPad2d((2, 2, 2, 2))"),
        (nn.ReflectionPad2d((1, 0, 2, 3)), "ReflectionPad2d((1, 0, 2, 3))"),
        (nn.ConstantPad2d(1, 0.5), "ConstantPad2d(padding=(1, 1, 1, 1), value=0.5)"),
        (nn.ChannelShuffle(2), "ChannelShuffle(groups=2)"),
        (nn.PixelShuffle(2), "PixelShuffle(upscale_factor=2)"),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.Upsample(), ArgumentError, "Upsample: size is None and scale_factor is None; give one of them"),
        (lambda: nn.Upsample(2, 2), ArgumentError, "Upsample: size is 2 and scale_factor is 2; give one of them"),
        (lambda: nn.Upsample(2, mode="cubic"), UnknownNameError, "Upsample: there is no mode 'cubic'"),
        (lambda: nn.ZeroPad2d(-1), ArgumentError, "ZeroPad2d: padding is -1; it must be one size of at least 0"),
        (lambda: nn.CircularPad2d((1, 2)), ArgumentError, r"CircularPad2d: padding is \(1, 2\)"),
        (lambda: nn.ReplicationPad2d("same"), ArgumentError, "ReplicationPad2d: padding is 'same'"),
        (lambda: nn.ReflectionPad2d(1.5), ArgumentError, "ReflectionPad2d: padding is 1.5"),
        (lambda: nn.ChannelShuffle(0), ArgumentError, "ChannelShuffle: groups is 0"),
        (lambda: nn.PixelShuffle(0.5), ArgumentError, "PixelShuffle: upscale_factor is 0.5"),
    ],
)
def test_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()
