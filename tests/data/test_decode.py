"""Picture files as arrays: upright, of one size, and refused where they are no pictures."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from tinyconv.data import read_picture
from tinyconv.data.decode import read_size
from tinyconv.errors import ArgumentError, DataError


def save(path, pixels, **options):
    Image.fromarray(np.asarray(pixels, options.pop("dtype", np.uint8))).save(path, **options)
    return path


@pytest.fixture
def colours(rng):
    return rng.integers(0, 256, (5, 7, 3), np.uint8)  # (H, W, C)


def test_colours(tmp_path, colours):
    picture = read_picture(save(tmp_path / "a.png", colours))
    assert picture.dtype == np.uint8 and picture.flags.c_contiguous
    np.testing.assert_array_equal(picture, colours.transpose(2, 0, 1))


def test_grey(tmp_path, colours):
    """The weights of ITU-R BT.601, to half a grey level."""
    picture = read_picture(save(tmp_path / "a.png", colours), channels=1)
    assert picture.shape == (1, 5, 7)
    assert np.abs(picture[0] - colours @ [0.299, 0.587, 0.114]).max() <= 0.501
    grey = save(tmp_path / "b.png", colours[..., 0])
    np.testing.assert_array_equal(read_picture(grey, 1)[0], colours[..., 0])
    np.testing.assert_array_equal(read_picture(grey), np.stack([colours[..., 0]] * 3))


# What an orientation says of the stored picture, undone: Exif 2.3, tag 274.
UPRIGHT = {
    1: lambda x: x,
    2: lambda x: x[:, ::-1],
    3: lambda x: x[::-1, ::-1],
    4: lambda x: x[::-1],
    5: lambda x: x.transpose(1, 0, 2),
    6: lambda x: x.transpose(1, 0, 2)[:, ::-1],
    7: lambda x: x[::-1, ::-1].transpose(1, 0, 2),
    8: lambda x: x.transpose(1, 0, 2)[::-1],
}


@pytest.mark.parametrize("orientation", UPRIGHT)
def test_it_is_turned_as_exif_says(tmp_path, colours, orientation):
    exif = Image.Exif()
    exif[274] = orientation
    path = save(tmp_path / "a.png", colours, exif=exif)
    expected = UPRIGHT[orientation](colours)
    np.testing.assert_array_equal(read_picture(path), expected.transpose(2, 0, 1))
    assert read_size("here", path) == expected.shape[:2]


def test_transparent_is_white(tmp_path):
    path = save(tmp_path / "a.png", [[[10, 20, 30, 255], [10, 20, 30, 0]]])
    assert read_picture(path)[:, 0].tolist() == [[10, 255], [20, 255], [30, 255]]


def test_sixteen_bits_become_eight(tmp_path):
    path = save(tmp_path / "a.png", [[0, 0x1234, 0xFFFF]], dtype=np.uint16)
    assert read_picture(path, channels=1).tolist() == [[[0, 0x12, 0xFF]]]


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "YCbCr", "LA", "RGBA"])
def test_every_kind_of_pixels_comes_as_colours(tmp_path, mode):
    """A picture that is all white stays so."""
    path = tmp_path / ("a.jpg" if mode == "YCbCr" else "a.tiff")
    Image.new("RGB", (4, 3), "white").convert(mode).save(path)
    assert (read_picture(path) == 255).all() and read_picture(path).shape == (3, 3, 4)


# Left third black, right two thirds white: 4 x 12.
STRIPES = np.repeat([[0] * 4 + [255] * 8], 4, axis=0)


@pytest.mark.parametrize("fit", ["crop", "pad", "stretch"])
def test_every_fit_has_the_size(tmp_path, fit):
    path = save(tmp_path / "a.png", STRIPES)
    assert read_picture(path, 1, (2, 3), fit).shape == (1, 2, 3)
    assert read_picture(path, 3, 5, fit).shape == (3, 5, 5)


def test_crop_cuts_the_same_on_both_sides(tmp_path):
    assert (read_picture(save(tmp_path / "a.png", STRIPES), 1, 4) == 255).all()  # columns 4 to 7


def test_pad_adds_black(tmp_path):
    x = read_picture(save(tmp_path / "a.png", np.full((4, 12), 255)), 1, 12, "pad")[0]
    assert (x[4:8] == 255).all() and not x[:4].any() and not x[8:].any()


def test_stretch_gives_proportions_up(tmp_path):
    x = read_picture(save(tmp_path / "a.png", STRIPES), 1, (4, 6), "stretch")[0]
    assert (x[:, 0] == 0).all() and (x[:, 3:] == 255).all()


def test_shrinking_averages(tmp_path):
    """Every pixel counts: a board of single black and white pixels becomes grey, not black or white."""
    board = np.indices((64, 64)).sum(0) % 2 * 255
    x = read_picture(save(tmp_path / "a.png", board), 1, 8)
    assert np.abs(x.astype(int) - 127).max() <= 2


def test_large_jpegs_are_decoded_at_a_fraction(tmp_path, monkeypatch):
    from PIL import ImageFile

    smooth = np.linspace(0, 255, 640)[None, :, None] * np.ones((480, 1, 3))
    path = save(tmp_path / "a.jpg", smooth, quality=95)
    drafts = []
    monkeypatch.setattr(ImageFile.ImageFile, "load", watched(ImageFile.ImageFile.load, drafts))
    small = read_picture(path, size=(30, 40))
    assert drafts == [(80 + 80, 60 + 60)]  # a quarter: 30 x 40 from at least 80 x 80
    np.testing.assert_allclose(small[0].mean(0), (np.arange(40) + 0.5) * 255 / 40, atol=2)


def watched(load, sizes):
    def load_and_note(image):
        if image.size not in sizes:
            sizes.append(image.size)
        return load(image)

    return load_and_note


def png(side, rest=b""):
    """A PNG that says it has side x side pixels."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rest) + chunk(b"IEND", b"")


