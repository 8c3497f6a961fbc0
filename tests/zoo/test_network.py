"""The zoo: names, options, what it says of pictures that do not fit, and what building takes."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError
from tinyconv.models.network import Network, smallest_picture


class Chain(Network):
    """Five pixels, then three, then one: a window of 3, a pooling of 2, a window of 2."""

    def __init__(self):
        self.layers = nn.Sequential(
            *(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4), nn.MaxPool2d(2), nn.Conv2d(4, 4, 2), nn.Dropout(0.5)),
            *(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(4, 2)),
        )

    def forward(self, x):
        return self.layers(x)


def test_a_picture_too_small_names_the_layer_and_the_smallest_size():
    # 6 -> 4 -> 2 -> 1; of 5 pixels the pooling leaves 1, too few for a window of 2
    with pytest.raises(ShapeError) as caught:
        Chain()(tc.zeros(2, 3, 5, 5))
    assert caught.value.module == "layers.3"
    assert str(caught.value).startswith("conv2d (layers.3): ")
    assert str(caught.value).endswith(" The smallest picture that Chain works on is 6x6.")


def test_smaller_in_one_axis_alone():
    with pytest.raises(ShapeError, match="works on is 6x6"):
        Chain()(tc.zeros(2, 3, 32, 5))


def test_looking_for_the_size_leaves_no_trace():
    net = Chain()
    net.layers[4].eval()
    streams, state = str(tc.random.get_state()), {path: t.numpy().copy() for path, t in net.state_dict().items()}
    assert smallest_picture(net, 3) == 6
    assert [m.training for m in net.layers] == [True] * 4 + [False] + [True] * 3
    assert str(tc.random.get_state()) == streams
    assert all(np.array_equal(t.numpy(), state[path]) for path, t in net.state_dict().items())


def test_wrong_channels_are_not_about_size():
    with pytest.raises(ShapeError, match=r"^conv2d \(layers\.0\): input has 4 channels.*Set in_channels=4\.$"):
        Chain()(tc.zeros(1, 4, 32, 32))


def test_nets_of_one_size_alone():
    """28 pixels, and 29 to 31, where the second pooling rounds down; a power of two does not fit."""
    net = models.LeNet5()
    assert smallest_picture(net, 1) == 28
    with pytest.raises(ShapeError, match="The smallest picture that LeNet5 works on is 28x28"):
        net(tc.zeros(1, 1, 20, 20))


def test_the_smallest_picture_of_a_resnet_is_one_pixel():
    assert smallest_picture(models.resnet18(width=8), 3) == 1  # every layer has padding


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: models.create("resnet"), UnknownNameError, "no model 'resnet'. Did you mean 'resnet"),
        (
            lambda: models.create("resnet18", depth=3),
            ArgumentError,
            "resnet18 has no option 'depth'; it has num_classes",
        ),
        (lambda: models.create("resnet18", num_classes=0), ArgumentError, "num_classes is 0; it must be"),
        (lambda: models.create("resnet18", in_channels=2.0), ArgumentError, "in_channels is 2.0; it must be"),
        (lambda: models.names("classify"), UnknownNameError, "no task 'classify'. Did you mean 'classification'"),
        (lambda: models.card("vgg"), UnknownNameError, "no model 'vgg'. Did you mean 'vgg"),
    ],
)
def test_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_names_and_cards():
    assert models.names() == sorted(models.names())
    assert "resnet18" in models.names("classification")
    card = models.card("resnet18")
    assert (card.year, card.input, card.task) == (2015, (3, 224, 224), "classification")
    assert "1512.03385" in card.paper


def test_options_reach_the_net():
    net = models.create("resnet18", num_classes=7, in_channels=1, width=8)
    assert net.conv1.weight.shape == (8, 1, 7, 7)
    assert net.fc.weight.shape == (7, 64)


def test_every_misfit_is_listed_at_once():
    net = models.resnet18(width=8)
    state = {path: value.numpy() for path, value in net.state_dict().items()}
    state["head.weight"] = state.pop("fc.weight")
    state["conv1.weight"] = state["conv1.weight"][:, :1]
    state["bn1.weight"] = state["bn1.weight"][:4]
    with pytest.raises(ArgumentError) as caught:
        net.load_state_dict(state)
    assert str(caught.value).splitlines()[1:] == [
        "  missing: fc.weight (1000, 64)",
        "  unexpected: head.weight (did you mean 'fc.weight'?)",
        "  conv1.weight has shape (8, 1, 7, 7), the module's has (8, 3, 7, 7)",
        "  bn1.weight has shape (4,), the module's has (8,)",
    ]


BUILD = """
import json, resource, sys, time
import tinyconv as tc
from tinyconv import models
models.create("lenet5")
before, begin = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.perf_counter()
net = models.create(sys.argv[1])
seconds = time.perf_counter() - begin
grown = 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
print(json.dumps([grown, sum(t.data.nbytes for t in net.state_dict().values())]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="ru_maxrss is in kilobytes on Linux alone")
@pytest.mark.parametrize("name", ["vgg19", "resnet152"])  # the most in one layer, and the most layers
def test_building_takes_no_more_memory_than_the_weights(name):
    run = subprocess.run(
        [sys.executable, "-c", BUILD, name], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[2]
    )
    grown, weights = json.loads(run.stdout)
    assert grown < 1.03 * weights + 24e6  # blocks of random numbers, and Python's own objects
