"""Evaluation as the papers do it: several scales, crops, whole pictures at once, and models averaged."""

from .center import CenterView
from .dense import DenseView
from .ensemble import Ensemble
from .evaluate import ViewEvaluation, averaged, evaluate_views
from .fully_convolutional import DenseConv2d, FullyConvolutional, as_fully_convolutional
from .googlenet_crops import GoogLeNetView
from .grid_crops import GridCropView
from .ten_crops import TenCropView
from .view import View, scales

__all__ = [
    "CenterView",
    "DenseConv2d",
    "DenseView",
    "Ensemble",
    "FullyConvolutional",
    "GoogLeNetView",
    "GridCropView",
    "TenCropView",
    "View",
    "ViewEvaluation",
    "as_fully_convolutional",
    "averaged",
    "evaluate_views",
    "scales",
]
