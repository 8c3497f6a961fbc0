"""What is done to a batch of pictures before a net sees it."""

from .affine import RandomAffine
from .base import Compose, Pictures, Transform
from .describe import transform_from_dict
from .flip import RandomHorizontalFlip, RandomVerticalFlip
from .normalize import Normalize

__all__ = [
    "Compose",
    "Normalize",
    "Pictures",
    "RandomAffine",
    "RandomHorizontalFlip",
    "RandomVerticalFlip",
    "Transform",
    "transform_from_dict",
]
