"""What augmentation does to pictures: before, and several times after."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from tinyconv.errors import ShapeError
from tinyconv.train.files import FilePath

from . import style


def plot_augmented(
    before: style.Arrays, after: Sequence[style.Arrays], path: FilePath, captions: Sequence[str] = ()
) -> None:
    """A row for each picture: as it is, then as each draw of the augmentation makes it.

    before    N pictures, (N, C, H, W) or a list of (C, H_i, W_i); uint8 0..255 or floating point 0..1
    after     batches of the same N pictures, one for each draw, without the normalisation
    captions  N texts, such as the classes' names
    """
    N, R = len(before), len(after)
    if not N or not R or any(len(batch) != N for batch in after):
        sizes = ", ".join(str(len(batch)) for batch in after) or "no"
        raise ShapeError("plot_augmented", f"{N} pictures before, {sizes} after; give as many, and at least one.")
    if captions and len(captions) != N:
        raise ShapeError("plot_augmented", f"there are {N} pictures, but {len(captions)} captions.")
    with style.drawing("plot_augmented", path, 0.95 * (R + 1.2) + 0.3, 0.95 * N + 0.4, pad=0.03) as figure:
        grid = figure.add_gridspec(N, R + 2, width_ratios=(1, 0.2, *[1] * R))  # a gap between before and after
        for n in range(N):
            versions = before[n], *(batch[n] for batch in after)
            for column, x in zip((0, *range(2, R + 2)), versions, strict=True):
                axes = figure.add_subplot(grid[n, column])
                axes.imshow(style.picture(np.asarray(x)), cmap="gray", vmin=0, vmax=1)
                style.bare(axes)
                if n == 0 and column in (0, 2):
                    axes.set_title("after" if column else "before", size=9)
                if column == 0 and captions:
                    axes.set_ylabel(style.short(captions[n], 12), size=8, parse_math=False)
