"""The picture of filters.md: every filter on a photograph.

pip install matplotlib
python docs/draw_filters.py
"""

from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import cbook
from matplotlib import pyplot as plt
from PIL import Image

import tinyconv
from tinyconv import filters
from tinyconv.nn.functional import filter2d

FILE = Path(__file__).resolve().parent / "images" / "filters.png"
WRITTEN = {"box_blur": 9, "gaussian_blur": 16}  # what the whole numbers under the picture are divided by
FACE = (105, 5, 405, 305)  # left, top, right, bottom
SIZE = 160


def photograph() -> np.ndarray:
    """Grace Hopper, a pioneer of compilers (U.S. Navy, public domain): a sample picture of matplotlib's."""
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
        grey = picture.convert("L").crop(FACE).resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    return np.asarray(grey, np.float32)[None, None] / 255


def panel(axes, x: np.ndarray, title: str, kernel: np.ndarray, divisor: int) -> None:
    y = filter2d(x, kernel).data[0, 0]
    edges = abs(kernel.sum()) < 1e-9
    span = np.quantile(np.abs(y), 0.995) if edges else 1
    axes.imshow(y, cmap="gray", vmin=-span if edges else 0, vmax=span, interpolation="nearest")
    axes.set_title(title, fontsize=10, family="monospace")
    if len(kernel) == 3:
        rows = (kernel * divisor).round().astype(int)
        text = "\n".join(" ".join(f"{k:2d}" for k in row) for row in rows)
        text += f"\n/ {divisor}" if divisor > 1 else "\n "
    else:
        text = "\n$e^{-r^2/2\\sigma^2}$\n9 x 9, $\\sigma$ = 2\n"
    axes.set_xlabel(text, fontsize=9, family="monospace", labelpad=6)
    axes.set(xticks=[], yticks=[])


def draw() -> None:
    tinyconv.set_num_threads(1)
    x = photograph()
    figure, places = plt.subplots(2, 5, figsize=(12, 6.9), facecolor="white")
    kernels = {**filters.NAMED, "gaussian(9, 2.0)": filters.gaussian(9, 2.0)}
    for axes, (name, kernel) in zip(places.flat, kernels.items(), strict=True):
        panel(axes, x, name, kernel, WRITTEN.get(name, 1))
    figure.tight_layout(h_pad=1.5, w_pad=1.0)
    figure.savefig(FILE, dpi=110)


if __name__ == "__main__":
    draw()
