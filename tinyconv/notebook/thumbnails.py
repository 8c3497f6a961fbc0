"""Pictures inside HTML, as PNG written by hand: a header, one compressed block of pixels, an end."""

from __future__ import annotations

import base64
import struct
import zlib

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """(H, W) grey or (H, W, 3) colours, uint8 -> a PNG file.   W3C, "Portable Network Graphics", 2nd edition"""
    H, W = pixels.shape[:2]
    colour = 2 if pixels.ndim == 3 else 0
    lines = np.zeros((H, 1 + pixels[0].size), np.uint8)  # a 0 before each line: not filtered
    lines[:, 1:] = pixels.reshape(H, -1)
    header = struct.pack(">IIBBBBB", W, H, 8, colour, 0, 0, 0)
    parts = (b"IHDR", header), (b"IDAT", zlib.compress(lines.tobytes())), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, data) for kind, data in parts)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def image(x: np.ndarray, low: float, high: float, title: str) -> str:
    """(H, W) or (3, H, W) as an <img>: `low` is black, `high` white."""
    scaled = np.nan_to_num((x.astype(np.float64) - low) / ((high - low) or 1.0))
    pixels = np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
    data = base64.b64encode(png(pixels if x.ndim == 2 else pixels.transpose(1, 2, 0))).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{title}" title="{title}">'
