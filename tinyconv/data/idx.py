"""IDX, the file format of MNIST (LeCun, Cortes and Burges, "The MNIST database"): sizes, then numbers."""

from __future__ import annotations

import gzip
import math
import os
import zlib
from pathlib import Path
from typing import IO

import numpy as np

from tinyconv.errors import DataError

DTYPES = {0x08: ">u1", 0x09: ">i1", 0x0B: ">i2", 0x0C: ">i4", 0x0D: ">f4", 0x0E: ">f8"}
MAX_DIMENSIONS = 32
MAX_BYTES = 2**31  # thrice the largest data set that is published in this format
MAX_EXPANSION = 1032  # deflate writes at most 258 bytes for two bits


def read_idx(path: str | os.PathLike) -> np.ndarray:
    """The array in an IDX file, plain or gzip-compressed, in this machine's byte order.

        bytes 0, 1  zero
        byte 2      data type: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64
        byte 3      number of dimensions, D
        4 D bytes   the sizes, uint32, most significant byte first
        the rest    the numbers, last dimension fastest, most significant byte first

    The file is not trusted: no more is read than the sizes promise, and no more is promised than the
    file's own length can hold. DataError if it is missing, truncated, too long, or not IDX.
    """
    path = Path(path)
    if not path.is_file():
        raise DataError("read_idx", f"there is no file {path}.")
    try:
        with path.open("rb") as file:
            return parse_idx(str(path), file, path.stat().st_size)
    except OSError as error:
        raise DataError("read_idx", f"{path} cannot be read: {error}") from error


def parse_idx(path: str, file: IO[bytes], size: int) -> np.ndarray:
    """The array in an open file of so many bytes, which messages call `path`; see `read_idx`."""
    compressed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    if not compressed:
        return _parse(path, file, size)
    try:
        with gzip.GzipFile(fileobj=file) as stream:
            return _parse(path, stream, size * MAX_EXPANSION)
    except (OSError, EOFError, zlib.error) as error:
        raise DataError("read_idx", f"{path} cannot be read: {error}") from error


def _parse(path: str, stream: IO[bytes] | gzip.GzipFile, available: int) -> np.ndarray:
    """The array in a stream that yields at most `available` bytes."""
    dtype, shape = _header(path, stream)
    expected = dtype.itemsize * math.prod(shape)
    promise = f"{path} promises {expected} bytes, {dtype.newbyteorder('=')} of shape {shape},"
    if min(shape) == 0 or expected > MAX_BYTES:
        raise DataError("read_idx", f"{promise} but 1 to {MAX_BYTES} are allowed.")
    if expected > available:
        raise DataError("read_idx", f"{promise} but it can hold at most {available}: it is truncated.")
    data = stream.read(expected + 1)
    if len(data) < expected:
        raise DataError("read_idx", f"{promise} but has {len(data)}: it is truncated.")
    if len(data) > expected:
        raise DataError("read_idx", f"{promise} but goes on after them.")
    return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _header(path: str, stream: IO[bytes] | gzip.GzipFile) -> tuple[np.dtype, tuple[int, ...]]:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in DTYPES or not 1 <= magic[3] <= MAX_DIMENSIONS:
        raise DataError(
            "read_idx",
            f"{path} is not an IDX file: it begins with {magic.hex(' ') or 'nothing'}, expected 00 00, "
            f"a data type (08, 09, 0b to 0e) and a number of dimensions (01 to {MAX_DIMENSIONS:02x}).",
        )
    D = magic[3]
    sizes = stream.read(4 * D)
    if len(sizes) < 4 * D:
        raise DataError("read_idx", f"{path} ends within the {4 * D} bytes that hold its {D} sizes: it is truncated.")
    return np.dtype(DTYPES[magic[2]]), tuple(np.frombuffer(sizes, ">u4").tolist())
