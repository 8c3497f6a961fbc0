"""Data: sets of labelled pictures, batches of them, and single pictures of one's own."""

from .cifar import cifar10, cifar100
from .dataset import Dataset
from .decode import read_picture
from .folder import FolderDataset, folder
from .idx import read_idx
from .labelled import Labelled
from .loader import DataLoader
from .mnist import mnist
from .mnist_like import emnist, fashion_mnist, kmnist
from .picture import load_picture
from .registry import load, names
from .statistics import MNIST_STATISTICS, STATISTICS
from .svhn import svhn
from .transforms import (
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
    Transform,
    transform_from_dict,
)

__all__ = [
    "MNIST_STATISTICS",
    "DataLoader",
    "Dataset",
    "FolderDataset",
    "Labelled",
    "Normalize",
    "STATISTICS",
    "cifar10",
    "cifar100",
    "emnist",
    "fashion_mnist",
    "folder",
    "kmnist",
    "load",
    "load_picture",
    "mnist",
    "names",
    "read_idx",
    "read_picture",
    "svhn",
    "CenterCrop",
    "ColorJitter",
    "Compose",
    "Cutout",
    "FiveCrop",
    "Lighting",
    "Mixup",
    "RandomAffine",
    "RandomCrop",
    "RandomHorizontalFlip",
    "RandomResizedCrop",
    "RandomVerticalFlip",
    "Resize",
    "ScaleJitter",
    "Standardize",
    "TenCrop",
    "Transform",
    "transform_from_dict",
]
