"""Training: the loop, callbacks, metrics, checkpoints, and runs with a folder of their own."""

from .callbacks import (
    AverageWeights,
    Callback,
    EarlyStopping,
    LambdaCallback,
    LivePlot,
    ReduceOnPlateau,
    SaveCheckpoint,
    SaveWeights,
    ScheduleEachEpoch,
    ShowProgress,
    StopOnInterrupt,
    StopOnNaN,
    WriteCSV,
    WriteHistory,
    WriteTensorBoard,
)
from .checkpoint import load_checkpoint, load_weights, save_checkpoint, save_weights
from .detection_metrics import average_precision, mean_average_precision
from .doctor import Doctor, Finding, diagnose
from .metrics import accuracy, classification_report, confusion_matrix, evaluate, evaluate_heads, top_k_accuracy
from .segmentation_metrics import evaluate_segmentation, pixel_confusion, segmentation_report
from .trainer import Trainer, fit
from .transfer import Matched, find_head, freeze, load_matching, parameter_groups, replace_head, unfreeze
from .update_bn import update_bn

__all__ = [
    "AverageWeights",
    "Callback",
    "Doctor",
    "EarlyStopping",
    "Finding",
    "LambdaCallback",
    "LivePlot",
    "Matched",
    "ReduceOnPlateau",
    "SaveCheckpoint",
    "SaveWeights",
    "ScheduleEachEpoch",
    "ShowProgress",
    "StopOnInterrupt",
    "StopOnNaN",
    "Trainer",
    "WriteCSV",
    "WriteHistory",
    "WriteTensorBoard",
    "accuracy",
    "average_precision",
    "classification_report",
    "confusion_matrix",
    "diagnose",
    "evaluate",
    "evaluate_heads",
    "evaluate_segmentation",
    "find_head",
    "fit",
    "freeze",
    "load_checkpoint",
    "load_matching",
    "load_weights",
    "mean_average_precision",
    "parameter_groups",
    "pixel_confusion",
    "replace_head",
    "save_checkpoint",
    "save_weights",
    "segmentation_report",
    "top_k_accuracy",
    "unfreeze",
    "update_bn",
]
