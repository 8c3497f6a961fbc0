"""The pictures of plots.md, drawn by `tinyconv plot` from runs.

python docs/draw_plots.py            trains LeNet-5 and deck_demo on digits, within a minute
python docs/draw_plots.py RUN        draws the pictures in colour, from a run on CIFAR-10
"""

import sys
import tempfile
from pathlib import Path

from PIL import Image

from tinyconv import cli

IMAGES = Path(__file__).resolve().parent / "images" / "plots"
DIGITS = ("curves", "scores", "augmented", "occlusion")
COLOURS = ("confusion", "mistakes", "filters", "features", "gradcam")
LARGEST = 150_000  # bytes


def tinyconv(*words):
    if cli.main([str(word) for word in words]):
        sys.exit(1)


def draw(run: Path, what: str) -> None:
    tinyconv("plot", run, "--what", what, "--out", IMAGES)
    shrink(IMAGES / f"{what}.png")


def shrink(path: Path) -> None:
    """256 colours are enough for a page."""
    if path.stat().st_size > LARGEST:
        with Image.open(path) as picture:
            small = picture.convert("RGB").quantize(256)
        small.save(path, optimize=True)


def draw_digits(folder: Path) -> None:
    small = "--limit", 10_000, "--epochs", 6, "--batch-size", 50
    augment = "--augment", "rotation=15", "zoom=0.2", "shift=0.1"
    for model, options in (("lenet5", augment), ("deck_demo", ("--optimizer", "adam", "--schedule", "constant"))):
        tinyconv("train", model, *small, *options, "--out", folder / model)
    for what in DIGITS:
        draw(folder / "lenet5", what)
    tinyconv("plot", folder / "lenet5", folder / "deck_demo", "--out", IMAGES)
    shrink(IMAGES / "comparison.png")


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    if len(sys.argv) > 1:
        for what in COLOURS:
            draw(Path(sys.argv[1]), what)
    else:
        with tempfile.TemporaryDirectory() as folder:
            draw_digits(Path(folder))
