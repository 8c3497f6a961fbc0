"""The confusion matrix as a picture."""

import numpy as np
import pytest

from tinyconv import plots
from tinyconv.errors import ShapeError


def test_confusion_matrix(tmp_path, saved):
    m = np.array([[97, 3, 0], [1, 99, 0], [0, 0, 0]])
    plots.plot_confusion(m, ["a_b", r"$\x$", "c" * 50], tmp_path / "m.png")
    axes = saved[0].axes[0]
    cells = {text.get_position(): text for text in axes.texts}
    assert {place: text.get_text() for place, text in cells.items()} == {
        (p, t): str(m[t, p]) for t in range(3) for p in range(3)
    }
    assert cells[0, 0].get_color() == cells[1, 0].get_color() == "white"  # dark cells: a hit, and the worst mistake
    assert cells[0, 1].get_color() != "white"  # a pale one
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a_b", r"$\x$", "c" * 19 + "…"]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a_b", r"$\x$", "c" * 19 + "…"]
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("predicted", "true")
    hits, mistakes = axes.images
    assert hits.get_clim()[1] > 1
    np.testing.assert_allclose(mistakes.get_clim(), [0, 0.03])
    np.testing.assert_allclose(mistakes.get_array().filled(-1), [[-1, 0.03, -1], [0.01, -1, -1], [-1, -1, -1]])
    np.testing.assert_allclose(hits.get_array().filled(-1), [[0.97, -1, -1], [-1, 0.99, -1], [-1, -1, 0]])


@pytest.mark.parametrize(
    "m", [np.eye(2, dtype=int), np.zeros((3, 3), int), np.array([[5]])], ids=["right", "none", "one class"]
)
def test_a_confusion_matrix_without_mistakes(tmp_path, saved, m):
    plots.plot_confusion(m, ["a", "b", "c"][: len(m)], tmp_path / "m.png")


@pytest.mark.parametrize(("K", "counts", "names"), [(20, 400, 20), (100, 0, 100), (130, 0, 0)])
def test_a_large_confusion_matrix_has_no_counts(tmp_path, drawn, K, counts, names):
    plots.plot_confusion(np.eye(K, dtype=int), [f"class {k}" for k in range(K)], tmp_path / "m.png")
    axes = drawn[0].axes[0]
    assert len(axes.texts) == counts
    written = [label.get_text() for label in axes.get_yticklabels()]
    assert [name for name in written if name.startswith("class")] == [f"class {k}" for k in range(names)]


def test_names_that_do_not_fit(tmp_path):
    with pytest.raises(ShapeError, match=r"plot_confusion: matrix has shape \(3, 3\); for 2 classes"):
        plots.plot_confusion(np.eye(3), "ab", tmp_path / "m.png")
