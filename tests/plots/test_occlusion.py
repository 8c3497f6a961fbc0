"""Occlusion sensitivity against covering the picture by nested loops."""

import math

import numpy as np
import pytest

from tinyconv import nn, plots
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.plots import style


class Linear(nn.Module):
    """Logits sum_cij w[k,c,i,j] x[c,i,j]: small enough to be done by hand."""

    def __init__(self, w):
        self.w = nn.Parameter(np.asarray(w, np.float64))

    def forward(self, x):
        return x.flatten(1) @ self.w.reshape(len(self.w), -1).transpose(0, 1)


def covered_by_hand(w, x, size, stride, fill):
    """The same with loops over every pixel."""
    C, H, W = x.shape
    rows = []
    for cy in range(0, H, stride):
        for cx in range(0, W, stride):
            logits = []
            for k in range(len(w)):
                total = 0.0
                for c in range(C):
                    for i in range(H):
                        for j in range(W):
                            inside = 0 <= i - cy + size // 2 < size and 0 <= j - cx + size // 2 < size
                            total += w[k, c, i, j] * (fill[c] if inside else x[c, i, j])
                logits.append(math.exp(total))
            rows.append([y / sum(logits) for y in logits])
    return np.reshape(rows, (-(-H // stride), -(-W // stride), len(w)))


@pytest.mark.parametrize(("size", "stride", "batch_size"), [(1, 1, 7), (2, 1, 100), (3, 2, 1), (20, 5, 128)])
def test_every_place_of_the_square(rng, size, stride, batch_size):
    w, x = rng.normal(size=(3, 2, 5, 6)), rng.normal(size=(2, 5, 6))
    model = Linear(w)
    p = plots.occlusion_sensitivity(model, x, size, stride, fill=(0.5, -1), batch_size=batch_size)
    np.testing.assert_allclose(p, covered_by_hand(w, x, size, stride, (0.5, -1)), rtol=1e-12)
    assert model.training


def test_one_pixel_that_decides(rng):
    w = np.zeros((2, 1, 30, 57))
    w[0, 0, 11, 24] = 1
    x = np.full((1, 30, 57), math.log(3))
    p = plots.occlusion_sensitivity(Linear(w), x)
    # The square has 30 // 5 = 6 pixels; it covers rows cy - 3 to cy + 2, so those centres reach the pixel.
    assert p.shape == (30, 57, 2)
    expected = np.full((30, 57), 0.75)  # e^log 3 = 3 against e^0 = 1
    expected[11 - 2 : 11 + 4, 24 - 2 : 24 + 4] = 0.5  # the pixel is 0: both logits are
    np.testing.assert_allclose(p[..., 0], expected)


@pytest.mark.parametrize(("side", "positions"), [(3, 3), (28, 28), (56, 28), (224, 28)])
def test_about_as_many_positions_for_every_size(side, positions):
    p = plots.occlusion_sensitivity(Linear(np.zeros((2, 1, side, side))), np.zeros((1, side, side)))
    assert p.shape == (positions, positions, 2)


@pytest.mark.parametrize(
    ("image", "options", "error", "message"),
    [
        (np.zeros((1, 1, 4, 4)), {}, ShapeError, r"image has shape \(1, 1, 4, 4\); it must be one picture \(C, H, W\)"),
        (np.zeros((1, 4, 4)), {"size": 0}, ArgumentError, "size is 0; it must be a whole number of at least 1"),
        (np.zeros((1, 4, 4)), {"stride": 1.5}, ArgumentError, "stride is 1.5"),
        (np.zeros((1, 4, 4)), {"batch_size": 0}, ArgumentError, "batch_size is 0"),
        (np.zeros((1, 4, 4)), {"fill": (1, 2)}, ArgumentError, r"fill is \(1, 2\); give one number, or 1, one a chan"),
    ],
)
def test_arguments_that_cannot_be(image, options, error, message):
    with pytest.raises(error, match=f"occlusion_sensitivity: {message}"):
        plots.occlusion_sensitivity(Linear(np.zeros((2, 1, 4, 4))), image, **options)


def test_a_model_that_is_no_classifier():
    with pytest.raises(ShapeError, match=r"the model gives shape \(16, 1, 4, 4\); it must give logits \(N, K\)"):
        plots.occlusion_sensitivity(nn.ReLU(), np.zeros((1, 4, 4)))


# ---------------------------------------------------------------- drawn


def test_maps_are_drawn(tmp_path, saved, rng):
    images = [rng.uniform(0, 1, (3, 10, 10)), rng.uniform(0, 1, (1, 10, 10))]
    p = rng.dirichlet(np.ones(9), (5, 5))
    p[:] = 0.01
    p[..., 7] = 0.5  # class 7 is the likeliest, but for three places
    p[0, 0, 2] = p[4, 4, 2] = p[2, 3, 4] = 0.9
    classes = [f"class {k}_$" for k in range(9)]
    plots.plot_occlusion(images, [p, p], [2, 7], classes, tmp_path / "o.png", size=4)
    (figure,) = saved
    grid = [axes for axes in figure.axes if axes.images and axes.get_subplotspec().get_gridspec().ncols == 3]
    (picture, right, likeliest), (_, second, _) = grid[:3], grid[3:]
    np.testing.assert_allclose(picture.images[0].get_array(), images[0].transpose(1, 2, 0))
    assert picture.get_ylabel() == "class 2_$"
    (square,) = picture.patches
    assert (square.get_width(), square.get_height()) == (4, 4)
    np.testing.assert_allclose(right.images[0].get_array(), p[..., 2])
    np.testing.assert_allclose(second.images[0].get_array(), p[..., 7])
    assert right.images[0].get_clim() == (0, 1)
    assert tuple(right.images[0].get_extent()) == (-0.5, 9.5, 9.5, -0.5)  # on the picture's pixels
    legend = likeliest.get_legend()
    assert [text.get_text() for text in legend.get_texts()] == ["class 7_$", "class 2_$", "class 4_$"]
    drawn_colours = likeliest.images[0].to_rgba(likeliest.images[0].get_array())
    from matplotlib.colors import to_rgba

    np.testing.assert_allclose(drawn_colours[1, 1], to_rgba(style.BLUE))
    np.testing.assert_allclose(drawn_colours[4, 4], to_rgba(style.VERMILLION))
    np.testing.assert_allclose(drawn_colours[2, 3], to_rgba(style.GREEN))
    colours = [patch.get_facecolor() for patch in legend.get_patches()]
    assert colours == [to_rgba(colour) for colour in style.PALETTE[:3]]


def test_classes_beyond_the_palette_are_others(tmp_path, drawn):
    p = np.eye(9)[np.arange(9).reshape(3, 3)]
    plots.plot_occlusion([np.zeros((1, 3, 3))], [p], [0], [str(k) for k in range(9)], tmp_path / "o.png")
    (legend,) = [axes.get_legend() for axes in drawn[0].axes if axes.get_legend()]
    assert [text.get_text() for text in legend.get_texts()] == [*"012345", "others"]


def test_as_many_maps_as_pictures(tmp_path):
    with pytest.raises(ShapeError, match="plot_occlusion: there are 1 images, 0 maps and 1 targets"):
        plots.plot_occlusion([np.zeros((1, 3, 3))], [], [0], "ab", tmp_path / "o.png")
