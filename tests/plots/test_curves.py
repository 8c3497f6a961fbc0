"""Training curves, of one run and of several."""

import numpy as np
import pytest

from tinyconv import plots
from tinyconv.errors import DataError, UnknownNameError
from tinyconv.plots import style


def epoch(number, loss, accuracy, val_loss, val_accuracy, seconds=10.0):
    return {
        "epoch": number,
        "loss": loss,
        "accuracy": accuracy,
        "seconds": seconds,
        "val_loss": val_loss,
        "val_accuracy": val_accuracy,
    }


HISTORY = [epoch(1, 0.9, 0.5, 0.8, 0.6), epoch(2, 0.5, 0.7, 0.6, 0.75), epoch(3, 0.3, 0.9, 0.7, 0.75, 40.0)]
OTHER = [epoch(1, 0.6, 0.6, 0.5, 0.8, 30.0), epoch(2, 0.4, 0.8, 0.4, 0.7, 30.0)]


def by_label(axes):
    return {line.get_label(): line for line in axes.lines}


def points(line):
    return np.asarray(line.get_xydata(), float)


def test_curves(tmp_path, saved):
    plots.plot_curves(HISTORY, tmp_path / "new" / "curves.png")
    loss, accuracy = saved[0].axes
    lines = by_label(loss)
    assert points(lines["training"]).tolist() == [[1, 0.9], [2, 0.5], [3, 0.3]]
    assert points(lines["evaluation"]).tolist() == [[1, 0.8], [2, 0.6], [3, 0.7]]
    lines = by_label(accuracy)
    np.testing.assert_allclose(points(lines["training"]), [[1, 50], [2, 70], [3, 90]])
    np.testing.assert_allclose(points(lines["evaluation"]), [[1, 60], [2, 75], [3, 75]])
    assert (lines["training"].get_color(), lines["evaluation"].get_color()) == (style.BLUE, style.VERMILLION)
    # The first of the two best epochs.
    assert points(lines["best: 75.00% in epoch 2"])[:, 0].tolist() == [2, 2]


def test_curves_without_evaluation(tmp_path, drawn):
    plots.plot_curves([{key: r[key] for key in ("epoch", "loss", "accuracy")} for r in HISTORY], tmp_path / "a.png")
    assert list(by_label(drawn[0].axes[1])) == ["training", "best: 90.00% in epoch 3"]


def test_curves_of_one_epoch(tmp_path, saved):
    plots.plot_curves(HISTORY[:1], tmp_path / "a.png")
    axes = saved[0].axes[0]
    assert [line.get_marker() for line in axes.lines] == ["o", "o"]  # a line of one point is none
    low, high = axes.get_xlim()
    assert [tick for tick in axes.get_xticks() if low <= tick <= high] == [1]


def test_curves_with_numbers_that_are_none(tmp_path, drawn):
    nan, inf = float("nan"), float("inf")
    plots.plot_curves(
        [epoch(1, 0.5, 0.8, nan, nan), epoch(2, inf, 0.1, 1e9, 0.1), epoch(3, nan, nan, nan, nan)],
        tmp_path / "a.png",
    )
    assert "best: 10.00% in epoch 2" in by_label(drawn[0].axes[1])


@pytest.mark.parametrize(
    ("factor", "unit", "ends"), [(1, "s", [10, 20, 60]), (6, "min", [1, 2, 6]), (360, "h", [1, 2, 6])]
)
def test_curves_by_time(tmp_path, drawn, factor, unit, ends):
    history = [record | {"seconds": factor * record["seconds"]} for record in HISTORY]
    plots.plot_curves(history, tmp_path / "a.png", x="seconds")
    axes = drawn[0].axes[1]
    assert axes.get_xlabel() == f"time of training ({unit})"
    assert points(by_label(axes)["evaluation"])[:, 0].tolist() == ends
    assert points(by_label(axes)["best: 75.00% in epoch 2"])[0, 0] == ends[1]


# ---------------------------------------------------------------- several runs


def test_runs_are_compared(tmp_path, saved):
    plots.plot_comparison({"a $x_": HISTORY, "b": OTHER}, tmp_path / "a.png")
    (figure,) = saved
    legend = [text.get_text() for text in figure.legends[0].get_texts()]
    assert legend == ["a $x_: best 75.00%, epoch 2", "b: best 80.00%, epoch 1"]
    loss, accuracy = figure.axes
    lines = by_label(accuracy)
    np.testing.assert_allclose(points(lines[legend[0]]), [[1, 60], [2, 75], [3, 75]])
    np.testing.assert_allclose(points(lines[legend[1]]), [[1, 80], [2, 70]])
    assert (lines[legend[0]].get_color(), lines[legend[1]].get_color()) == (style.BLUE, style.VERMILLION)
    training = [line for line in loss.lines if line.get_linestyle() == ":"]
    assert [line.get_color() for line in training] == [style.BLUE, style.VERMILLION]
    assert [points(line)[:, 1].tolist() for line in training] == [[0.9, 0.5, 0.3], [0.6, 0.4]]
    assert all(line.get_linewidth() < lines[legend[0]].get_linewidth() for line in training)
    assert figure.get_suptitle() == "thick: evaluation     thin, dotted: training"


def test_runs_are_compared_by_time(tmp_path, drawn):
    plots.plot_comparison({"a": HISTORY, "b": OTHER}, tmp_path / "a.png", "seconds")
    times = [points(line)[:, 0].tolist() for line in drawn[0].axes[0].lines if line.get_linestyle() == "-"]
    assert times == [[10, 20, 60], [30, 60]]


def test_no_two_of_many_runs_look_alike(tmp_path, drawn):
    plots.plot_comparison({f"run {i}": OTHER for i in range(18)}, tmp_path / "a.png")
    looks = [(h.get_color(), h.get_linestyle()) for h in drawn[0].legends[0].legend_handles]
    assert len(set(looks)) == 18


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda path: plots.plot_curves([], path), DataError, "plot_curves: history is empty: not one epoch"),
        (lambda path: plots.plot_curves(HISTORY, path, "time"), UnknownNameError, "no axis 'time'.*epoch, seconds"),
        (
            lambda path: plots.plot_curves([{"epoch": 1, "loss": 1, "accuracy": 0}], path, "seconds"),
            DataError,
            "history has no 'seconds'; choose the other axis",
        ),
        (lambda path: plots.plot_comparison({}, path), DataError, "plot_comparison: there are no histories"),
        (
            lambda path: plots.plot_comparison({"a": HISTORY, "b": []}, path),
            DataError,
            "plot_comparison: history of b is empty",
        ),
    ],
)
def test_wrong_input(tmp_path, call, error, message):
    with pytest.raises(error, match=message):
        call(tmp_path / "a.png")
    assert list(tmp_path.iterdir()) == []
