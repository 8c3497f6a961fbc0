"""Callbacks: what else happens while a model trains. docs/callbacks.md has an example of each."""

from .average import AverageWeights
from .base import Callback
from .early_stopping import EarlyStopping
from .interrupt import StopOnInterrupt
from .lambda_callback import LambdaCallback
from .live_plot import LivePlot
from .plateau import ReduceOnPlateau
from .save_checkpoint import SaveCheckpoint
from .save_weights import SaveWeights
from .schedule import ScheduleEachEpoch
from .show_progress import ShowProgress
from .stop_on_nan import StopOnNaN
from .tensorboard import WriteTensorBoard
from .write_csv import WriteCSV
from .write_history import WriteHistory

__all__ = [
    "AverageWeights",
    "Callback",
    "EarlyStopping",
    "LambdaCallback",
    "LivePlot",
    "ReduceOnPlateau",
    "SaveCheckpoint",
    "SaveWeights",
    "ScheduleEachEpoch",
    "ShowProgress",
    "StopOnInterrupt",
    "StopOnNaN",
    "WriteCSV",
    "WriteHistory",
    "WriteTensorBoard",
]
