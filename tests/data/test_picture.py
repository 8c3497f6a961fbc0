"""load_picture: digits of MNIST, drawn large, small, dark, light and coloured, become themselves again."""

import struct
import zlib

import numpy as np
import pytest

from tinyconv import data
from tinyconv.errors import ArgumentError, DataError

Image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")


@pytest.fixture(scope="module")
def digits():
    """Two digits of each class, 28 x 28."""
    test = data.mnist(train=False)
    return np.concatenate([test.images[test.labels == k][:2, 0] for k in range(10)])


def enlarged(digit, factor=10, above=30, left=90):
    """The digit in smooth enlargement, off the centre of a larger picture: 0..255, light on dark."""
    size = (28 * factor, 28 * factor)
    large = np.asarray(Image.fromarray(digit).resize(size, Image.Resampling.BICUBIC), np.float64)
    return np.pad(large, ((above, 10), (left, 20)))


def load(path, picture, **options):
    if isinstance(picture, np.ndarray):
        picture = Image.fromarray(picture if picture.dtype == np.uint16 else np.rint(picture).astype(np.uint8))
    picture.save(path, **options)
    return data.load_picture(path)


def likeness(y, digit):
    """Correlation of the pixels, at the best of the nine shifts by one pixel at most.

    Rounding the centre of mass may move a picture by one pixel; nothing may turn or mirror it.
    """
    y = y[0].astype(float).ravel()
    shifts = [np.roll(digit, (i, j), (0, 1)) for i in (-1, 0, 1) for j in (-1, 0, 1)]
    return max(np.corrcoef(y, shifted.astype(float).ravel())[0, 1] for shifted in shifts)


def close(results, digits, mean):
    found = [likeness(y, digit) for y, digit in zip(results, digits, strict=True)]
    assert np.mean(found) > mean and min(found) > mean - 0.12, np.round(found, 3)


def test_a_digit_of_mnist_itself(tmp_path, digits):
    results = [load(tmp_path / "digit.png", digit) for digit in digits]
    assert all(y.shape == (1, 28, 28) and y.dtype == np.uint8 and y.max() == 255 for y in results)
    close(results, digits, 0.99)


def test_a_square_by_hand(tmp_path):
    picture = np.full((50, 80), 255)
    picture[10:20, 5:15] = 0
    expected = np.zeros((28, 28))
    expected[4:24, 4:24] = 255  # 20 of 28 pixels, in the middle
    np.testing.assert_array_equal(load(tmp_path / "square.png", picture)[0], expected)


def test_the_long_side_decides_and_the_centre_of_mass_is_central(tmp_path):
    picture = np.zeros((100, 100))
    picture[10:90, 40:60] = 255  # 80 x 20 -> 20 x 5
    y = load(tmp_path / "bar.png", picture)[0]
    assert np.flatnonzero(y.any(1)).tolist() == list(range(4, 24))
    assert np.flatnonzero(y.any(0)).tolist() == list(range(12, 17))
    corner = np.zeros((100, 100))
    corner[20:80, 20:40] = corner[60:80, 20:80] = 255  # an L: heavy below on the left
    y = load(tmp_path / "corner.png", corner)[0].astype(float)
    cy, cx = (np.average(np.arange(28) + 0.5, weights=y.sum(axis)) for axis in (1, 0))
    assert 14 <= cy < 15 and 14 <= cx < 15
    assert y.any(0).argmax() > 4 > y.any(1).argmax()


def test_a_sign_with_all_its_weight_at_one_end_stays_inside(tmp_path):
    corner = np.zeros((100, 100))
    corner[20:80, 20:23] = corner[77:80, 20:80] = 255
    y = load(tmp_path / "corner.png", corner)[0]
    assert np.flatnonzero(y.any(1)).tolist() == list(range(20))
    assert np.flatnonzero(y.any(0)).tolist() == list(range(8, 28))


@pytest.mark.parametrize("factor", [2, 10])
@pytest.mark.parametrize("end", ["png", "jpg"])
def test_enlarged_and_off_centre(tmp_path, digits, factor, end):
    results = [load(tmp_path / f"digit.{end}", enlarged(digit, factor)) for digit in digits]
    close(results, digits, 0.94)


def test_dark_on_light_is_the_same_array(tmp_path, digits):
    for digit in digits:
        light = np.rint(enlarged(digit)).astype(np.uint8)
        expected = load(tmp_path / "light.png", light)
        np.testing.assert_array_equal(load(tmp_path / "dark.png", 255 - light), expected)


def test_low_contrast_noise_and_uneven_light(tmp_path, digits, rng):
    results = []
    for digit in digits:
        paper = 200 - 0.5 * enlarged(digit)
        paper += rng.normal(0, 4, paper.shape) - np.linspace(0, 12, paper.shape[1])
        results.append(load(tmp_path / "photo.jpg", paper))
    close(results, digits, 0.9)


def test_a_fold_in_the_paper(tmp_path, seven, expected):
    folded = np.pad(seven, 40)
    folded[20, 10:-10] = 60
    same(load(tmp_path / "folded.png", folded), expected)


@pytest.mark.parametrize(
    ("ground", "ink"),
    [((255, 255, 255), (20, 40, 160)), ((30, 60, 30), (240, 220, 60)), ((200, 60, 60), (60, 129, 60))],
    ids=["blue pen", "chalk", "red and green of the same brightness"],
)
def test_colours(tmp_path, digits, ground, ink):
    results = []
    for digit in digits:
        weight = enlarged(digit)[..., None] / 255
        results.append(load(tmp_path / "colour.png", (1 - weight) * ground + weight * ink))
    close(results, digits, 0.94)


