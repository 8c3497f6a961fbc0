"""The pictures of augmentation.md: every transform on a photograph, on digits of MNIST where they show it better.

pip install matplotlib
python docs/draw_transforms.py
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np

matplotlib.use("Agg")
from matplotlib import cbook
from matplotlib import pyplot as plt
from PIL import Image

import tinyconv
from tinyconv import data
from tinyconv.data import (
    CenterCrop,
    ColorJitter,
    Compose,
    Cutout,
    FiveCrop,
    Lighting,
    Mixup,
    Normalize,
    RandomAffine,
    RandomCrop,
    RandomHorizontalFlip,
    RandomResizedCrop,
    RandomVerticalFlip,
    Resize,
    ScaleJitter,
    Standardize,
    TenCrop,
)

FOLDER = Path(__file__).resolve().parent / "images" / "transforms"
SIZE = 112  # of the photograph
TILE = 1.15  # inches
NAVY, INK = "#0072B2", "#202020"
COLOURS = 256  # in a file, to keep it small


def photograph() -> np.ndarray:
    """Grace Hopper, a pioneer of compilers (U.S. Navy, public domain), in a square: (1, 3, SIZE, SIZE)"""
    return Resize(SIZE)(sample(0, 0, 512, 512))


def sample(left: int, top: int, right: int, bottom: int) -> np.ndarray:
    """Part of a sample picture of matplotlib's, (1, 3, H, W)"""
    with Image.open(cbook.get_sample_data("grace_hopper.jpg", asfileobj=False)) as picture:
        return np.asarray(picture.convert("RGB").crop((left, top, right, bottom))).transpose(2, 0, 1)[None].copy()


def digits(N: int) -> np.ndarray:
    """One of each digit of MNIST, (N, 1, 28, 28)"""
    train = data.mnist("train")
    return np.stack([train.images[np.flatnonzero(train.labels == digit)[2]] for digit in range(N)])


def grid(name: str, rows: list[list[tuple[Any, str]]], heads: list[str] | None = None, tile: float = TILE) -> None:
    """Rows of (picture (C, H, W) or None, words below it); with `heads`, words to the left of each row."""
    columns = max(map(len, rows))
    left = 1.1 if heads else 0.02
    width, height = left + columns * tile, len(rows) * (tile + 0.24)
    figure = plt.figure(figsize=(width, height), facecolor="white")
    for r, row in enumerate(rows):
        bottom = 1 - ((r + 1) * (tile + 0.24) - 0.24) / height
        if heads:
            middle = bottom + tile / 2 / height
            figure.text(0.02, middle, heads[r], fontsize=8.5, color=NAVY, va="center", family="monospace")
        for c, (picture, words) in enumerate(row):
            place = ((left + c * tile + 0.02) / width, bottom, (tile - 0.06) / width, (tile - 0.04) / height)
            axes = figure.add_axes(place)
            axes.axis("off")
            axes.set_anchor("S")
            if picture is None:
                continue
            show(axes, picture)
            axes.text(0.5, -0.03, words, fontsize=8, color=INK, ha="center", va="top", transform=axes.transAxes)
    file = io.BytesIO()
    figure.savefig(file, dpi=100, format="png")
    plt.close(figure)
    FOLDER.mkdir(parents=True, exist_ok=True)
    with Image.open(file) as picture:
        picture.convert("RGB").quantize(COLOURS).save(FOLDER / f"{name}.png", optimize=True)


def show(axes: Any, picture: np.ndarray) -> None:
    pixels = np.clip(picture / (255 if picture.dtype == np.uint8 else 1), 0, 1).transpose(1, 2, 0)
    axes.imshow(
        pixels[..., 0] if pixels.shape[-1] == 1 else pixels, cmap="gray", vmin=0, vmax=1, interpolation="nearest"
    )


def once(transform: Any, x: np.ndarray, seed: int = 0) -> np.ndarray:
    return transform(x, np.random.default_rng(seed))[0]


def fixed(**arguments: Any) -> RandomAffine:
    """A RandomAffine whose intervals are single numbers."""
    return RandomAffine(**{k: (v, v) if k in ("degrees", "scale", "shear") else v for k, v in arguments.items()})


# ---------------------------------------------------------------- the pictures


def draw_affine(x: np.ndarray) -> None:
    moves = {
        "degrees=20": dict(degrees=20),
        "scale=0.7": dict(scale=0.7),
        "translate=0.3": dict(translate=0.3),
        "shear=20": dict(shear=20),
    }
    modes = ("constant", "edge", "reflect", "wrap")
    rows = [[(once(fixed(**move, fill_mode=mode), x, 3), mode) for mode in modes] for move in moves.values()]
    others = [
        (once(fixed(scale=1.4), x), "scale=1.4"),
        (once(fixed(scale=1.4, interpolation="nearest"), x), 'scale=1.4, "nearest"'),
        (once(RandomAffine(scale=(0.6, 1.4), per_axis=True, fill_mode="edge"), x, 2), "per_axis=True"),
        (once(RandomAffine(20, 0.1, (0.8, 1.2), 10, fill_mode="reflect"), x, 6), "all together"),
    ]
    grid("affine", [*rows, others], [*moves, "others"])

    N = 10
    recipe = RandomAffine(5, 0.15, (0.8, 1.2))
    strong = RandomAffine(30, 0.1, (0.7, 1.3), 15, per_axis=True)
    rows = [[(y, "") for y in digits(N)]]
    rows += [
        [(y, "") for y in t(digits(N), np.random.default_rng(seed))] for seed, t in enumerate((recipe, recipe, strong))
    ]
    grid(
        "digits",
        rows,
        ["MNIST", "5 degrees,\nzoom 0.2,\nshift 0.15", "again", "30 degrees,\nshear 15,\nper axis"],
        tile=0.62,
    )


