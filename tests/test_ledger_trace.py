"""What a net does, step by step, and how much it computes."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, observe, random
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.ledger import trace
from tinyconv.ledger.work import multiply_adds, of_step


class Branches(nn.Module):
    """A net with a sum, a product with a constant, a view, a shared layer and one that is never run."""

    def __init__(self):
        self.conv = nn.Conv2d(3, 4, 3, padding=1)
        self.idle = nn.Linear(2, 5)
        self.drop = nn.Dropout(0.5)

    def forward(self, x):
        a = self.conv(x)
        b = self.drop(a) * 2
        b += a
        return self.conv(b[:, :3]).flatten(1), b


def test_steps_of_a_net_with_branches():
    t = trace(Branches(), 3, 5, 6)
    found = [(s.number, s.module, s.layer, s.operation, s.inputs, s.shape) for s in t.steps]
    assert found == [
        (1, "conv", "Conv2d", "conv2d", (0,), (4, 5, 6)),
        (2, "", "Branches", "mul", (1,), (4, 5, 6)),
        (3, "", "Branches", "add", (2, 1), (4, 5, 6)),
        (4, "", "Branches", "getitem", (3,), (3, 5, 6)),
        (5, "conv", "Conv2d", "conv2d", (4,), (4, 5, 6)),
        (6, "", "Branches", "reshape", (5,), (120,)),
    ]
    assert t.outputs == (6, 3) and t.picture == (3, 5, 6)
    assert [list(s.parameters) for s in t.steps] == [["conv.weight", "conv.bias"], [], [], [], [], []]
    assert list(t.idle) == ["idle.weight", "idle.bias"]
    assert t.steps[0].operands == ((0, 3, 5, 6), (4, 3, 3, 3), (4,))
    assert t.steps[0].arguments["window"].padding == ((1, 1), (1, 1))


def test_weights_made_of_parameters():
    class Masked(nn.Module):
        def __init__(self):
            self.weight = nn.Parameter(np.ones((2, 1, 3, 3), np.float32))

        def forward(self, x):
            return nn.functional.conv2d(x, self.weight * 0.5)

    (step,) = trace(Masked(), 1, 4, 4).steps
    assert (step.operation, step.inputs, list(step.parameters)) == ("conv2d", (0,), ["weight"])


def test_a_net_that_cannot_do_without_a_picture():
    class Fixed(nn.Module):
        def forward(self, x):
            return x.reshape(-1, 12).tanh()

    assert [s.shape for s in trace(Fixed(), 3, 2, 2).steps] == [(12,), (12,)]


def test_the_net_is_as_it_was():
    net = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
    net[1].eval()
    net[0].weight.grad = tc.ones(2, 1, 3, 3)
    gradient, before = net[0].weight.grad, {path: b.numpy().copy() for path, b in net.named_buffers()}
    state = random.get_state()
    net.summary((1, 8, 8), batch_size=3)
    assert [m.training for m in net.modules()] == [True, True, False, True]
    assert net[0].weight.grad is gradient and (gradient.numpy() == 1).all()
    assert all((b.numpy() == before[path]).all() for path, b in net.named_buffers())
    assert random.get_state() == state
    assert not observe.observed()


@pytest.mark.parametrize("size", [(), (3, 0, 4), (3, 2.5, 4)])
def test_a_picture_of_no_size(size):
    with pytest.raises(ArgumentError, match=r"summary: input_size is \(.*\); it must be whole numbers"):
        trace(nn.ReLU(), *size)


def test_a_picture_that_does_not_fit():
    with pytest.raises(ShapeError, match=r"conv2d \(0\): input has 1 channels"):
        trace(nn.Sequential(nn.Conv2d(3, 4, 3)), 1, 8, 8)


# ---------------------------------------------------------------- multiply-adds


@pytest.mark.parametrize(
    ("layer", "picture", "expected"),
    [
        (nn.Conv2d(4, 6, (3, 2), stride=2, groups=2), (4, 7, 8), 6 * 3 * 4 * 2 * 3 * 2),
        (nn.ConvTranspose2d(4, 6, 3, stride=2, groups=2), (4, 5, 5), 4 * 25 * 3 * 9),
        (nn.Conv1d(3, 5, 4), (3, 10), 5 * 7 * 3 * 4),
        (nn.Linear(7, 9), (7,), 63),
        (nn.Linear(7, 9), (2, 7), 2 * 63),
        (nn.MaxPool2d(2), (3, 8, 8), 0),
    ],
)
def test_by_hand(layer, picture, expected):
    assert multiply_adds(trace(layer, *picture)) == expected


def test_counted_by_ones():
    """Ones in, ones as weights: each output inside is as large as the number of its products."""
    conv = nn.Conv2d(3, 4, 3, padding=1, bias=False)
    nn.init.ones_(conv.weight)
    inside = conv(tc.ones(1, 3, 6, 6)).data[..., 1:-1, 1:-1].sum()
    (step,) = trace(conv, 3, 6, 6).steps
    assert of_step(step) == inside * 36 / 16


@pytest.mark.parametrize(
    ("layers", "paper", "today"),
    [
        (18, 1.8, 1.81),
        (34, 3.6, 3.66),
        (50, 3.8, 4.09),
        pytest.param(101, 7.6, 7.80, marks=pytest.mark.long),
        pytest.param(152, 11.3, 11.51, marks=pytest.mark.long),
    ],
)
def test_resnets_of_the_paper(layers, paper, today):
    """He et al. 2016, table 1, has the stride of a bottleneck in its first convolution, today's nets in the second."""
    net = models.create(f"resnet{layers}")
    found = multiply_adds(trace(net, 3, 224, 224)) / 1e9
    assert found == pytest.approx(today, abs=0.005)
    for block in net.modules():
        if hasattr(block, "conv3"):
            block.conv1.stride, block.conv2.stride = block.conv2.stride, block.conv1.stride
    as_published = multiply_adds(trace(net, 3, 224, 224)) / 1e9
    assert as_published == pytest.approx(paper, abs=0.07)
