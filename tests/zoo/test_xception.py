"""What is special about Inception-v4, the Inception-ResNets, Xception and DenseNets."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.models.densenet import DenseLayer
from tinyconv.models.inception_resnet import Block
from tinyconv.models.xception import block, separable


def some(*names, quick):
    """The names, of which one is quick."""
    return [pytest.param(name, marks=[] if name == quick else pytest.mark.long) for name in names]


@pytest.mark.parametrize("relu", [False, True])
def test_inception_resnet_block_by_hand(relu):
    """W = (1, 2), b = 3, both branches give x:  x + 0.5 (x + 2x + 3)"""
    layer = Block(1, 2, 0.5, nn.Identity(), nn.Identity(), relu=relu)
    layer.load_state_dict({"conv2d.weight": np.array([[[[1.0]], [[2.0]]]]), "conv2d.bias": np.array([3.0])})
    y = layer(tc.tensor([[[[2.0, -4.0]]]])).detach().numpy()
    np.testing.assert_array_equal(y, [[[[6.5, 0.0 if relu else -8.5]]]])


@pytest.mark.parametrize("name", some("inception_resnet_v1", "inception_resnet_v2", quick="inception_resnet_v1"))
def test_inception_resnet_blocks_are_scaled_down(name):
    net = models.create(name)
    for scale, stage in ((0.17, net.repeat), (0.10, net.repeat_1), (0.20, net.repeat_2)):
        assert {block.scale for block in stage} == {scale}
        assert all(block.ends_in_relu for block in stage)


def test_separable_convolution_by_hand():
    """Channel 0 is moved one to the left, channel 1 doubled, then y = x0 - x1"""
    layer = separable(2, 1)
    w = np.zeros((2, 1, 3, 3))
    w[0, 0, 1, 2], w[1, 0, 1, 1] = 1, 2
    layer.load_state_dict({"conv1.weight": w, "pointwise.weight": np.array([[[[1.0]], [[-1.0]]]])})
    y = layer(tc.tensor([[[[1.0, 2.0, 3.0]], [[10.0, 20.0, 30.0]]]])).detach().numpy()
    np.testing.assert_array_equal(y, [[[[2.0 - 20.0, 3.0 - 40.0, 0.0 - 60.0]]]])


def test_xceptions_shortcut_goes_around_the_first_relu(rng):
    """A middle block whose last batch norm gives 0 is the identity, for negative x too."""
    middle = block(3, 3, 3, 3, pool=False)
    assert [type(layer).__name__ for layer in middle.rep] == ["ReLU", "Sequential", "BatchNorm2d"] * 3
    nn.init.zeros_(middle.rep[8].weight)
    x = rng.standard_normal((2, 3, 4, 4)).astype(np.float32)
    np.testing.assert_array_equal(middle(tc.tensor(x)).detach().numpy(), x)


def test_xceptions_first_block_begins_without_relu():
    kinds = [type(layer).__name__ for layer in block(3, 4, 5, relu_first=False).rep]
    assert kinds == ["Sequential", "BatchNorm2d", "ReLU", "Sequential", "BatchNorm2d", "MaxPool2d"]


def test_a_dense_layer_hands_on_what_it_was_given(rng):
    x = rng.standard_normal((2, 5, 4, 4)).astype(np.float32)
    y = DenseLayer(5, 3)(tc.tensor(x)).detach().numpy()
    assert y.shape == (2, 5 + 3, 4, 4)
    np.testing.assert_array_equal(y[:, :5], x)
    assert np.ptp(y[:, 5:]) > 0


@pytest.mark.parametrize("k", [8, 12])
def test_growth_rate(k):
    """Counted from table 1: 7x7 to 2k channels; layers of 1x1 to 4k and 3x3 to k; 1x1 to half; batch norms."""
    count, C = 3 * 2 * k * 49 + 2 * 2 * k, 2 * k
    for layers in (6, 12, 24, 16):
        for _ in range(layers):
            count += 2 * C + C * 4 * k + 2 * 4 * k + 4 * k * k * 9
            C += k
        if layers != 16:
            count += 2 * C + C * (C // 2)
            C //= 2
    count += 2 * C + C * 10 + 10
    net = models.create("densenet121", num_classes=10, growth_rate=k)
    assert sum(p.numel() for p in net.parameters()) == count


@pytest.mark.parametrize("name", some("inception_v4", "inception_resnet_v1", "xception", quick="xception"))
def test_dropout_of_everything_leaves_the_bias(name, rng):
    """dropout is the share that is dropped before the dense layer: of 1 nothing is left."""
    net = models.create(name, num_classes=4, in_channels=1, dropout=1.0)
    y = net.train()(tc.tensor(rng.standard_normal((2, 1, 75, 75)).astype(np.float32)))
    head = list(net.children())[-1]
    np.testing.assert_array_equal(y.detach().numpy(), np.tile(head.bias.detach().numpy(), (2, 1)))
    with pytest.raises(ArgumentError, match="p is 1.5"):
        models.create(name, dropout=1.5)


@pytest.mark.parametrize(
    "name", some("inception_v4", "inception_resnet_v1", "inception_resnet_v2", quick="inception_resnet_v1")
)
def test_pictures_that_are_too_small(name):
    """75 -> 37 -> 35 -> 17 -> 15 -> 7 -> 3 -> 1, by 3x3 windows without padding, every other one with stride 2."""
    net = models.create(name, num_classes=3).eval()
    assert net(tc.zeros(0, 3, 75, 75)).shape == (0, 3)
    with pytest.raises(ShapeError, match=f"The smallest picture that {type(net).__name__} works on is 75x75."):
        net(tc.zeros(1, 3, 74, 74))