def half_a_jpeg():
    file = io.BytesIO()
    Image.effect_noise((64, 64), 50).save(file, "JPEG")
    return file.getvalue()[: len(file.getvalue()) // 2]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "there is no file .*a.jpg"),
        (b"", "a.jpg is not a picture of a format that Pillow reads"),
        (b"hello", "is not a picture"),
        (half_a_jpeg(), "a.jpg cannot be read: .*truncated"),
        (png(10_000), "a.jpg has more than 89478485 pixels; make it smaller"),
        (png(60_000), "more than 89478485 pixels"),
        (png(8, b"no stream of zlib's"), "a.jpg cannot be read"),
    ],
)
def test_what_cannot_be_read_is_named(tmp_path, content, message):
    path = tmp_path / "a.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_picture(path)


def test_floating_point_is_refused(tmp_path):
    path = save(tmp_path / "a.tiff", [[0.5]], dtype=np.float32)
    with pytest.raises(DataError, match="a.tiff has floating-point pixels; save it with 8 or 16 bits"):
        read_picture(path)


def test_broken_metadata_is_no_reason_to_refuse(tmp_path, colours):
    """Pillow warns of it, and warnings are errors here."""
    path = save(tmp_path / "a.jpg", colours, exif=b"Exif\x00\x00II*\x00\x08\x00\x00\x00\xff\xff" + b"\xff" * 20)
    assert read_picture(path).shape == (3, 5, 7)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"channels": 2}, "channels is 2; it must be 3 for colours or 1 for grey"),
        ({"size": 0}, "size is 0; it must be a whole number"),
        ({"size": (3, 4, 5)}, r"size is \(3, 4, 5\)"),
        ({"size": 3, "fit": "squeeze"}, "fit is 'squeeze'; it must be one of crop, pad, stretch"),
    ],
)
def test_options_that_cannot_be(options, message):
    with pytest.raises(ArgumentError, match=message):
        read_picture("nothing.png", **options)
