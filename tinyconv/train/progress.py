"""How far a training run is: a bar on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO

from .console import Output

LINE_EVERY = 10.0  # seconds between two plain lines
DRAW_EVERY = 0.2  # seconds between two drawings of the bar, at least
DRAW_SHARE = 0.002  # of all time goes into drawing, at most: a slow terminal must not slow the training

NOT_SHOWN = ("epoch", "lr", "seconds", "images_per_second")  # of a record, in the line at its epoch's end

Clock = Callable[[], float]


class Progress:
    """Shows where a run is: `start`, `update` after every step, `epoch_done` after every epoch, and `close`.

    file   where to; by default standard output. That its reader is gone, or its encoding poor, is no error.
    clock  gives seconds
    """

    def __init__(self, file: TextIO | None = None, clock: Clock = time.monotonic):
        self.file, self.clock = file, clock
        self.bar: Bar | None = None

    def start(self, epochs: int, steps_per_epoch: int, done: int = 0) -> None:
        """A run of so many epochs begins, or is taken up again after `done` steps."""
        self.epochs, self.steps_per_epoch = epochs, steps_per_epoch
        self.left = TimeLeft(epochs, steps_per_epoch, done, self.clock)
        self.output = Output(self.file)
        console = self.output.terminal()
        self.bar = None if console is None else Bar(console, epochs * steps_per_epoch)
        if self.bar:
            self.bar.draw(done, f"epoch {min(done // steps_per_epoch + 1, epochs)}/{epochs}", "", "")
        self.next = self.clock() + (DRAW_EVERY if self.bar else LINE_EVERY)

    def update(self, epoch: int, step: int, images_per_second: float, loss: float, accuracy: float, lr: float) -> None:
        """Step `step` of epoch `epoch` is done, both counted from 1; the numbers are the epoch's so far."""
        now = self.left.step_done((epoch - 1) * self.steps_per_epoch + step)
        if now < self.next:
            return
        head, left = f"epoch {epoch}/{self.epochs}", self.left.text()
        details = (
            f"step {step}/{self.steps_per_epoch}  {images_per_second:,.0f} images/s  "
            f"{_figures({'loss': loss, 'accuracy': accuracy})}  lr {lr:.3g}"
        )
        if self.bar is None:
            self.output.line(f"{head}  {details}  {left}")
            self.next = now + LINE_EVERY
        else:
            self.bar.draw(self.left.done, head, left, details)
            after = self.clock()
            self.next = after + max(DRAW_EVERY, (after - now) / DRAW_SHARE)

    def epoch_done(self, record: Mapping[str, Any]) -> None:
        """An epoch is over, and so is its evaluation: `record` is its entry in the history."""
        self.left.epoch_done()
        line = f"epoch {record['epoch']}/{self.epochs}  {_figures(record)}"
        if evaluated := {k.removeprefix("val_"): v for k, v in record.items() if k.startswith("val_")}:
            line += f"  eval: {_figures(evaluated)}"
        if self.bar is None:
            self.output.line(f"{line}  {record['images_per_second']:,.0f} images/s  {self.left.text()}")
            self.next = self.clock() + LINE_EVERY
        else:
            self.bar.line(line)

    def close(self) -> None:
        """Take the bar away; the lines stay."""
        if self.bar is not None:
            self.bar.close()
            self.bar = None


def _figures(record: Mapping[str, Any]) -> str:
    """ "loss 0.1234  accuracy 56.78%  top5 0.9876": the figures of the training, or those of the evaluation"""
    own = [(name, value) for name, value in record.items() if not name.startswith("val_") and name not in NOT_SHOWN]
    shown = [
        f"{name} {value:.2%}" if name.endswith("accuracy") else f"{name} {value:.4f}"
        for name, value in own
        if not (name == "accuracy" and math.isnan(value))  # as of a net whose labels are no classes
    ]
    return "  ".join(shown)


class TimeLeft:
    """How long a run still takes: its steps at their recent pace, and the pauses after its epochs.

    The very first step does not count: it compiles the kernels.
    """

    RECENT = 300  # steps

    def __init__(self, epochs: int, steps_per_epoch: int, done: int, clock: Clock):
        self.epochs, self.steps_per_epoch, self.done, self.clock = epochs, steps_per_epoch, done, clock
        self.last = math.nan  # when the last step or pause ended; NaN before the first one
        self.pace = math.nan  # seconds a step
        self.counted = 0  # steps behind that
        self.pause = 0.0  # seconds from the last step of an epoch to its end

    def step_done(self, done: int) -> float:
        """`done` steps of the run are done; returns the time."""
        now, steps = self.clock(), done - self.done
        if steps > 0 and not math.isnan(self.last):
            self.counted += steps
            seconds = (now - self.last) / steps
            share = min(1.0, steps / min(self.counted, self.RECENT))
            self.pace = seconds if share == 1 else self.pace + share * (seconds - self.pace)
        self.last, self.done = now, done
        return now

    def epoch_done(self) -> None:
        """The epoch's evaluation, and whatever else came after its last step, is over."""
        now = self.clock()
        if not math.isnan(self.last):
            self.pause = now - self.last
        self.last = now

    def seconds(self) -> float:
        """NaN as long as it is not known: before the second step."""
        steps = self.epochs * self.steps_per_epoch - self.done
        pauses = self.epochs - self.done // self.steps_per_epoch
        return steps * self.pace + pauses * self.pause

    def text(self) -> str:
        """ "1:02:03 left" """
        seconds = self.seconds()
        if math.isnan(seconds):
            return "?:?? left"
        minutes, s = divmod(round(seconds), 60)
        hours, m = divmod(minutes, 60)
        return f"{hours}:{m:02}:{s:02} left" if hours else f"{m}:{s:02} left"


class Bar:
    """The two last lines of a terminal: a bar between two texts, and below it the details."""

    def __init__(self, console: Any, total: int):
        from rich.live import Live

        self.console, self.total = console, total
        # No refreshing thread: it would take the interpreter away from the training at any moment.
        self.live = Live(console=console, auto_refresh=False, transient=True)
        self.live.start()

    def draw(self, done: int, left: str, right: str, details: str) -> None:
        from rich.console import Group
        from rich.progress_bar import ProgressBar
        from rich.table import Table
        from rich.text import Text

        row = Table.grid("", "", "", padding=(0, 2, 0, 0), expand=True)
        row.columns[1].ratio = 1  # the bar has all the room that is left
        row.add_row(left, ProgressBar(self.total, done, complete_style="green", finished_style="green"), right)
        self.live.update(Group(row, Text(details, no_wrap=True, overflow="ellipsis")), refresh=True)

    def line(self, text: str) -> None:
        """Print a line that stays, above the bar."""
        self.console.print(text, markup=False)

    def close(self) -> None:
        self.live.stop()
