"""IDX files: read to the byte, and no byte further than the header says."""

import gzip
import struct
import tracemalloc

import numpy as np
import pytest

from tinyconv.data import read_idx
from tinyconv.errors import DataError

CODES = {"u1": 0x08, "i1": 0x09, "i2": 0x0B, "i4": 0x0C, "f4": 0x0D, "f8": 0x0E}


def idx(code: int, sizes, data: bytes) -> bytes:
    return bytes([0, 0, code, len(sizes)]) + struct.pack(f">{len(sizes)}I", *sizes) + data


def write(folder, content: bytes):
    path = folder / "numbers-idx"
    path.write_bytes(content)
    return path


def test_a_file_written_by_hand(tmp_path):
    path = write(tmp_path, bytes.fromhex("00000b02 00000002 00000003 0001 0002 0003 00ff 0100 ffff"))
    np.testing.assert_array_equal(read_idx(path), [[1, 2, 3], [255, 256, -1]])
    assert read_idx(path).dtype == np.int16


@pytest.mark.parametrize("dtype", CODES)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
@pytest.mark.parametrize("shape", [(7,), (2, 3), (2, 3, 4, 5)])
def test_every_type_comes_back(tmp_path, rng, dtype, packed, shape):
    values = rng.uniform(-100, 100, shape).astype(dtype) if dtype[0] != "u" else rng.integers(0, 256, shape, "u1")
    content = idx(CODES[dtype], shape, values.astype(f">{dtype}").tobytes())
    read = read_idx(write(tmp_path, gzip.compress(content) if packed else content))
    assert read.dtype == np.dtype(dtype) and read.dtype.isnative and read.flags.writeable
    np.testing.assert_array_equal(read, values)


GOOD = idx(0x08, (2, 3), b"abcdef")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "begins with nothing, expected 00 00"),
        (b"\x89PNG\r\n\x1a\n", "not an IDX file: it begins with 89 50 4e 47"),
        (idx(0x0A, (2,), b"ab"), "not an IDX file: it begins with 00 00 0a 01"),
        (bytes([0, 0, 8, 0]), "begins with 00 00 08 00"),
        (bytes([0, 0, 8, 200]) + bytes(900), r"a number of dimensions \(01 to 20\)"),
        (GOOD[:9], "ends within the 8 bytes that hold its 2 sizes"),
        (GOOD[:-2], r"promises 6 bytes, uint8 of shape \(2, 3\), but has 4: it is truncated"),
        (GOOD + b"g", r"promises 6 bytes, uint8 of shape \(2, 3\), but goes on after them"),
        (idx(0x08, (0, 3), b""), "promises 0 bytes"),
        (idx(0x08, (0, 2**32 - 1, 2**32 - 1), b""), "promises 0 bytes"),
        (idx(0x0E, (2**32 - 1,) * 3, b"abc"), "but 1 to 2147483648 are allowed"),
        (idx(0x08, (2**31,), b"abc"), "promises 2147483648 bytes.* can hold at most .*truncated"),
    ],
)
@pytest.mark.parametrize("packed", [False, True], ids=["plain", "gzip"])
def test_what_is_wrong_is_said(tmp_path, content, message, packed):
    path = write(tmp_path, gzip.compress(content) if packed else content)
    with pytest.raises(DataError, match=message) as caught:
        read_idx(path)
    assert str(path) in str(caught.value)


def test_a_truncated_gzip(tmp_path):
    content = gzip.compress(GOOD)
    for length in range(2, len(content)):
        with pytest.raises(DataError, match="numbers-idx"):
            read_idx(write(tmp_path, content[:length]))


def test_a_damaged_gzip(tmp_path, rng):
    content = bytearray(gzip.compress(idx(0x08, (1000,), rng.bytes(1000))))
    content[500] ^= 0xFF
    with pytest.raises(DataError, match="cannot be read: .*CRC|cannot be read: .*decompress"):
        read_idx(write(tmp_path, bytes(content)))


def test_a_missing_file_and_a_folder(tmp_path):
    with pytest.raises(DataError, match=r"there is no file .*nothing-here"):
        read_idx(tmp_path / "nothing-here")
    with pytest.raises(DataError, match="there is no file"):
        read_idx(tmp_path)


def test_a_bomb_is_not_unpacked(tmp_path):
    path = write(tmp_path, gzip.compress(GOOD + bytes(100_000_000)))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="goes on after them"):
            read_idx(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 5_000_000
