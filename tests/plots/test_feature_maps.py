"""The maps of layers, and which layers are meant when none is named."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, plots
from tinyconv.errors import ArgumentError, DataError, ShapeError, UnknownNameError
from tinyconv.plots.layers import convolutions


class Twice(nn.Module):
    """Runs one ReLU three times, the last time on what are no maps; and has a layer that never runs."""

    def __init__(self):
        self.conv1 = nn.Conv2d(1, 2, 1)
        self.conv2 = nn.Conv2d(2, 3, 2)
        self.relu = nn.ReLU()
        self.idle = nn.Conv2d(1, 1, 1)

    def forward(self, x):
        x = self.relu(self.conv2(self.relu(self.conv1(x))))
        return self.relu(x.mean((2, 3)))


def by_loops(x, w, b):
    """A convolution of one picture with one-pixel kernels, and ReLU, with nested loops."""
    C, H, W = x.shape
    y = np.zeros((len(w), H, W))
    for f in range(len(w)):
        for i in range(H):
            for j in range(W):
                y[f, i, j] = max(0.0, b[f] + sum(w[f, c, 0, 0] * x[c, i, j] for c in range(C)))
    return y


def test_maps_of_a_layer(rng):
    model = nn.Sequential({"conv": nn.Conv2d(2, 3, 1), "relu": nn.ReLU(), "drop": nn.Dropout(0.9)}).double()
    x = rng.normal(size=(2, 2, 4, 5))
    maps = plots.feature_maps(model, x, "relu", "drop")
    assert list(maps) == ["relu", "drop"]
    for n in range(2):
        expected = by_loops(x[n], model.conv.weight.detach().numpy(), model.conv.bias.detach().numpy())
        np.testing.assert_allclose(maps["relu"][n], expected, atol=1e-12)
    np.testing.assert_array_equal(maps["drop"], maps["relu"])  # in evaluation
    assert model.training and not model.relu._forward_hooks
    assert tc.is_grad_enabled()


def test_the_last_output_of_a_layer_that_runs_twice_counts(rng):
    model = Twice()
    x = rng.normal(size=(1, 1, 4, 4)).astype(np.float32)
    with pytest.raises(ShapeError, match=r"feature_maps \(relu\): layer 'relu' gives shape \(1, 3\); maps are|'relu'"):
        plots.feature_maps(model, x, "relu")
    assert plots.feature_maps(model, x, "conv2")["conv2"].shape == (1, 3, 3, 3)


@pytest.mark.parametrize(
    ("name", "size", "layers"),
    [
        ("lenet5", (1, 28, 28), ["features.1", "features.4"]),  # behind tanh, before the pooling
        ("deck_demo", (1, 28, 28), ["1", "4"]),
    ],
)
def test_a_convolution_is_done_after_its_nonlinearity(name, size, layers):
    model = models.create(name)
    assert convolutions("f", model, tc.zeros(1, *size)) == layers
    assert list(plots.feature_maps(model, tc.zeros(1, *size))) == layers


def test_a_convolution_is_done_after_the_sum_of_its_block():
    model = models.create("resnet20")
    layers = convolutions("f", model, tc.zeros(1, 3, 32, 32))
    assert (len(layers), layers[0], layers[1], layers[-1]) == (19, "relu", "layer1.0.relu1", "layer3")
    eight = list(plots.feature_maps(model, tc.zeros(1, 3, 32, 32)))
    assert (len(eight), eight[0], eight[-1]) == (8, "relu", "layer3")
    assert [layer for layer in layers if layer in eight] == eight


def test_convolutions_of_single_pixels_do_not_count():
    block = nn.Sequential(
        {"conv": nn.Conv2d(2, 4, 3), "squeeze": nn.SqueezeExcitation(4, 2), "relu": nn.ReLU(), "pool": nn.MaxPool2d(2)}
    )
    assert convolutions("f", nn.Sequential({"block": block}), tc.zeros(1, 2, 6, 6)) == ["block.relu"]


def test_layers_that_run_twice_are_passed_over():
    assert convolutions("f", Twice(), tc.zeros(1, 1, 4, 4)) == ["conv1", "conv2"]


@pytest.mark.parametrize(
    ("layers", "error", "message"),
    [
        (["conv3"], UnknownNameError, "no layer 'conv3'. Did you mean 'conv2'"),
        ([""], UnknownNameError, "no layer ''"),
        (["idle"], ArgumentError, "layer 'idle' does not run in evaluation; name another"),
    ],
)
def test_layers_that_have_no_maps(layers, error, message):
    with pytest.raises(error, match=f"feature_maps: .*{message}"):
        plots.feature_maps(Twice(), tc.zeros(1, 1, 4, 4), *layers)


def test_a_model_without_convolutions():
    with pytest.raises(DataError, match="feature_maps: Sequential has no convolution with maps; name a layer"):
        plots.feature_maps(nn.Sequential(nn.Flatten(), nn.Linear(4, 2)), tc.zeros(1, 1, 2, 2))


# ---------------------------------------------------------------- drawn


def test_maps_are_drawn_on_a_scale_for_each_layer(tmp_path, saved, rng):
    image = rng.uniform(0, 1, (1, 30, 30))
    signed, positive = rng.normal(size=(20, 30, 30)), rng.uniform(1, 5, (3, 14, 14))
    signed[0, 0, 0] = -7
    plots.plot_feature_maps(image, {"a_$": signed, "b": positive}, tmp_path / "m.png")
    axes = [a for a in saved[0].axes if a.images]
    np.testing.assert_allclose(axes[0].images[0].get_array(), image[0])
    assert [a.get_title() or a.get_title(loc="left") for a in axes] == [
        "the picture",
        "a_$: 16 of 20 maps 30×30",
        "b: 3 maps 14×14",
    ]
    first, second = axes[1].images[0], axes[2].images[0]
    assert first.get_clim() == (-7, 7)
    assert second.get_clim() == (0, positive.max())
    np.testing.assert_allclose(first.get_array()[:, :30], signed[0])
    np.testing.assert_allclose(first.get_array()[:, 32:62], signed[1])
    np.testing.assert_allclose(second.get_array()[:28, :28], positive[0].repeat(2, 0).repeat(2, 1))
    assert np.ma.getmaskarray(second.get_array())[:, 28:30].all()  # nothing in the gaps


def test_one_layer_has_all_its_maps(tmp_path, drawn, rng):
    plots.plot_feature_maps(np.zeros((3, 8, 8)), {"a": rng.uniform(size=(64, 28, 28))}, tmp_path / "m.png")
    (sheet,) = [a.images[0].get_array() for a in drawn[0].axes if a.get_title(loc="left")]
    assert sheet.shape == (8 * 30 - 2, 8 * 30 - 2)


def test_maps_that_are_none(tmp_path, rng):
    with pytest.raises(ShapeError, match=r"plot_feature_maps: maps of 'a' have shape \(1, 2, 3, 3\); they must be"):
        plots.plot_feature_maps(np.zeros((1, 8, 8)), {"a": np.zeros((1, 2, 3, 3))}, tmp_path / "m.png")
