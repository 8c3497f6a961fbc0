"""What the pictures of a run show, read from matplotlib's figures before they are drawn."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tinyconv.errors import DataError, ShapeError, TinyconvError
from tinyconv.tensor import Tensor
from tinyconv.train import plots

pytest.importorskip("matplotlib", reason="the pictures need matplotlib")


@pytest.fixture
def drawn(monkeypatch):
    """The figures that were saved."""
    figures, save = [], plots._save
    monkeypatch.setattr(plots, "_save", lambda figure, path: (figures.append(figure), save(figure, path)))
    return figures


def check_png(path):
    with Image.open(path) as picture:
        assert picture.format == "PNG"
        pixels = np.asarray(picture.convert("L"))
        assert min(pixels.shape) > 200
        assert pixels.std() > 1


def texts(figure):
    """All that is written in the axes and above them."""
    written = [text.get_text() for axes in figure.axes for text in axes.texts]
    return [*written, *(axes.get_title() for axes in figure.axes if axes.get_title())]


# ---------------------------------------------------------------- curves


def epoch(number, loss, accuracy, val_loss, val_accuracy):
    return {
        "epoch": number,
        "loss": loss,
        "accuracy": accuracy,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
    }


HISTORY = [epoch(1, 0.9, 0.5, 0.8, 0.6), epoch(2, 0.5, 0.7, 0.6, 0.75), epoch(3, 0.3, 0.9, 0.7, 0.75)]


def test_curves(tmp_path, drawn):
    plots.plot_curves(HISTORY, tmp_path / "new" / "curves.png")
    check_png(tmp_path / "new/curves.png")
    loss, accuracy = drawn[0].axes
    curves = {line.get_label(): line.get_xydata().tolist() for line in loss.lines}
    assert curves["training"] == [[1, 0.9], [2, 0.5], [3, 0.3]]
    assert curves["evaluation"] == [[1, 0.8], [2, 0.6], [3, 0.7]]
    curves = {line.get_label(): line.get_xydata() for line in accuracy.lines}
    np.testing.assert_allclose(curves["training"], [[1, 50], [2, 70], [3, 90]])
    np.testing.assert_allclose(curves["evaluation"], [[1, 60], [2, 75], [3, 75]])
    # The first of the two best epochs.
    assert curves["best: 75.00% in epoch 2"][:, 0].tolist() == [2, 2]


def test_curves_without_evaluation(tmp_path, drawn):
    plots.plot_curves(
        [{"epoch": r["epoch"], "loss": r["loss"], "accuracy": r["accuracy"]} for r in HISTORY], tmp_path / "a"
    )
    assert [line.get_label() for line in drawn[0].axes[1].lines] == ["training", "best: 90.00% in epoch 3"]


def test_curves_of_one_epoch(tmp_path, drawn):
    plots.plot_curves(HISTORY[:1], tmp_path / "a")
    check_png(tmp_path / "a")
    axes = drawn[0].axes[0]
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]  # a line of one point is none
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]


def test_curves_with_numbers_that_are_none(tmp_path, drawn):
    nan, inf = float("nan"), float("inf")
    plots.plot_curves(
        [epoch(1, 0.5, 0.8, nan, nan), epoch(2, inf, 0.1, 1e9, 0.1), epoch(3, nan, nan, nan, nan)],
        tmp_path / "a",
    )
    assert "best: 10.00% in epoch 2" in [line.get_label() for line in drawn[0].axes[1].lines]


# ---------------------------------------------------------------- confusion matrix


def test_confusion_matrix(tmp_path, drawn):
    m = np.array([[97, 3, 0], [1, 99, 0], [0, 0, 0]])
    plots.plot_confusion(m, ["a_b", r"$\x$", "c" * 50], tmp_path / "m.png")
    check_png(tmp_path / "m.png")
    axes = drawn[0].axes[0]
    cells = {text.get_position(): text for text in axes.texts}
    assert {place: text.get_text() for place, text in cells.items()} == {
        (p, t): str(m[t, p]) for t in range(3) for p in range(3)
    }
    assert cells[0, 0].get_color() == cells[1, 0].get_color() == "white"  # dark cells: a hit, and the worst mistake
    assert cells[0, 1].get_color() != "white"  # a pale one
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a_b", r"$\x$", "c" * 19 + "…"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    hits, mistakes = axes.images
    assert hits.get_clim()[1] > 1
    np.testing.assert_allclose(mistakes.get_clim(), [0, 0.03])
    np.testing.assert_allclose(mistakes.get_array().filled(-1), [[-1, 0.03, -1], [0.01, -1, -1], [-1, -1, -1]])
    np.testing.assert_allclose(hits.get_array().filled(-1), [[0.97, -1, -1], [-1, 0.99, -1], [-1, -1, 0]])


@pytest.mark.parametrize(
    "m", [np.eye(2, dtype=int), np.zeros((3, 3), int), np.array([[5]])], ids=["right", "none", "one class"]
)
def test_a_confusion_matrix_without_mistakes(tmp_path, m):
    plots.plot_confusion(m, ["a", "b", "c"][: len(m)], tmp_path / "m.png")
    check_png(tmp_path / "m.png")


def test_a_large_confusion_matrix_has_colours_only(tmp_path, drawn):
    plots.plot_confusion(np.eye(100, dtype=int), [str(k) for k in range(100)], tmp_path / "m.png")
    assert len(drawn[0].axes[0].texts) == 0


# ---------------------------------------------------------------- mistakes


def digits(rng, n):
    return rng.integers(0, 256, (n, 1, 8, 8)).astype(np.uint8)


def test_the_surest_mistakes_come_first(tmp_path, drawn, rng):
    x = digits(rng, 5)
    t = np.array([0, 1, 2, 0, 1])
    y = np.array([1, 1, 0, 2, 0])  # all wrong but the second
    p = np.array([[0.1, 0.6, 0.3], [0, 1, 0], [0.987, 0, 0.013], [0.2, 0.1, 0.7], [0.65, 0.35, 0]])
    plots.plot_mistakes(*map(Tensor, (x, t, y, p)), ["a", "b", r"$\x$"], tmp_path / "m.png", count=3)
    check_png(tmp_path / "m.png")
    figure = drawn[0]
    assert texts(figure) == ["$\\x$ → a\n98.7%", "a → $\\x$\n70.0%", "b → a\n65.0%"]
    assert figure.get_suptitle() == "4 mistakes in 5 pictures, the 3 that the model was surest of"
    shown = [axes.images[0].get_array() for axes in figure.axes if axes.images]
    for picture, i in zip(shown, [2, 3, 4], strict=True):
        np.testing.assert_allclose(picture, x[i, 0] / 255)


@pytest.mark.parametrize(("n", "title"), [(0, "0 mistakes in 2 pictures"), (1, "1 mistake in 2 pictures")])
def test_few_mistakes(tmp_path, drawn, rng, n, title):
    p = np.eye(2)[[0, 0]]
    plots.plot_mistakes(digits(rng, 2), np.array([0, n]), np.array([0, 0]), p, ["a", "b"], tmp_path / "m.png")
    assert drawn[0].get_suptitle() == title
    assert len(texts(drawn[0])) == n


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_pictures_in_colours_and_long_names(tmp_path, drawn, rng, channels):
    x = rng.uniform(-0.5, 1.5, (1, channels, 4, 5))
    plots.plot_mistakes(x, np.array([1]), np.array([0]), np.array([[0.75, 0.25]]), ["x" * 30, "y"], tmp_path / "m.png")
    seen = drawn[0].axes[0].images[0].get_array()
    expected = np.moveaxis(np.clip(x[0], 0, 1), 0, -1) if channels == 3 else np.clip(x[0], 0, 1).mean(0)
    np.testing.assert_allclose(seen, expected)
    assert texts(drawn[0]) == [f"y\n→ {'x' * 15}…\n75.0%"]


# ---------------------------------------------------------------- what is refused


X, T, P = np.zeros((2, 1, 4, 4)), np.zeros(2, int), np.zeros((2, 3))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: plots.plot_curves([], path), DataError, "plot_curves: history is empty"),
        (
            lambda path: plots.plot_confusion(np.eye(3), "ab", path),
            ShapeError,
            r"matrix has shape \(3, 3\); for 2 classes",
        ),
        (
            lambda path: plots.plot_mistakes(X[0], T, T, P, "abc", path),
            ShapeError,
            r"images \(1, 4, 4\), .* \(N, C, H, W\)",
        ),
        (
            lambda path: plots.plot_mistakes(X, T[:1], T, P, "abc", path),
            ShapeError,
            r"targets \(1,\), .* do not fit",
        ),
        (lambda path: plots.plot_mistakes(X, T, T, P, "ab", path), ShapeError, "for 2 classes they must be"),
    ],
)
def test_wrong_input(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []


def test_without_matplotlib(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert not plots.available()
    for call in (
        lambda: plots.plot_curves(HISTORY, tmp_path / "a"),
        lambda: plots.plot_confusion(np.eye(2), "ab", tmp_path / "a"),
        lambda: plots.plot_mistakes(X, T, T, P, "abc", tmp_path / "a"),
    ):
        with pytest.raises(
            TinyconvError,
            match=r"matplotlib is not installed. Install it with: pip install 'tinyconv\[viz\]'",
        ):
            call()


def test_pyplot_is_not_touched(tmp_path):
    assert plots.available()
    code = f"""
import sys
from tinyconv.train import plots
assert "matplotlib" not in sys.modules
plots.plot_curves([{HISTORY[0]}], {str(tmp_path / "a.png")!r})
assert "matplotlib.pyplot" not in sys.modules
"""
    root = Path(plots.__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=root, check=True)
