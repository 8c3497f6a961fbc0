"""MATLAB's version 5 files, as far as SVHN needs them: plain arrays of numbers, compressed or not.

MathWorks, "MAT-File Format", 2019: a header of 128 bytes, then elements: type, number of bytes, data.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator

import numpy as np

from tinyconv.errors import DataError

NUMBERS = {1: "i1", 2: "u1", 3: "i2", 4: "u2", 5: "i4", 6: "u4", 7: "f4", 9: "f8", 12: "i8", 13: "u8"}
MATRIX, COMPRESSED = 14, 15
MAX_BYTES = 2**30  # of one array


def parse_mat(where: str, data: bytes) -> dict[str, np.ndarray]:
    """The arrays of numbers in a file, by their names; messages call the file `where`.

    Not trusted: no more is unpacked than is allowed, or read than is there. DataError for another version,
    and for what is damaged or truncated.
    """
    order = {b"IM": "<", b"MI": ">"}.get(data[126:128])
    if order is None or data[124:126] != {"<": b"\0\1", ">": b"\1\0"}[order]:
        raise DataError("parse_mat", f"{where} is not a MATLAB file of version 5.")
    try:
        return dict(_array(element, order) for element in _matrices(memoryview(data)[128:], order))
    except (ValueError, zlib.error) as error:
        raise DataError("parse_mat", f"{where} is damaged or truncated: {error}.") from error


def _matrices(data: memoryview, order: str) -> Iterator[memoryview]:
    for kind, body in _elements(data, order, align=False):
        if kind == COMPRESSED:
            unpacker = zlib.decompressobj()
            body = memoryview(unpacker.decompress(body, MAX_BYTES))
            if not unpacker.eof:
                raise ValueError(f"a compressed part does not end within {MAX_BYTES} bytes")
            ((kind, body),) = _elements(body, order)
        if kind == MATRIX:
            yield body


def _array(matrix: memoryview, order: str) -> tuple[str, np.ndarray]:
    """Name and values of a matrix: flags, sizes, name, then the numbers, first dimension fastest."""
    parts = list(_elements(matrix, order))
    if len(parts) != 4 or parts[3][0] not in NUMBERS:
        raise ValueError("an array is not made of flags, sizes, a name, and real numbers")
    shape = np.frombuffer(parts[1][1], f"{order}i4").tolist()
    kind, numbers = parts[3]
    values = np.frombuffer(numbers, order + NUMBERS[kind])
    if min(shape, default=-1) < 0 or math.prod(shape) != len(values):
        raise ValueError(f"an array of shape {tuple(shape)} has {len(values)} numbers")
    return bytes(parts[2][1]).decode("ascii"), values.reshape(shape, order="F")


def _elements(data: memoryview, order: str, align: bool = True) -> Iterator[tuple[int, memoryview]]:
    """Type and data of each element; up to four bytes of data may stand in the place of their number."""
    start = 0
    while start < len(data):
        if len(data) - start < 8:
            raise ValueError("an element ends within its first 8 bytes")
        kind, size = np.frombuffer(data[start : start + 8], f"{order}u4").tolist()
        if kind >> 16:
            kind, size, start = kind & 0xFFFF, kind >> 16, start - 4
        end = start + 8 + size
        if end > len(data):
            raise ValueError(f"an element of {size} bytes has {len(data) - start - 8}")
        yield kind, data[start + 8 : end]
        start = end + (-end % 8 if align or kind == MATRIX else 0)
