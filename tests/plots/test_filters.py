"""The filters of a convolution as pictures."""

import numpy as np
import pytest

from tinyconv import nn, plots
from tinyconv.errors import ArgumentError, DataError, ShapeError, UnknownNameError


def net():
    return nn.Sequential(
        {"head": nn.Sequential(nn.ReLU(), nn.Conv2d(3, 4, 5)), "conv": nn.Conv2d(4, 2, 3), "pool": nn.MaxPool2d(2)}
    )


def test_the_first_convolution_or_the_one_that_is_named():
    model = net()
    path, w = plots.filters_of(model)
    assert path == "head.1"
    np.testing.assert_array_equal(w, model.head[1].weight.detach().numpy())
    path, w = plots.filters_of(model, "conv")
    assert (path, w.shape) == ("conv", (2, 4, 3, 3))


@pytest.mark.parametrize(
    ("model", "layer", "error", "message"),
    [
        (nn.Sequential(nn.ReLU()), None, DataError, "filters_of: Sequential has no convolution"),
        (net(), "head.2", UnknownNameError, "no layer 'head.2'. Did you mean 'head.1'?"),
        (net(), "pool", ArgumentError, "filters_of: pool is a MaxPool2d; name a Conv2d"),
    ],
)
def test_a_convolution_that_is_not_there(model, layer, error, message):
    with pytest.raises(error, match=message):
        plots.filters_of(model, layer)


def sheet(figure):
    return figure.axes[0].images[0].get_array()


def test_filters_of_colours_have_one_scale(tmp_path, saved):
    w = np.zeros((2, 3, 1, 1))
    w[0, 0] = 2  # red
    w[1, 1], w[1, 2] = -1, 0.5
    plots.plot_filters(w, tmp_path / "f.png", "conv1")
    tiles = sheet(saved[0])
    assert tiles.shape == (28, 28 + 2 + 28, 3)
    # 0 is 1/2, the largest of all, 2, is 1
    np.testing.assert_allclose(tiles[5, 5], [1, 0.5, 0.5])
    np.testing.assert_allclose(tiles[5, 40], [0.5, 0.25, 0.625])
    assert saved[0].axes[0].get_title() == "conv1: 2 filters, 1×1\ngrey is 0, black and white ±2"


def test_filters_of_grey_pictures(tmp_path, drawn, rng):
    w = rng.normal(size=(4, 1, 28, 28))
    plots.plot_filters(w, tmp_path / "f.png")
    tiles = sheet(drawn[0])
    expected = 0.5 + w[:, 0] / (2 * np.abs(w).max())
    np.testing.assert_allclose(tiles[:28, :28], expected[0])
    np.testing.assert_allclose(tiles[:28, 30:], expected[1])
    np.testing.assert_allclose(tiles[30:, :28], expected[2])
    assert drawn[0].axes[0].images[0].get_clim() == (0, 1)
    assert drawn[0].axes[0].images[0].get_cmap().name == "gray"


def test_filters_of_other_channels_are_a_row_each(tmp_path, drawn, rng):
    w = rng.normal(size=(20, 18, 28, 28))
    plots.plot_filters(w, tmp_path / "f.png", "layer")
    tiles = sheet(drawn[0])
    assert tiles.shape == (16 * 30 - 2, 16 * 30 - 2)
    expected = 0.5 + w / (2 * np.abs(w).max())
    np.testing.assert_allclose(tiles[30:58, 60:88], expected[1, 2])
    title = "layer: 16 of 20 filters, of each 16 of 18 channels in a row, 28×28"
    assert drawn[0].axes[0].get_title().splitlines()[0] == title


def test_more_filters_than_are_shown_and_filters_of_zeros(tmp_path, drawn):
    plots.plot_filters(np.zeros((300, 1, 1, 1)), tmp_path / "f.png")
    assert drawn[0].axes[0].get_title().startswith("256 of 300 filters, 1×1")
    assert set(np.unique(sheet(drawn[0]))) == {0.5, 1}  # grey filters on white


def test_weights_that_are_no_filters(tmp_path):
    with pytest.raises(ShapeError, match=r"plot_filters: weights have shape \(3, 3\); they must be \(F, C, KH, KW\)"):
        plots.plot_filters(np.ones((3, 3)), tmp_path / "f.png")
