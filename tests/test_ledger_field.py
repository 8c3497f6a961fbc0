"""The receptive field is what a gradient reaches."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn
from tinyconv.ledger import trace
from tinyconv.ledger.receptive_field import receptive_fields


def probed(net, picture, place):
    """The rows and the columns of the picture on which the outputs at a place depend.

    All weights and pixels are positive and max pooling is replaced by the mean, so that no gradient vanishes.
    """
    x = tc.tensor(np.ones((1, *picture)), requires_grad=True)
    y = net(x)
    (y[(0, slice(None), *place)]).sum().backward()
    reached = np.abs(x.grad.numpy()[0]).sum(0)
    return [np.flatnonzero(reached.sum(axis)) for axis in (1, 0)]


def without_dead_ends(net, rng):
    net = net.double().eval()
    for p in net.parameters():
        p.data[...] = rng.uniform(0.5, 1.5, p.shape) / max(1, p.numel() // len(p))
    for module in net.modules():
        for name, layer in module.named_children():
            if isinstance(layer, nn.MaxPool2d):
                window = layer.kernel_size, layer.stride, layer.padding
                assert layer.dilation == 1
                setattr(module, name, nn.AvgPool2d(*window, ceil_mode=layer.ceil_mode))
    return net


def some_places(shape):
    """Corners, and some places between."""
    H, W = shape
    return sorted({(y, x) for y in (0, 1, H // 2, H - 2, H - 1) for x in (0, W // 3, W - 1) if 0 <= y < H})


def assert_as_probed(net, picture, rng):
    t = trace(net, *picture)
    rows, columns = receptive_fields(t)[t.outputs[0]]
    shape = t.steps[-1].shape[1:] or ()
    net = without_dead_ends(net, rng)
    for place in some_places(shape) if len(shape) == 2 else [()]:
        y, x = place or (0, 0)
        for field, o, reached in ((rows, y, 0), (columns, x, 1)):
            seen = probed(net, picture, place)[reached]
            assert field.seen(o) == (seen[0], seen[-1]), (place, field, seen)
            assert len(seen) == seen[-1] - seen[0] + 1


def conv(C, F, *window, **options):
    return nn.Conv2d(C, F, *window, **options)


def chain():
    return [
        conv(2, 2, (3, 5), padding=(1, 2)),
        nn.ReLU(),
        nn.MaxPool2d(3, stride=2, padding=1),
        conv(2, 3, 3, stride=2, padding=1),
        nn.BatchNorm2d(3),
        nn.ReLU(),
        nn.AvgPool2d(2, stride=1),
        conv(3, 2, (2, 3), stride=(1, 2)),
        conv(2, 2, 3, padding=1),
    ]


@pytest.mark.parametrize("size", [(41, 50), (38, 43)])
@pytest.mark.parametrize("length", range(1, 10))
def test_chains(length, size, rng):
    assert_as_probed(nn.Sequential(*chain()[:length]), (2, *size), rng)


def residual(C, F, stride=1):
    body = {"conv1": conv(C, F, 3, stride, padding=1), "relu": nn.ReLU(), "conv2": conv(F, F, 3, padding=1)}
    return nn.Residual(body, None if C == F else {"downsample": conv(C, F, 1, stride)}, relu=True)


def inception(C):
    return nn.Concat(
        conv(C, 1, 1),
        nn.Sequential(conv(C, 1, 1), conv(1, 1, 3, padding=1)),
        nn.Sequential(conv(C, 1, (1, 7), padding=(0, 3)), conv(1, 1, (5, 1), padding=(2, 0))),
        nn.Sequential(nn.MaxPool2d(3, stride=1, padding=1), conv(C, 1, 1)),
    )


@pytest.mark.parametrize(
    "layers",
    [
        [conv(2, 3, 3), residual(3, 3), residual(3, 4, 2), residual(4, 4)],
        [conv(2, 3, 3, stride=2), inception(3), nn.MaxPool2d(3, 2, ceil_mode=True), inception(4)],
        [nn.Concat(nn.Identity(), conv(2, 2, 3, padding=1)), nn.Concat(nn.Identity(), conv(4, 2, 5, padding=2))],
        [nn.ZeroPad2d((1, 2, 3, 0)), conv(2, 2, 4), nn.MaxPool2d(2)],
        [conv(2, 2, 3, stride=2), nn.ConvTranspose2d(2, 2, 4, padding=1), conv(2, 1, 2)],
        [conv(2, 4, 3), nn.MaxPool2d(3, ceil_mode=True), conv(4, 4, 3, padding=1, groups=2), nn.LocalResponseNorm(3)],
        [conv(2, 16, 3, stride=2), nn.SqueezeExcitation(16, 4), conv(16, 2, 3, padding=1)],
        [conv(2, 2, 3, stride=3), nn.GlobalAvgPool2d()],
        [conv(2, 2, 4, stride=3), nn.Flatten(), nn.Linear(2 * 11 * 12, 3)],
        [conv(2, 2, 5), nn.AdaptiveAvgPool2d((3, 5)), conv(2, 2, 2)],
    ],
    ids=["residual", "inception", "dense", "pad", "transposed", "ceil", "excitation", "global", "linear", "adaptive"],
)
def test_other_nets(layers, rng):
    assert_as_probed(nn.Sequential(*layers), (2, 34, 39), rng)


def test_dilation_leaves_holes(rng):
    net = nn.Sequential(conv(1, 1, 3, dilation=3, padding=2), conv(1, 1, 2, dilation=2))
    (rows, columns), net = receptive_fields(trace(net, 1, 20, 21))[-1], without_dead_ends(net, rng)
    seen_rows, seen_columns = probed(net, (1, 20, 21), (5, 7))
    assert rows.seen(5) == (seen_rows[0], seen_rows[-1]) == (3, 11) and len(seen_rows) == 6
    assert columns.seen(7) == (seen_columns[0], seen_columns[-1]) == (5, 13)


def test_slices(rng):
    class Cut(nn.Module):
        def __init__(self):
            self.conv1, self.conv2 = conv(1, 2, 3), conv(2, 1, 2)

        def forward(self, x):
            return self.conv2(self.conv1(x)[:, :, 1::2, 2:-1])

    assert_as_probed(Cut(), (1, 16, 17), rng)


@pytest.mark.parametrize(("name", "picture"), [("lenet5", (1, 28, 28)), ("resnet20", (3, 32, 32))])
def test_models(name, picture, rng):
    assert_as_probed(models.create(name), picture, rng)


def fields(net, *picture):
    """(size, stride, first) of the outputs, along rows and columns."""
    t = trace(net, *picture)
    found = receptive_fields(t)[t.outputs[0]]
    return [None if field is None else (field.size, field.stride, field.first) for field in found]


def test_by_hand():
    """Two 3x3 convolutions see 5x5; the second step of a stride of 2 counts double."""
    assert fields(nn.Sequential(conv(1, 1, 3), conv(1, 1, 3)), 1, 9, 9) == [(5, 1, 0)] * 2
    assert fields(nn.Sequential(conv(1, 1, 3, stride=2, padding=1), conv(1, 1, 3)), 1, 19, 19) == [(7, 2, -1)] * 2


def test_vgg_of_the_literature():
    """VGG-16, here with a channel, sees 212 pixels after its last pooling (Araujo et al. 2019, table 1)."""
    stages = [[*(conv(1, 1, 3, padding=1) for _ in range(count)), nn.MaxPool2d(2)] for count in (2, 2, 3, 3, 3)]
    assert fields(nn.Sequential(*(nn.Sequential(*stage) for stage in stages)), 1, 224, 224) == [(212, 32, -90)] * 2


def test_lines():
    assert fields(nn.Sequential(nn.Conv1d(2, 3, 5, padding=2), nn.Conv1d(3, 3, 3, stride=2)), 2, 20)[1] == (7, 2, -2)


@pytest.mark.parametrize(
    "layer", [nn.ConvTranspose2d(1, 1, 3, stride=2), nn.Upsample(scale_factor=2), nn.AdaptiveAvgPool2d(3)]
)
def test_what_is_not_of_one_size(layer):
    assert fields(nn.Sequential(conv(1, 1, 3), layer, conv(1, 1, 3)), 1, 10, 10) == [None, None]


def test_branches_that_move_at_different_steps():
    class Uneven(nn.Module):
        def forward(self, x):
            return x[:, :, :4, :4] + nn.functional.max_pool2d(x, 2)

    assert fields(Uneven(), 1, 8, 8) == [None, None]


def test_another_order_of_axes():
    class Turned(nn.Module):
        def forward(self, x):
            return x.permute(0, 1, 3, 2)

    assert fields(Turned(), 1, 8, 8) == [None, None]
