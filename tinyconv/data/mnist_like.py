"""Data sets in MNIST's format, 28 x 28 grey, light on dark: Fashion-MNIST, KMNIST, EMNIST."""

from __future__ import annotations

import os
from string import ascii_lowercase, ascii_uppercase, digits

from tinyconv.errors import UnknownNameError

from .dataset import Dataset
from .mnist import read_pair
from .published import EMNIST, FASHION_MNIST, KMNIST, TEST, TRAIN

CLOTHES = ("T-shirt", "trouser", "pullover", "dress", "coat", "sandal", "shirt", "sneaker", "bag", "ankle boot")
HIRAGANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")

# Of letters that look alike in both cases, the lower case has no class of its own.
MERGED = digits + ascii_uppercase + "abdefghnqrt"
SPLITS = {
    "balanced": MERGED,
    "bymerge": MERGED,
    "byclass": digits + ascii_uppercase + ascii_lowercase,
    "letters": ascii_lowercase,
    "digits": digits,
    "mnist": digits,
}


def fashion_mnist(train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """60,000 or 10,000 pictures of clothes in 10 classes, uint8 (N, 1, 28, 28). Xiao, Rasul and Vollgraf 2017.

    From `root`, or TINYCONV_DATA, or downloaded (31 MB in all). DataError if the files are missing or damaged.
    """
    images, labels = read_pair(FASHION_MNIST, TRAIN if train else TEST, 10, root)
    return Dataset(images, labels, CLOTHES, "fashion_mnist")


def kmnist(train: bool = True, root: str | os.PathLike | None = None) -> Dataset:
    """60,000 or 10,000 cursive hiragana in 10 classes, uint8 (N, 1, 28, 28). Clanuwat et al. 2018.

    From `root`, or TINYCONV_DATA, or downloaded (21 MB in all). DataError if the files are missing or damaged.
    """
    images, labels = read_pair(KMNIST, TRAIN if train else TEST, 10, root)
    return Dataset(images, labels, HIRAGANA, "kmnist")


def emnist(train: bool = True, root: str | os.PathLike | None = None, split: str = "balanced") -> Dataset:
    """Handwritten digits and letters, uint8 (N, 1, 28, 28), upright. Cohen, Afshar, Tapson and van Schaik 2017.

    split  "balanced" (47 classes, 112,800 and 18,800 pictures), "bymerge" (47) or "byclass" (62; 697,932 and
           116,323), "letters" (26, both cases as one; numbered from 0 here, from 1 in the files),
           "digits" (10, 240,000 and 40,000), "mnist" (10, 60,000 and 10,000)

    From `root`, or TINYCONV_DATA, or downloaded (562 MB in all). UnknownNameError for another split,
    DataError if the files are missing or damaged.
    """
    if split not in SPLITS:
        raise UnknownNameError("emnist", "split", split, SPLITS)
    classes, part = tuple(SPLITS[split]), "train" if train else "test"
    names = [f"emnist-{split}-{part}-images-idx3-ubyte", f"emnist-{split}-{part}-labels-idx1-ubyte"]
    first = int(split == "letters")
    images, labels = read_pair(EMNIST, names, first + len(classes), root)
    # In the files rows and columns are swapped: (N, 1, W, H) -> (N, 1, H, W).
    name = "emnist" if split == "balanced" else f"emnist-{split}"
    return Dataset(images.swapaxes(2, 3).copy(), labels.astype(int) - first, classes, name)
