"""What all pictures share: their files, their formats, and what is there without matplotlib."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinyconv import plots
from tinyconv.errors import ArgumentError, TinyconvError
from tinyconv.plots import style

HISTORY = [{"epoch": 1, "loss": 0.9, "accuracy": 0.5}]


def test_the_ending_decides_the_format(tmp_path):
    pytest.importorskip("matplotlib", reason="the pictures need matplotlib")
    plots.plot_curves(HISTORY, tmp_path / "a.PNG")
    plots.plot_curves(HISTORY, tmp_path / "a.svg")
    assert (tmp_path / "a.PNG").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (tmp_path / "a.svg").read_bytes()


@pytest.mark.parametrize("name", ["a.jpg", "a", "png"])
def test_other_endings_are_refused(tmp_path, name):
    with pytest.raises(ArgumentError, match=rf"plot_curves: .*{name} ends in neither .png nor .svg; choose one"):
        plots.plot_curves(HISTORY, tmp_path / name)
    assert list(tmp_path.iterdir()) == []


X, T, P = np.zeros((2, 1, 4, 4)), np.zeros(2, int), np.zeros((2, 3))
REPORT_MATRIX = np.eye(2, dtype=int)
CALLS = {
    "plot_curves": lambda path: plots.plot_curves(HISTORY, path),
    "plot_comparison": lambda path: plots.plot_comparison({"a": HISTORY}, path),
    "plot_confusion": lambda path: plots.plot_confusion(REPORT_MATRIX, "ab", path),
    "plot_mistakes": lambda path: plots.plot_mistakes(X, T, T, P, "abc", path),
    "plot_gallery": lambda path: plots.plot_gallery(X, ["a", "b"], path),
    "plot_filters": lambda path: plots.plot_filters(np.ones((2, 1, 3, 3)), path),
    "plot_feature_maps": lambda path: plots.plot_feature_maps(X[0], {"a": np.ones((2, 3, 3))}, path),
    "plot_augmented": lambda path: plots.plot_augmented(X, [X], path),
    "plot_occlusion": lambda path: plots.plot_occlusion(X, np.ones((2, 4, 4, 3)), [0, 1], "abc", path),
    "plot_grad_cam": lambda path: plots.plot_grad_cam(X, X[:, 0], ["a", "b"], path),
}


@pytest.mark.parametrize("name", CALLS)
def test_without_matplotlib(tmp_path, monkeypatch, name):
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    assert not plots.available()
    with pytest.raises(
        TinyconvError,
        match=rf"{name}: matplotlib is not installed. Install it with: pip install 'tinyconv\[viz\]'",
    ):
        CALLS[name](tmp_path / "a.png")


def test_pyplot_is_not_touched(tmp_path):
    pytest.importorskip("matplotlib", reason="the pictures need matplotlib")
    assert plots.available()
    code = f"""
import sys
from tinyconv import plots
assert "matplotlib" not in sys.modules
plots.plot_curves([{HISTORY[0]}], {str(tmp_path / "a.png")!r})
assert "matplotlib.pyplot" not in sys.modules
"""
    root = Path(plots.__file__).parents[2]
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=root, check=True)


# ---------------------------------------------------------------- montages


def test_a_montage_has_its_tiles_in_rows_with_gaps_between():
    tiles = [np.full((2, 1), k, float) for k in (1, 2, 3)]
    sheet = style.montage(tiles, 2, ground=0)
    # Each tile is enlarged 14 times, so that its longer side has 28 pixels; the gap is a twelfth of that.
    assert sheet.shape == (28 + 2 + 28, 14 + 2 + 14)
    rows = [set(sheet[:28, :14].flat), set(sheet[:28, 14:16].flat), set(sheet[:28, 16:].flat)]
    assert rows == [{1}, {0}, {2}]
    assert set(sheet[28:30].flat) == {0}
    assert (set(sheet[30:, :14].flat), set(sheet[30:, 14:].flat)) == ({3}, {0})


def test_a_montage_of_large_tiles_and_of_colours():
    tile = np.arange(30 * 40 * 3.0).reshape(30, 40, 3)
    sheet = style.montage([tile, tile + 1], 2)
    assert sheet.shape == (30, 40 + 3 + 40, 3)
    np.testing.assert_array_equal(sheet[:, :40], tile)
    np.testing.assert_array_equal(sheet[:, 43:], tile + 1)
    assert np.isnan(sheet[:, 40:43]).all()


@pytest.mark.parametrize(("count", "columns"), [(1, 1), (4, 2), (6, 3), (16, 4), (32, 8), (64, 8), (7, 4), (5, 3)])
def test_rows_are_filled(count, columns):
    assert style.columns_for(count) == columns
