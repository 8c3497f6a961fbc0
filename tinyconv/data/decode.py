"""Picture files of any format that Pillow reads, as arrays."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, DataError
from tinyconv.geometry import Pair, pair

ORIENTATION = 0x0112  # the EXIF tag
TRANSPOSING = {5, 6, 7, 8}  # its values for a picture that lies on its side
FITS = ("crop", "pad", "stretch")


def read_picture(
    path: str | os.PathLike, channels: int = 3, size: int | Pair | None = None, fit: str = "crop"
) -> np.ndarray:
    """A picture file as uint8 (channels, H, W), turned as its EXIF says.

    channels  3 for red, green, blue; 1 for grey (0.299 R + 0.587 G + 0.114 B, ITU-R BT.601)
    size      H and W to scale it to; None keeps its own
    fit       what is done with other proportions: "crop" cuts off what is too long, the same on both sides;
              "pad" adds black borders; "stretch" gives them up

    Transparent parts become white, pictures of 16 bits a channel get 8. JPEG files of more than four times
    `size` are decoded at a half, a quarter or an eighth of their own, which is quicker.
    DataError if the file is missing, no picture, damaged, or has more than about 89 million pixels.
    """
    H, W = check_options("read_picture", channels, size, fit) or (0, 0)

    def arrange(picture: Any) -> np.ndarray:
        picture = _eight_bits(picture, path).convert("L" if channels == 1 else "RGB")
        pixels = np.asarray(_fitted(picture, H, W, fit) if size is not None else picture)
        return pixels[None] if channels == 1 else np.ascontiguousarray(pixels.transpose(2, 0, 1))

    return upright("read_picture", Path(path), arrange, 2 * max(H, W))


def check_options(operation: str, channels: int, size: int | Pair | None, fit: str) -> tuple[int, int] | None:
    """The size as a pair, or None; ArgumentError for what `read_picture` does not take."""
    if channels not in (1, 3):
        raise ArgumentError(operation, f"channels is {channels!r}; it must be 3 for colours or 1 for grey.")
    if fit not in FITS:
        raise ArgumentError(operation, f"fit is {fit!r}; it must be one of {', '.join(FITS)}.")
    return None if size is None else pair(operation, "size", size, least=1)


def upright(operation: str, path: Path, arrange: Callable[[Any], Any], draft: int = 0) -> Any:
    """What `arrange` makes of the Pillow image in a file, turned as its EXIF says.

    `draft`: of a JPEG file, twice this length of the shorter side is enough; 0 for all of it.
    """
    from PIL import ImageOps

    def use(file: Any) -> Any:
        if draft:
            file.draft(None, (draft, draft))
        ImageOps.exif_transpose(file, in_place=True)
        return arrange(file)

    return _opened(operation, path, use)


def read_size(operation: str, path: Path) -> tuple[int, int]:
    """Height and width of an upright picture, from the beginning of its file."""

    def measure(file: Any) -> tuple[int, int]:
        W, H = file.size
        # To look for EXIF at its end, Pillow would decode all of a PNG.
        exif = file.getexif() if file.format != "PNG" or "exif" in file.info else {}
        return (W, H) if exif.get(ORIENTATION) in TRANSPOSING else (H, W)

    return _opened(operation, path, measure)


def _opened(operation: str, path: Path, use: Callable[[Any], Any]) -> Any:
    """What `use` makes of the file as a Pillow image, of which only the beginning has been read."""
    from PIL import Image, UnidentifiedImageError

    _overlook_metadata()
    try:
        with Image.open(path) as file:
            if file.width * file.height > (Image.MAX_IMAGE_PIXELS or np.inf):
                raise Image.DecompressionBombError
            return use(file)
    except FileNotFoundError:
        raise DataError(operation, f"there is no file {path}.") from None
    except UnidentifiedImageError:
        raise DataError(operation, f"{path} is not a picture of a format that Pillow reads.") from None
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        limit = Image.MAX_IMAGE_PIXELS
        raise DataError(operation, f"{path} has more than {limit} pixels; make it smaller.") from None
    except DataError:
        raise
    except Exception as error:  # Pillow's readers raise anything from OSError to SyntaxError and struct.error
        raise DataError(operation, f"{path} cannot be read: {error}") from error


def _overlook_metadata() -> None:
    """Have Pillow's warnings about broken metadata, and of large pictures, which are refused, not shown.

    For good: `warnings.catch_warnings` is not safe where several threads decode.
    """
    from PIL import Image

    for category in (UserWarning, Image.DecompressionBombWarning):
        if not any(f[0] == "ignore" and f[2] is category and "PIL" in str(f[3]) for f in warnings.filters):
            warnings.filterwarnings("ignore", category=category, module=r"PIL\.")


def _eight_bits(picture: Any, path: str | os.PathLike) -> Any:
    """It with 8 bits a channel, and nothing transparent."""
    from PIL import Image

    if picture.mode == "F":
        raise DataError("read_picture", f"{path} has floating-point pixels; save it with 8 or 16 bits.")
    if picture.mode.startswith("I"):
        return Image.fromarray((np.asarray(picture.convert("I")).clip(0, 65535) >> 8).astype(np.uint8))
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", picture.size, "white"), picture)
    return picture


def _fitted(picture: Any, H: int, W: int, fit: str) -> Any:
    """It scaled to H x W, each new pixel a weighted mean of all those that it covers."""
    from PIL import Image, ImageOps

    bilinear = Image.Resampling.BILINEAR
    if fit == "stretch":
        return picture.resize((W, H), bilinear)
    return (ImageOps.fit if fit == "crop" else ImageOps.pad)(picture, (W, H), bilinear)
