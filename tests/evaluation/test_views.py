"""How pictures are shown: which pixels each view takes, in which order."""

import numpy as np
import pytest

from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.evaluation import CenterView, DenseView, GoogLeNetView, GridCropView, TenCropView, View, scales


def pictures(rng, *size):
    return rng.integers(0, 256, (2, 3, *size), dtype=np.uint8)


def test_the_middle(rng):
    x = pictures(rng, 7, 10)
    (seen,) = CenterView((3, 4))(x)
    np.testing.assert_array_equal(seen, x[:, :, 2:5, 3:7])
    (whole,) = CenterView()(x)
    np.testing.assert_array_equal(whole, x)
    seen, mirrored = CenterView(5, flip=True)(x)
    np.testing.assert_array_equal(mirrored, x[:, :, 1:6, 2:7][:, :, :, ::-1])


def test_ten_crops_of_28_from_32(rng):
    """Corners in reading order, the middle, each followed by its mirror image."""
    x = pictures(rng, 32, 32)
    wanted = []
    for i, j in [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]:
        crop = x[:, :, i : i + 28, j : j + 28]
        wanted += [crop, crop[..., ::-1]]
    seen = list(TenCropView(28)(x))
    assert len(seen) == 10
    np.testing.assert_array_equal(seen, wanted)
    np.testing.assert_array_equal(list(TenCropView(28, flip=False)(x)), wanted[::2])


def test_fifty_crops_on_a_grid(rng):
    """Of 4 rows left over 0, 1, 2, 3, 4 are above the crop; of 8 columns 0, 2, 4, 6, 8 are on its left."""
    x = pictures(rng, 7, 11)
    seen = list(GridCropView(3)(x))
    wanted = [x[:, :, i : i + 3, j : j + 3] for i in range(5) for j in range(0, 9, 2)]
    assert len(seen) == 50
    np.testing.assert_array_equal(seen[::2], wanted)
    np.testing.assert_array_equal(seen[1::2], np.flip(wanted, -1))
    corners = [x[:, :, i : i + 3, j : j + 3] for i in (0, 4) for j in (0, 8)]
    np.testing.assert_array_equal(list(GridCropView(3, grid=2, flip=False)(x)), corners)


@pytest.mark.parametrize("wide", [True, False])
def test_googlenets_crops(rng, wide):
    """Pictures of 8x12 that keep their size: squares of 8 at 0, 2 and 4, in each of them corners, middle, the whole."""
    x = pictures(rng, 8, 12) if wide else pictures(rng, 12, 8)
    seen = list(GoogLeNetView(6, resizes=(8,), flip=False)(x))
    squares = [x[:, :, :, k : k + 8] if wide else x[:, :, k : k + 8] for k in (0, 2, 4)]
    assert len(seen) == 18
    for square, six in zip(squares, (seen[:6], seen[6:12], seen[12:]), strict=True):
        for crop, (i, j) in zip(six[:5], [(0, 0), (0, 2), (2, 0), (2, 2), (1, 1)], strict=True):
            np.testing.assert_array_equal(crop, square[:, :, i : i + 6, j : j + 6])
        assert six[5].shape == (2, 3, 6, 6)
        assert abs(six[5].mean() - square.mean()) < 10  # all of it, made smaller


def test_googlenets_144():
    seen = list(GoogLeNetView()(np.zeros((1, 1, 240, 200), np.uint8)))
    assert len(seen) == 144
    assert {x.shape for x in seen} == {(1, 1, 224, 224)}


def test_the_squares_of_constant_pictures_are_constant():
    (*_, whole) = GoogLeNetView(5, resizes=(9,), flip=False)(np.full((1, 2, 6, 6), 77, np.uint8))
    np.testing.assert_array_equal(whole, np.full((1, 2, 5, 5), 77))


def test_dense_views_are_whole_pictures(rng):
    x = pictures(rng, 5, 8)
    seen, mirrored = DenseView()(x)
    np.testing.assert_array_equal(seen, x)
    np.testing.assert_array_equal(mirrored, x[..., ::-1])
    assert DenseView.dense and not TenCropView.dense
    (small,) = DenseView(resize=10, flip=False)(x)
    assert small.shape == (2, 3, 10, 16)


