"""Training: the loop, callbacks, metrics, checkpoints, and runs with a folder of their own."""

from .callbacks import Callback, SaveCheckpoint, SaveWeights, ShowProgress, StopOnNaN, WriteHistory
from .checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights
from .detection_metrics import average_precision, mean_average_precision
from .metrics import accuracy, classification_report, confusion_matrix, evaluate, evaluate_heads
from .segmentation_metrics import evaluate_segmentation, pixel_confusion, segmentation_report
from .trainer import Trainer, fit

__all__ = [
    "Callback",
    "SaveCheckpoint",
    "SaveWeights",
    "ShowProgress",
    "StopOnNaN",
    "Trainer",
    "WriteHistory",
    "accuracy",
    "average_precision",
    "classification_report",
    "confusion_matrix",
    "evaluate",
    "evaluate_heads",
    "evaluate_segmentation",
    "fit",
    "load_checkpoint",
    "load_weights",
    "mean_average_precision",
    "pixel_confusion",
    "save_checkpoint",
    "save_weights",
    "segmentation_report",
]
