"""Training: the loop, callbacks, metrics, checkpoints, and runs with a folder of their own."""

from .callbacks import Callback, SaveCheckpoint, SaveWeights, ShowProgress, StopOnNaN, WriteHistory
from .checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights
from .metrics import accuracy, classification_report, confusion_matrix, evaluate
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
    "classification_report",
    "confusion_matrix",
    "evaluate",
    "fit",
    "load_checkpoint",
    "load_weights",
    "save_checkpoint",
    "save_weights",
]