def test_pictures_of_different_sizes(rng):
    """Crops make a batch of them; whole pictures stay a list."""
    a, b = pictures(rng, 6, 9)[0], pictures(rng, 8, 5)[0]
    (seen,) = CenterView(4)([a, b])
    np.testing.assert_array_equal(seen, [a[:, 1:5, 2:6], b[:, 2:6, 0:4]])
    same, mirrored = DenseView()([a, b])
    assert same[0] is a and same[1] is b
    np.testing.assert_array_equal(mirrored[0], a[:, :, ::-1])
    np.testing.assert_array_equal(mirrored[1], b[:, :, ::-1])
    (resized,) = DenseView(resize=12, flip=False)([a, b])
    assert [x.shape for x in resized] == [(3, 12, 18), (3, 19, 12)]


def test_crops_come_after_the_resizing():
    x = np.repeat(np.arange(4, dtype=np.float32) / 4, 4).reshape(1, 1, 4, 4)  # row i is i/4
    (seen,) = CenterView((2, 8), resize=8)(x)
    np.testing.assert_allclose(seen[0, 0, :, 0], [0.3125, 0.4375])  # rows 3 and 4 of 8, at 1.25 and 1.75 of 4


def test_several_scales():
    views = scales(TenCropView(24, flip=False), (24, 28, 32))
    assert views == tuple(TenCropView(24, resize, flip=False) for resize in (24, 28, 32))
    assert scales(DenseView(), [9]) == (DenseView(9),)
    with pytest.raises(ArgumentError, match=r"scales: sizes is empty; give the shortest sides, such as \(224, 256"):
        scales(DenseView(), ())


def test_pictures_are_never_changed(rng):
    x = pictures(rng, 12, 12)
    before = x.copy()
    for view in (CenterView(8), TenCropView(8), GridCropView(8), GoogLeNetView(8, (10,)), DenseView(10)):
        list(view(x))
    np.testing.assert_array_equal(x, before)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: CenterView(0), "CenterView: crop is 0; it must be a whole number, or a pair"),
        (lambda: CenterView(resize=1.5), "CenterView: resize is 1.5; it must be a whole number of at least 1"),
        (lambda: TenCropView((1, 2, 3)), r"TenCropView: crop is \(1, 2, 3\); it must be a whole number, or a pair"),
        (lambda: TenCropView(3, 0), "TenCropView: resize is 0"),
        (lambda: GridCropView("a"), "GridCropView: crop is 'a'"),
        (lambda: GridCropView(3, -1), "GridCropView: resize is -1"),
        (lambda: GridCropView(3, grid=1), "GridCropView: grid is 1; it must be a whole number of at least 2"),
        (lambda: GoogLeNetView(0), "GoogLeNetView: crop is 0"),
        (lambda: GoogLeNetView(3, ()), "GoogLeNetView: resizes is empty"),
        (lambda: GoogLeNetView(3, (4, 0)), "GoogLeNetView: resizes is 0"),
        (lambda: DenseView(0), "DenseView: resize is 0"),
    ],
)
def test_sizes_that_are_none(make, message):
    with pytest.raises(ArgumentError, match=message):
        make()


@pytest.mark.parametrize("view", [CenterView((5, 9)), TenCropView((5, 9)), GridCropView((5, 9))])
def test_a_crop_larger_than_a_picture(view, rng):
    x, large = pictures(rng, 6, 8), pictures(rng, 9, 9)
    for n, shown in enumerate([x, [large[0], x[0]]]):
        message = f"{type(view).__name__}: picture {n} is 6x8; 5x9 cannot be cut out of it. Choose a smaller crop, or a"
        with pytest.raises(ShapeError, match=message):
            list(view(shown))
    with pytest.raises(ShapeError, match="GoogLeNetView: picture 0 is 6x6; 9x9 cannot be cut out"):
        list(GoogLeNetView(9, (6,))(pictures(rng, 6, 8)))


def test_a_view_must_say_what_it_shows(rng):
    class Nothing(View):
        resize = None

    with pytest.raises(NotImplementedError, match="Nothing does not define batches"):
        Nothing()(pictures(rng, 3, 3))
