"""Galleries: any pictures with captions, and a model's mistakes."""

import numpy as np
import pytest

from tinyconv import plots
from tinyconv.data import Dataset
from tinyconv.errors import ShapeError
from tinyconv.tensor import Tensor


def captions(figure):
    return [axes.get_title() for axes in figure.axes if axes.get_title()]


def pictures(figure):
    return [axes.images[0].get_array() for axes in figure.axes if axes.images]


def digits(rng, n):
    return rng.integers(0, 256, (n, 1, 8, 8)).astype(np.uint8)


def test_a_gallery_of_pictures_of_several_sizes(tmp_path, saved, rng):
    x = [rng.uniform(0, 1, (3, 4 + i, 9)) for i in range(5)]
    plots.plot_gallery(x, [f"number {i}" for i in range(5)], tmp_path / "g.png", "$Five")
    (figure,) = saved
    assert figure.get_suptitle() == "$Five"
    assert captions(figure) == [f"number {i}" for i in range(5)]
    for seen, given in zip(pictures(figure), x, strict=True):
        np.testing.assert_allclose(seen, given.transpose(1, 2, 0))


def test_the_surest_mistakes_come_first(tmp_path, drawn, rng):
    x = digits(rng, 5)
    t = np.array([0, 1, 2, 0, 1])
    y = np.array([1, 1, 0, 2, 0])  # all wrong but the second
    p = np.array([[0.1, 0.6, 0.3], [0, 1, 0], [0.987, 0, 0.013], [0.2, 0.1, 0.7], [0.65, 0.35, 0]])
    classes = ["a", "b", r"$\x$"]
    plots.plot_mistakes(*map(Tensor, (x, t, y, p)), classes, tmp_path / "m.png", count=3)
    plots.plot_mistakes(Dataset(x, t, 3), t, y, p, classes, tmp_path / "m.png", count=3)
    assert len(drawn) == 2
    for figure in drawn:
        assert captions(figure) == ["$\\x$ : a\n98.7%", "a : $\\x$\n70.0%", "b : a\n65.0%"]
        said = "4 mistakes in 5 pictures, the 3 that the model was surest of\ntrue : predicted, and its probability"
        assert figure.get_suptitle() == said
        for picture, i in zip(pictures(figure), [2, 3, 4], strict=True):
            np.testing.assert_allclose(picture, x[i, 0] / 255)


@pytest.mark.parametrize(("n", "title"), [(0, "0 mistakes in 3 pictures"), (1, "1 mistake in 3 pictures")])
def test_few_mistakes(tmp_path, drawn, rng, n, title):
    t = np.array([0, 0, 0])
    y = np.array([1, 1, 1]) * (np.arange(3) < n)
    plots.plot_mistakes(digits(rng, 3), t, y, np.full((3, 2), 0.5), "ab", tmp_path / "m.png")
    assert drawn[0].get_suptitle().splitlines()[0] == title
    assert len(captions(drawn[0])) == n


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_pictures_in_colours_and_long_names(tmp_path, drawn, rng, channels):
    x = rng.uniform(-0.5, 1.5, (1, channels, 4, 5))
    plots.plot_mistakes(x, np.array([1]), np.array([0]), np.array([[0.75, 0.25]]), ["x" * 30, "y"], tmp_path / "m.png")
    (seen,) = pictures(drawn[0])
    expected = np.moveaxis(np.clip(x[0], 0, 1), 0, -1) if channels == 3 else np.clip(x[0], 0, 1).mean(0)
    np.testing.assert_allclose(seen, expected)
    assert captions(drawn[0]) == [f"y :\n{'x' * 15}…\n75.0%"]


X, T, P = np.zeros((2, 1, 4, 4)), np.zeros(2, int), np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda path: plots.plot_mistakes(X[0], T, T, P, "abc", path),
            r"images have shape \(1, 4, 4\); .*\(N, C, H, W",
        ),
        (lambda path: plots.plot_mistakes(X, T[:1], T, P, "abc", path), r"2 images, targets \(1,\), .* do not fit"),
        (lambda path: plots.plot_mistakes(X, T, T, P, "ab", path), "for 2 classes they must be"),
        (lambda path: plots.plot_gallery([X[0], X], "ab", path), r"plot_gallery: images have shape .* a list of"),
        (lambda path: plots.plot_gallery(X, "abc", path), "there are 2 images, but 3 captions"),
    ],
)
def test_wrong_input(tmp_path, call, message):
    with pytest.raises(ShapeError, match=message):
        call(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
