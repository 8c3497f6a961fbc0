"""Pooling layers that PyTorch does not have, or that take more than one input; arguments that make no sense."""

import inspect

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.gradcheck import gradcheck
from tinyconv.nn import functional
from tinyconv.tensor import Tensor

# ---------------------------------------------------------------- what they compute


def test_global_pooling(rng):
    x = rng.standard_normal((2, 3, 5, 4))
    np.testing.assert_allclose(nn.GlobalAvgPool2d()(Tensor(x)).data, x.mean((2, 3)), rtol=1e-13)
    np.testing.assert_array_equal(nn.GlobalMaxPool2d()(Tensor(x)).data, x.max((2, 3)))


@pytest.mark.parametrize("mode", ["max", "avg"])
def test_a_pyramid_is_followed_by_a_dense_layer(rng, mode):
    net = nn.Sequential(nn.SpatialPyramidPool2d((3, 1), mode), nn.Linear(2 * 10, 4)).double()
    pool = np.max if mode == "max" else np.mean
    for size in ((3, 6), (9, 9)):
        x = rng.standard_normal((2, 2, *size))
        h, w = size[0] // 3, size[1] // 3
        bins = pool(x.reshape(2, 2, 3, h, 3, w), axis=(3, 5)).reshape(2, 18)
        expected = np.concatenate([bins, pool(x, axis=(2, 3))], 1) @ net[1].weight.data.T + net[1].bias.data
        np.testing.assert_allclose(net(Tensor(x)).data, expected, rtol=1e-12, atol=1e-12)


def test_subsampling_begins_as_average_pooling(rng):
    x = Tensor(rng.standard_normal((2, 3, 7, 6)).astype(np.float32))
    layer = nn.Subsampling2d(3, (2, 3), stride=2)
    np.testing.assert_allclose(layer(x).data, nn.AvgPool2d((2, 3), 2)(x).data, rtol=1e-5, atol=1e-6)


def test_subsampling_learns_a_weight_and_a_bias_for_each_map(rng):
    layer = nn.Subsampling2d(3).double()
    assert {name: p.shape for name, p in layer.named_parameters()} == {"weight": (3,), "bias": (3,)}
    with tc.no_grad():
        layer.weight.copy_(tc.tensor([1.0, 2, 3])), layer.bias.copy_(tc.tensor([10.0, 20, 30]))
    y = layer(tc.ones((1, 3, 2, 2), dtype="float64"))
    assert y.tolist() == [[[[14.0]], [[28.0]], [[42.0]]]]
    assert gradcheck(layer, [Tensor(rng.standard_normal((2, 3, 4, 5)), requires_grad=True)], order=2)
    layer.reset_parameters()
    assert (layer.weight.tolist(), layer.bias.tolist()) == ([0.25] * 3, [0] * 3)


def test_unpooling_takes_what_pooling_returns(rng):
    x = Tensor(rng.standard_normal((2, 3, 7, 5)))
    y, indices = nn.MaxPool2d(2, return_indices=True)(x)
    z = nn.MaxUnpool2d(2)(y, indices, x.shape)
    assert z.shape == x.shape
    np.testing.assert_array_equal(z.data[z.data != 0], x.data[z.data != 0])
    np.testing.assert_array_equal(nn.MaxPool2d(2)(z).data, np.maximum(y.data, 0))
    assert nn.MaxUnpool2d(2)(*nn.MaxPool2d(2, return_indices=True)(x[:, :, :6, :4])).shape == (2, 3, 6, 4)


@pytest.mark.parametrize(
    ("layer", "shape", "indices"),
    [
        (nn.MaxPool1d(2, return_indices=True), (1, 1, 4), [[[1, 2]]]),
        (nn.AdaptiveMaxPool1d(3, return_indices=True), (1, 1, 4), [[[1, 1, 2]]]),
        (nn.MaxPool2d((1, 2), return_indices=True), (1, 1, 1, 4), [[[[1, 2]]]]),
        (nn.AdaptiveMaxPool2d((1, 3), return_indices=True), (1, 1, 1, 4), [[[[1, 1, 2]]]]),
    ],
)
def test_indices(layer, shape, indices):
    y, found = layer(tc.tensor([1.0, 7, 5, 2]).reshape(shape))
    assert found.tolist() == indices
    assert y.shape == found.shape


def test_indices_are_asked_of_a_net_that_could_be_fused():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.MaxPool2d(2, return_indices=True))
    y, indices = net(tc.rand(1, 1, 6, 6))
    assert y.shape == indices.shape == (1, 2, 2, 2)


def test_regions_of_interest(rng):
    x, boxes = Tensor(rng.standard_normal((2, 3, 8, 8))), np.array([[1, 0.3, 2.1, 6.2, 7.4]])
    y = nn.RoIPool(2, 0.5)(x, boxes)
    np.testing.assert_array_equal(y.data, functional.roi_pool(x, boxes, 2, 0.5).data)
    y = nn.RoIAlign((2, 3), 0.5, 2, aligned=True)(x, boxes)
    np.testing.assert_array_equal(y.data, functional.roi_align(x, boxes, (2, 3), 0.5, 2, True).data)


# ---------------------------------------------------------------- how they are called and shown


def test_unpooling_has_pytorchs_arguments():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    names = list(inspect.signature(nn.MaxUnpool2d).parameters)
    assert names == list(inspect.signature(torch.nn.MaxUnpool2d).parameters)


