"""What is done to a batch of pictures before a net sees it."""

from .affine import RandomAffine
from .base import Compose, Pictures, Transform
from .color import ColorJitter
from .crop import CenterCrop, RandomCrop
from .cutout import Cutout
from .describe import transform_from_dict
from .flip import RandomHorizontalFlip, RandomVerticalFlip
from .lighting import Lighting
from .mixup import Mixup
from .multi_crop import FiveCrop, TenCrop
from .normalize import Normalize
from .resize import Resize, ScaleJitter
from .resized_crop import RandomResizedCrop
from .standardize import Standardize

__all__ = [
    "Compose",
    "Pictures",
    "Transform",
    "transform_from_dict",
    "Normalize",
    "Standardize",
    "RandomAffine",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "CenterCrop",
    "RandomCrop",
    "RandomResizedCrop",
    "FiveCrop",
    "TenCrop",
    "Resize",
    "ScaleJitter",
    "ColorJitter",
    "Lighting",
    "Cutout",
    "Mixup",
]
