"""The history, the weights and the confusion matrix as TensorBoard shows them."""

from __future__ import annotations

import io
import os
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyconv.backend import move
from tinyconv.errors import DataError, TinyconvError

from ..metrics import Evaluation
from .base import REPORTS, Callback

if TYPE_CHECKING:
    from ..trainer import Trainer

BLUE = (0, 114, 178)
BINS = 30


class WriteTensorBoard(Callback):
    """Writes event files into a folder, for  tensorboard --logdir FOLDER

    After each epoch: every figure of the history; a histogram of each parameter, unless histograms=False; and of
    a classifier that is evaluated the confusion matrix, rows the true classes, the bluer the larger the share.
    Each fit has a file of its own. After a resume TensorBoard forgets what it had of epochs trained again.
    TinyconvError if the package tensorboard is missing, DataError if the file cannot be written.
    """

    turn = REPORTS

    def __init__(self, folder: str | os.PathLike, histograms: bool = True):
        if find_spec("tensorboard") is None:
            problem = "tensorboard is not installed. Install it with: pip install 'tinyconv[tensorboard]'"
            raise TinyconvError("WriteTensorBoard", problem)
        self.folder, self.histograms = Path(folder), histograms
        self._file: Any = None

    def on_fit_begin(self, trainer: Trainer) -> None:
        from tensorboard.compat.proto.event_pb2 import SessionLog

        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            # TensorBoard reads them in the order of their names.
            number = len(list(self.folder.glob("events.out.tfevents.*")))
            self._file = open(self.folder / f"events.out.tfevents.{number:04}", "xb")  # noqa: SIM115  # open until the fit ends
        except OSError as error:
            raise _cannot_write(self.folder, error) from error
        self._write(file_version="brain.Event:2")
        self._write(step=trainer.epoch + 1, session_log=SessionLog(status=SessionLog.START))

    def on_epoch_end(self, trainer: Trainer) -> None:
        from tensorboard.compat.proto.summary_pb2 import Summary

        figures = {tag: value for tag, value in trainer.history[-1].items() if tag != "epoch"}
        values = [Summary.Value(tag=tag, simple_value=value) for tag, value in figures.items()]
        if self.histograms:
            for path, p in trainer.model.named_parameters():
                values.append(Summary.Value(tag=f"weights/{path}", histo=_histogram(move(p.data, "cpu"))))
        if isinstance(trainer.evaluation, Evaluation) and "val_accuracy" in figures:
            image = _picture(trainer.evaluation.confusion_matrix)
            values.append(Summary.Value(tag="confusion", image=image))
        self._write(step=trainer.epoch, summary=Summary(value=values))

    def on_fit_end(self, trainer: Trainer) -> None:
        self._file.close()

    def _write(self, **event: Any) -> None:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.summary.writer.record_writer import RecordWriter

        try:
            writer = RecordWriter(self._file)
            writer.write(Event(wall_time=time.time(), **event).SerializeToString())
            writer.flush()
        except OSError as error:
            raise _cannot_write(self._file.name, error) from error


def _cannot_write(path: Any, error: OSError) -> DataError:
    problem = f"{path} cannot be written: {error.strerror or error}. Name a folder that you may write to, with room."
    return DataError("WriteTensorBoard", problem)


def _histogram(w: np.ndarray) -> Any:
    from tensorboard.compat.proto.histogram_pb2 import HistogramProto

    w = w[np.isfinite(w)].astype(np.float64)
    counts, edges = np.histogram(w, BINS)
    total, squares = w.sum(), np.square(w).sum()
    limits = HistogramProto(num=w.size, sum=total, sum_squares=squares, bucket=counts, bucket_limit=edges[1:])
    limits.min, limits.max = edges[0], edges[-1]
    return limits


def _picture(matrix: np.ndarray) -> Any:
    """The share of each row in each class, from white (0) to blue (1), every cell a square of some pixels."""
    from PIL import Image
    from tensorboard.compat.proto.summary_pb2 import Summary

    shares = matrix / np.maximum(matrix.sum(1, keepdims=True), 1)
    size = max(1, 320 // len(matrix))
    pixels = np.rint(255 - shares[:, :, None] * (255 - np.array(BLUE))).astype(np.uint8)
    pixels = pixels.repeat(size, 0).repeat(size, 1)
    png = io.BytesIO()
    Image.fromarray(pixels).save(png, "PNG")
    return Summary.Image(height=len(pixels), width=len(pixels), colorspace=3, encoded_image_string=png.getvalue())