def test_regions_have_torchvisions_arguments():
    """RoIPool(output_size, spatial_scale), RoIAlign(output_size, spatial_scale, sampling_ratio, aligned=False)"""
    assert str(inspect.signature(nn.RoIPool)).startswith("(output_size: 'int | Pair', spatial_scale: 'float')")
    parameters = inspect.signature(nn.RoIAlign).parameters
    assert list(parameters) == ["output_size", "spatial_scale", "sampling_ratio", "aligned"]
    assert parameters["aligned"].default is False


@pytest.mark.parametrize(
    ("layer", "text"),
    [
        (nn.MaxPool2d(2, return_indices=True), "MaxPool2d(kernel_size=2, stride=2, padding=0, return_indices=True)"),
        (
            nn.MaxPool2d(3, 2, 1, (1, 2), ceil_mode=True),
            "MaxPool2d(kernel_size=3, stride=2, padding=1, dilation=(1, 2), ceil_mode=True)",
        ),
        (
            nn.AvgPool2d(3, ceil_mode=True, divisor_override=4),
            "AvgPool2d(kernel_size=3, stride=3, padding=0, ceil_mode=True, divisor_override=4)",
        ),
        (
            nn.MaxPool1d(3, 2, 1, 2, True, True),
            "MaxPool1d(kernel_size=3, stride=2, padding=1, dilation=2, return_indices=True, ceil_mode=True)",
        ),
        (
            nn.AvgPool1d(2, ceil_mode=True, count_include_pad=False),
            "AvgPool1d(kernel_size=2, stride=2, padding=0, ceil_mode=True, count_include_pad=False)",
        ),
        (nn.AdaptiveMaxPool2d(3), "AdaptiveMaxPool2d(output_size=3)"),
        (nn.AdaptiveMaxPool2d((3, None), True), "AdaptiveMaxPool2d(output_size=(3, None), return_indices=True)"),
        (nn.AdaptiveAvgPool2d((1, 2)), "AdaptiveAvgPool2d(output_size=(1, 2))"),
        (nn.AdaptiveMaxPool1d(3, True), "AdaptiveMaxPool1d(output_size=3, return_indices=True)"),
        (nn.AdaptiveAvgPool1d(3), "AdaptiveAvgPool1d(output_size=3)"),
        (nn.GlobalAvgPool2d(), "GlobalAvgPool2d()"),
        (nn.SpatialPyramidPool2d([4, 1], "avg"), "SpatialPyramidPool2d(levels=(4, 1), mode='avg')"),
        (nn.MaxUnpool2d(3, 2, 1), "MaxUnpool2d(kernel_size=3, stride=2, padding=1)"),
        (nn.Subsampling2d(6), "Subsampling2d(6, kernel_size=2, stride=2)"),
        (nn.RoIPool(7, 1 / 16), "RoIPool(output_size=7, spatial_scale=0.0625)"),
        (
            nn.RoIAlign((7, 6), 0.5, -1),
            "RoIAlign(output_size=(7, 6), spatial_scale=0.5, sampling_ratio=-1, aligned=False)",
        ),
    ],
)
def test_repr(layer, text):
    assert repr(layer) == text


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: nn.MaxPool2d(2, padding=2), ArgumentError, r"MaxPool2d: padding 2 is more than half of \(2, 2\)"),
        (lambda: nn.AvgPool2d(2, divisor_override=0), ArgumentError, "AvgPool2d: divisor_override is 0; it must be"),
        (lambda: nn.MaxPool1d(2, dilation=0), ArgumentError, "MaxPool1d: dilation is 0; it must be"),
        (lambda: nn.AvgPool1d((2, 2)), ArgumentError, r"AvgPool1d: kernel_size is \(2, 2\)"),
        (lambda: nn.AdaptiveMaxPool2d(0), ArgumentError, "AdaptiveMaxPool2d: output_size is 0; it must be"),
        (lambda: nn.AdaptiveAvgPool2d((1, 2, 3)), ArgumentError, r"AdaptiveAvgPool2d: output_size is \(1, 2, 3\)"),
        (lambda: nn.AdaptiveMaxPool1d(-1), ArgumentError, "AdaptiveMaxPool1d: output_size is -1"),
        (lambda: nn.AdaptiveAvgPool1d(None), ArgumentError, "AdaptiveAvgPool1d: output_size is None"),
        (lambda: nn.SpatialPyramidPool2d([]), ArgumentError, r"SpatialPyramidPool2d: levels is \[\]"),
        (
            lambda: nn.SpatialPyramidPool2d([1], "mean"),
            UnknownNameError,
            "SpatialPyramidPool2d: there is no mode 'mean'",
        ),
        (lambda: nn.MaxUnpool2d(2, stride=0), ArgumentError, "MaxUnpool2d: stride is 0; it must be"),
        (lambda: nn.Subsampling2d(0), ArgumentError, "Subsampling2d: channels is 0; it must be"),
        (lambda: nn.Subsampling2d(1, 0), ArgumentError, "Subsampling2d: kernel_size is 0; it must be"),
        (lambda: nn.RoIPool(0, 1.0), ArgumentError, "RoIPool: output_size is 0; it must be"),
        (lambda: nn.RoIPool(1, -1), ArgumentError, "RoIPool: spatial_scale is -1; it must be a number above 0"),
        (lambda: nn.RoIAlign(1, 1.0, 0), ArgumentError, "RoIAlign: sampling_ratio is 0; it must be a whole number"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()