@pytest.fixture
def seven(digits):
    return np.rint(enlarged(digits[14])).astype(np.uint8)


@pytest.fixture
def expected(seven, tmp_path):
    return load(tmp_path / "seven.png", seven).astype(float)


def same(y, expected, tolerance=4):
    np.testing.assert_allclose(y.astype(float), expected, atol=tolerance)


@pytest.mark.parametrize("ink", [0, 255], ids=["dark", "light"])
def test_ink_on_nothing(tmp_path, seven, expected, ink):
    alpha = Image.fromarray(seven)
    picture = Image.merge("RGBA", [Image.new("L", alpha.size, ink)] * 3 + [alpha])
    same(load(tmp_path / "alpha.png", picture), expected)
    same(load(tmp_path / "grey-alpha.png", picture.convert("LA")), expected)


def test_transparent_corners_of_a_white_paper(tmp_path, seven, expected):
    alpha = np.full(seven.shape, 255, np.uint8)
    alpha[:20, :20] = alpha[-20:, -20:] = 0
    paper = Image.fromarray(255 - seven)
    picture = Image.merge("RGBA", [paper] * 3 + [Image.fromarray(alpha)])
    same(load(tmp_path / "corners.png", picture), expected)


def test_other_kinds_of_pixels(tmp_path, seven, expected):
    picture = Image.fromarray(seven)
    same(load(tmp_path / "palette.gif", picture.convert("P")), expected)
    same(load(tmp_path / "cmyk.jpg", picture.convert("RGB").convert("CMYK"), quality=100), expected, 40)
    same(load(tmp_path / "sixteen.png", seven.astype(np.uint16) * 257), expected)
    same(load(tmp_path / "twelve.png", seven.astype(np.uint16) * 16), expected)
    same(load(tmp_path / "integers.tif", Image.fromarray(seven.astype(np.int32) * 257)), expected)
    same(load(tmp_path / "floats.tif", Image.fromarray(seven.astype(np.float32) / 255)), expected)
    bits = (seven > 127).astype(np.uint8) * 255
    same(load(tmp_path / "bits.png", Image.fromarray(bits).convert("1")), load(tmp_path / "b.png", bits))


def test_a_see_through_palette(tmp_path, seven):
    bits = (seven > 127).astype(np.uint8)
    picture = Image.fromarray(bits).convert("P")
    picture.putpalette([255, 0, 0, 0, 0, 0])
    same(load(tmp_path / "palette.png", picture, transparency=0), load(tmp_path / "b.png", bits * 255))


def test_it_is_turned_as_exif_says(tmp_path, seven, expected):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned by 90 degrees clockwise
    turned = Image.fromarray(np.rot90(seven).copy())
    same(load(tmp_path / "turned.png", turned, exif=exif), expected)


def test_a_large_photograph(tmp_path, digits):
    close([load(tmp_path / "large.png", enlarged(digits[14], 60, 300, 800))], digits[14:15], 0.94)


def test_other_sizes(tmp_path, digits):
    path = tmp_path / "digit.png"
    load(path, enlarged(digits[0]))
    assert data.load_picture(path, 32).shape == (1, 32, 32)
    assert data.load_picture(path, (20, 40)).shape == (1, 20, 40)
    assert data.load_picture(path, 1).tolist() == [[[255]]]
    with pytest.raises(ArgumentError, match="load_picture: size is 0"):
        data.load_picture(path, 0)


@pytest.mark.parametrize("value", [0, 128, 255])
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (40, 60)])
def test_blank(tmp_path, value, shape):
    with pytest.raises(DataError, match=r"blank.png is blank: nothing on it stands out"):
        load(tmp_path / "blank.png", np.full(shape, value))


def test_blank_in_other_ways(tmp_path, rng):
    with pytest.raises(DataError, match="is blank"):  # noise
        load(tmp_path / "noise.png", rng.normal(200, 4, (60, 60)))
    with pytest.raises(DataError, match="is blank"):  # nothing but ground
        load(tmp_path / "stripes.png", np.tile([[0], [255], [128]], (20, 60)))
    with pytest.raises(DataError, match="is blank"):
        load(tmp_path / "clear.png", Image.new("RGBA", (30, 30), (0, 0, 0, 0)))


def test_files_that_are_no_pictures(tmp_path, digits):
    with pytest.raises(DataError, match=r"there is no file .*none.png"):
        data.load_picture(tmp_path / "none.png")
    with pytest.raises(DataError, match="cannot be read"):
        data.load_picture(tmp_path)
    path = tmp_path / "text.png"
    path.write_text("This is not a picture.")
    with pytest.raises(DataError, match=r"text.png is not a picture of a format that Pillow reads"):
        data.load_picture(path)
    load(path, enlarged(digits[0]))
    path.write_bytes(path.read_bytes()[:1000])
    with pytest.raises(DataError, match=r"text.png cannot be read: "):
        data.load_picture(path)


@pytest.mark.parametrize("side", [10_000, 60_000], ids=["a warning of Pillow", "an error of Pillow"])
def test_a_bomb(tmp_path, side):
    """A PNG of a hundred bytes that says it has side x side pixels."""

    def chunk(kind, content):
        end = struct.pack(">I", zlib.crc32(kind + content))
        return struct.pack(">I", len(content)) + kind + content + end

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    chunks = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(bytes(100))) + chunk(b"IEND", b"")
    path = tmp_path / "bomb.png"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunks)
    with pytest.raises(DataError, match=r"bomb.png has more than 89478485 pixels; make it smaller"):
        data.load_picture(path)
