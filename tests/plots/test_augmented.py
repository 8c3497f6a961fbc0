"""Pictures before and after augmentation."""

import numpy as np
import pytest

from tinyconv import plots
from tinyconv.errors import ShapeError


def test_a_row_for_each_picture(tmp_path, saved, rng):
    before = [rng.uniform(0, 1, (3, 4 + n, 5)) for n in range(2)]
    after = [rng.integers(0, 256, (2, 1, 4, 4)).astype(np.uint8) for _ in range(3)]
    plots.plot_augmented(before, after, tmp_path / "a.png", ["cat", "x" * 20])
    axes = saved[0].axes
    shown = [a.images[0].get_array() for a in axes]
    assert len(shown) == 2 * 4
    for n in range(2):
        np.testing.assert_allclose(shown[4 * n], before[n].transpose(1, 2, 0))
        for r in range(3):
            np.testing.assert_allclose(shown[4 * n + 1 + r], after[r][n, 0] / 255)
    assert [a.get_title() for a in axes] == ["before", "after", *[""] * 6]
    assert [a.get_ylabel() for a in axes] == ["cat", "", "", "", "x" * 11 + "…", "", "", ""]
    places = [a.get_subplotspec().colspan.start for a in axes]
    assert places == [0, 2, 3, 4] * 2  # a gap behind the first


X = np.zeros((2, 1, 4, 4))


@pytest.mark.parametrize(
    ("before", "after", "captions", "message"),
    [
        (X, [], (), "2 pictures before, no after"),
        (X, [X, X[:1]], (), "2 pictures before, 2, 1 after; give as many"),
        (X[:0], [X[:0]], (), "0 pictures before"),
        (X, [X], ["a"], "there are 2 pictures, but 1 captions"),
    ],
)
def test_batches_that_do_not_fit(tmp_path, before, after, captions, message):
    with pytest.raises(ShapeError, match=f"plot_augmented: {message}"):
        plots.plot_augmented(before, after, tmp_path / "a.png", captions)
