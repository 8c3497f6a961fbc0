"""A picture file of one's own, made to look like those of MNIST."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv.errors import DataError
from tinyconv.geometry import Pair, pair

from .decode import upright

LONGEST = 1024  # larger pictures are shrunk to this first: quicker, and grain and dust average out
SCATTER = 6  # times its median: four standard deviations of noise
FAINT = 1 / 20  # of full ink: what JPEG leaves around a stroke
STRONG = 1 / 3  # of full ink: more than noise, shading and the traces of JPEG
BLANK = 25  # full ink of less than a tenth of black to white is none


def load_picture(path: str | os.PathLike, size: int | Pair = (28, 28)) -> np.ndarray:
    """A picture file of one sign on an even ground, as MNIST would have it: uint8 (1, H, W), light on dark.

    1. It is turned as its EXIF says; transparent parts become white (black, if nothing shows on white).
    2. The ground's colour is the median along the border. A pixel's ink is how far its colour is from that,
       so dark on light and light on dark are the same. Full ink is the median of what is above half the
       most; ink below a twentieth of it, or below six times the border's median, is ground.
    3. The sign, where ink is above a third of full and just around that, is cut out and scaled, keeping its
       proportions, to fit in 20/28 of the height and width.
    4. Its centre of mass is put in the centre, and its strongest point made 255.

    Steps 3 and 4 are how MNIST was made (LeCun et al. 1998, section III.A). DataError if the file is missing,
    no picture, damaged, blank, or has more than about 89 million pixels.
    """
    H, W = pair("load_picture", "size", size, least=1)
    picture = _read(Path(path))
    ink = _ink(_colours(picture, "white"))
    if ink is None and picture.has_transparency_data:
        ink = _ink(_colours(picture, "black"))
    if ink is None:
        raise DataError("load_picture", f"{path} is blank: nothing on it stands out from the colour of its border.")
    return _centred(_fitted(ink, 20 * H / 28, 20 * W / 28), H, W)[None]


def _read(path: Path) -> Any:
    """The file as a Pillow image, upright, of one grey channel (mode F), or RGB, or RGBA."""
    return upright("load_picture", path, _simplified)


def _simplified(picture: Any) -> Any:
    from PIL import Image

    if picture.mode == "F" or picture.mode.startswith("I"):  # more than 8 bits of grey
        picture = (picture if picture.mode == "F" else picture.convert("I")).convert("F")
    else:
        picture = picture.convert("RGBA" if picture.has_transparency_data else "RGB")
    picture.thumbnail((LONGEST, LONGEST), Image.Resampling.BOX)
    return picture


def _colours(picture: Any, behind: str) -> np.ndarray:
    """Its pixels (H, W, channels), 0 to 255, on the colour `behind` it; in mode F the lightest is 255."""
    from PIL import Image

    if picture.mode == "F":
        grey = np.nan_to_num(np.asarray(picture, np.float32))[..., None]
        return grey * (255 / max(grey.max(), 1e-9))
    if picture.mode == "RGBA":
        picture = Image.alpha_composite(Image.new("RGBA", picture.size, behind), picture).convert("RGB")
    return np.asarray(picture, np.float32)


def _ink(colours: np.ndarray) -> np.ndarray | None:
    """How much ink each pixel has, 0 to 1, cut to the sign (H, W); None if there is none."""
    ink = colours - np.median(_border(colours), axis=0)
    ink = np.sqrt((ink**2).mean(-1))  # (H, W, channels) -> (H, W)
    full = np.median(ink[ink >= ink.max() / 2])
    ground = max(SCATTER * np.median(_border(ink)), FAINT * full)
    if full < BLANK or full <= ground:
        return None
    ink = np.where(ink > ground, np.minimum(ink / full, 1), 0)
    top, bottom, left, right = _box(ink > STRONG)
    margin = round(max(bottom - top, right - left) / 20)
    ink = ink[max(top - margin, 0) : bottom + margin, max(left - margin, 0) : right + margin]
    top, bottom, left, right = _box(ink > 0)
    return ink[top:bottom, left:right]


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Top, bottom, left and right (bottom and right not included) of what is true."""
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return rows[0], rows[-1] + 1, columns[0], columns[-1] + 1


def _border(pixels: np.ndarray) -> np.ndarray:
    """The pixels along the four sides, in a row."""
    return np.concatenate([pixels[0], pixels[-1], pixels[1:-1, 0], pixels[1:-1, -1]])


def _fitted(ink: np.ndarray, height: float, width: float) -> np.ndarray:
    """The ink scaled to fit a box, as uint8, its strongest point 255."""
    from PIL import Image

    h, w = ink.shape
    scale = min(height / h, width / w)
    new = max(1, round(w * scale)), max(1, round(h * scale))  # Pillow's order
    ink = np.asarray(Image.fromarray(ink.astype(np.float32)).resize(new, Image.Resampling.BILINEAR))
    return np.rint(255 * ink / ink.max()).astype(np.uint8)


def _centred(ink: np.ndarray, H: int, W: int) -> np.ndarray:
    """The ink on an H x W ground of zeros, its centre of mass in the middle, or as near as it fits."""
    h, w = ink.shape
    cy = np.average(np.arange(h) + 0.5, weights=ink.sum(1))
    cx = np.average(np.arange(w) + 0.5, weights=ink.sum(0))
    # Rounded up, for so MNIST was: the centre of mass of each of its digits lies from 14 to below 15.
    top, left = np.clip(np.ceil([H / 2 - cy, W / 2 - cx]).astype(int), 0, [H - h, W - w])
    y = np.zeros((H, W), np.uint8)
    y[top : top + h, left : left + w] = ink
    return y
