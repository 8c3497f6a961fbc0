"""Data: sets of labelled pictures, batches of them, and single pictures of one's own."""

from .dataset import Dataset
from .idx import read_idx
from .loader import DataLoader
from .mnist import MNIST_STATISTICS, mnist
from .picture import load_picture
from .registry import load, names
from .transforms import (
    Compose,
    Normalize,
    RandomAffine,
    RandomHorizontalFlip,
    RandomVerticalFlip,
    Transform,
    transform_from_dict,
)

__all__ = [
    "MNIST_STATISTICS",
    "DataLoader",
    "Dataset",
    "Normalize",
    "load",
    "load_picture",
    "mnist",
    "names",
    "read_idx",
    "Compose",
    "RandomAffine",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "Transform",
    "transform_from_dict",
]
