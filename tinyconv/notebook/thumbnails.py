"""Pictures inside HTML."""

from __future__ import annotations

import base64
import io

import numpy as np


def png(pixels: np.ndarray) -> bytes:
    """(H, W) grey or (H, W, 3) colours, uint8 -> a PNG file."""
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(file, "PNG")
    return file.getvalue()


def image(x: np.ndarray, low: float, high: float, title: str) -> str:
    """(H, W) or (3, H, W) as an <img>: `low` is black, `high` white."""
    scaled = np.nan_to_num((x.astype(np.float64) - low) / ((high - low) or 1.0))
    pixels = np.rint(255 * np.clip(scaled, 0, 1)).astype(np.uint8)
    data = base64.b64encode(png(pixels if x.ndim == 2 else pixels.transpose(1, 2, 0))).decode()
    return f'<img src="data:image/png;base64,{data}" alt="{title}" title="{title}">'
