"""Precision, recall and F1 as bars."""

import numpy as np

from tinyconv import plots
from tinyconv.train.metrics import classification_report


def bars(figure):
    """For each of the three scores: the lengths of its bars by the class's place."""
    return {
        container.get_label().split(",")[0]: [bar.get_width() for bar in container]
        for container in figure.axes[0].containers
    }


def test_scores_as_bars(tmp_path, saved):
    # Class a: 8 right, 2 taken for b.   b: 6 right, 4 taken for a.   c: there is none, and nothing is taken for it.
    report = classification_report(np.array([[8, 2, 0], [4, 6, 0], [0, 0, 0]]), ["a_$", "b" * 30, "c"])
    plots.plot_scores(report, tmp_path / "s.png")
    (figure,) = saved
    lengths = bars(figure)
    np.testing.assert_allclose(lengths["precision"], [100 * 8 / 12, 100 * 6 / 8, 0])
    np.testing.assert_allclose(lengths["recall"], [80, 60, 0])
    np.testing.assert_allclose(lengths["F1"], [100 * 16 / 22, 100 * 12 / 18, 0])
    colours = [container[0].get_facecolor() for container in figure.axes[0].containers]
    assert len({*colours}) == 3
    axes = figure.axes[0]
    written = [text.get_text() for text in axes.texts]
    assert written == ["66.7", "75.0", "none", "80.0", "60.0", "none", "72.7", "66.7", "none"]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["a_$  (10)", "b" * 23 + "…  (10)", "c  (0)"]
    assert axes.get_title() == "accuracy 70.00%;  in brackets, pictures of each class"
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["precision, average 47.22", "recall, average 46.67", "F1, average 46.46"]
    assert axes.get_xlim()[0] == 0  # bars that begin elsewhere would lie
    low, high = axes.get_ylim()
    assert low > high  # the first class stands on top


def test_of_many_classes_the_worst_stand_on_top(tmp_path, drawn, rng):
    K = 40
    hits = rng.permutation(np.arange(10, 10 + K))
    matrix = np.diag(hits)
    matrix[np.arange(K), (np.arange(K) + 1) % K] = 60 - hits
    report = classification_report(matrix, [f"class {k}" for k in range(K)])
    plots.plot_scores(report, tmp_path / "s.png")
    axes = drawn[0].axes[0]
    lengths = bars(drawn[0])["F1"]
    assert lengths == sorted(lengths)
    names = [label.get_text() for label in axes.get_yticklabels()]
    worst = int(np.argmin(2 * hits / (matrix.sum(0) + 60)))
    assert names[0] == f"class {worst}  (60)"
    assert not axes.texts