def draw_flips_and_crops(x: np.ndarray) -> None:
    flips = [
        (x[0], "as it is"),
        (once(RandomHorizontalFlip(1), x), "horizontal flip"),
        (once(RandomVerticalFlip(1), x), "vertical flip"),
        (once(CenterCrop(80), x), "CenterCrop(80)"),
        (once(RandomCrop(80), x, 1), "RandomCrop(80)"),
    ]
    padded = [(once(RandomCrop(SIZE, 32, mode), x, 5), mode) for mode in ("constant", "edge", "reflect", "symmetric")]
    resized = [(once(RandomResizedCrop(SIZE), x, seed), f"draw {seed + 1}") for seed in range(5)]
    grid("crops", [flips, padded, resized], ["", "RandomCrop\npadding=32", "Random-\nResizedCrop"])


def draw_several(x: np.ndarray) -> None:
    names = ["top left", "top right", "bottom left", "bottom right", "middle"]
    assert np.array_equal(FiveCrop(72)(x)[0], TenCrop(72)(x)[0, :5])
    ten = TenCrop(72)(x)[0]
    upside_down = TenCrop(72, vertical_flip=True)(x)[0, 5:]
    rows = [list(zip(pieces, names, strict=True)) for pieces in (ten[:5], ten[5:], upside_down)]
    grid("ten-crop", rows, ["FiveCrop(72)", "the rest of\nTenCrop(72)", "... with\nvertical_flip"])


def draw_sizes(x: np.ndarray) -> None:
    large = sample(60, 0, 460, 300)
    ways = [
        (Resize(40), "bilinear"),
        (Resize(40, antialias=False), "antialias=False"),
        (Resize(40, "nearest"), '"nearest"'),
        (Resize((40, 40)), "Resize((40, 40))"),
    ]
    smaller = [(once(t, large), words) for t, words in ways]
    tiny = Resize(20)(x)
    larger = [(once(Resize(SIZE, way), tiny), f'"{way}"') for way in ("bilinear", "nearest")]
    jitter = Compose([ScaleJitter(SIZE, 2 * SIZE), RandomCrop(SIZE)])
    jittered = [(once(jitter, x, seed), f"draw {seed + 1}") for seed in range(4)]
    grid(
        "sizes",
        [smaller, larger, jittered],
        ["Resize(40)\nof 300x400", "Resize(112)\nof 20x20", "ScaleJitter,\nRandomCrop"],
    )


def draw_colours(x: np.ndarray) -> None:
    rows = []
    for name, amounts in {
        "brightness": (0.4, 0.7, 1.0, 1.3, 1.6),
        "contrast": (0.2, 0.6, 1.0, 1.5, 2.0),
        "saturation": (0.0, 0.5, 1.0, 1.7, 2.5),
        "hue": (-0.2, -0.1, 0.0, 0.1, 0.5),
    }.items():
        rows.append([(once(ColorJitter(**{name: (f, f)}), x), f"{f:g}") for f in amounts])
    draws = [(once(ColorJitter(0.4, 0.4, 0.4, 0.1), x, seed), f"draw {seed + 1}") for seed in range(5)]
    light = [(once(Lighting(std), x, 4), f"std={std}") for std in (0.1, 0.5, 1.0)]
    light += [(once(Lighting(1.0), x, seed), "std=1.0, again") for seed in (7, 1)]
    heads = ["brightness", "contrast", "saturation", "hue", "0.4, 0.4,\n0.4, 0.1", "Lighting"]
    grid("colours", rows[:3], heads[:3])
    grid("hues-and-light", [rows[3], draws, light], heads[3:])


def draw_hidden_and_mixed(x: np.ndarray) -> None:
    hidden = [(once(Cutout(48, fill=128), x, seed), f"draw {seed + 1}") for seed in range(4)]
    four = digits(8)[[3, 5, 7, 2]]
    labels = np.array([3, 5, 7, 2])
    mixed, targets = Mixup(1.0, 10)(four, labels, np.random.default_rng(1))
    words = [",  ".join(f"{k}: {t[k]:.2f}" for k in np.argsort(-t)[: np.count_nonzero(t)]) for t in targets]
    dark = np.concatenate([(x * 0.3).astype(np.uint8), (x * 0.4 + 140).astype(np.uint8)])
    mean, std = x.mean((0, 2, 3)) / 255, x.std((0, 2, 3)) / 255

    def around_grey(y: np.ndarray) -> np.ndarray:  # mean 0 is drawn in the middle of grey, deviation 1 as a fifth
        return 0.5 + 0.2 * y

    rows = [hidden, list(zip(mixed, words, strict=True))]
    for t in (Standardize(), Normalize(mean, std)):
        y = around_grey(t(dark))
        rows.append([(dark[0], "dark"), (y[0], "becomes"), (dark[1], "pale"), (y[1], "becomes")])
    heads = ["Cutout(48)", "Mixup", "Standardize", "Normalize\n(mean, std)"]
    grid("hidden-and-mixed", rows, heads)


if __name__ == "__main__":
    tinyconv.set_num_threads(1)
    photo = photograph()
    draw_affine(photo)
    draw_flips_and_crops(photo)
    draw_several(photo)
    draw_sizes(photo)
    draw_colours(photo)
    draw_hidden_and_mixed(photo)
