"""What a run shows while it goes on: on a terminal, in a pipe, and where nobody reads it."""

import io
import math
import os
import re
import sys

import pytest

from tinyconv.train import progress
from tinyconv.train.console import Output
from tinyconv.train.progress import Progress, TimeLeft


class Clock:
    """Time that passes only when it is told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


def record(epoch, **more):
    return {
        "epoch": epoch,
        "loss": 0.25,
        "accuracy": 0.9,
        "seconds": 8.0,
        "images_per_second": 5212.6,
        **more,
    }


def run(shown, clock, epochs=2, steps=100, seconds=0.5, pause=7.0, first=0):
    """Steps of `seconds` each, a pause after each epoch, from step `first` on."""
    shown.start(epochs, steps, done=first)
    for done in range(first + 1, epochs * steps + 1):
        clock.now += seconds
        epoch, step = (done - 1) // steps + 1, (done - 1) % steps + 1
        shown.update(epoch, step, 1234.5, 0.125, 0.875, 0.05)
        if step == steps:
            clock.now += pause
            shown.epoch_done(record(epoch))
    shown.close()


# ---------------------------------------------------------------- plain lines


def test_lines(clock):
    file = io.StringIO()
    run(Progress(file, clock), clock)
    # Every 10 s a line; the first knows nothing of the pauses, and the last line of an epoch is its summary.
    assert file.getvalue().splitlines() == [
        "epoch 1/2  step 20/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  1:30 left",
        "epoch 1/2  step 40/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  1:20 left",
        "epoch 1/2  step 60/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  1:10 left",
        "epoch 1/2  step 80/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  1:00 left",
        "epoch 1/2  step 100/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  0:50 left",
        "epoch 1/2  loss 0.2500  accuracy 90.00%  5,213 images/s  0:57 left",
        "epoch 2/2  step 20/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  0:47 left",
        "epoch 2/2  step 40/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  0:37 left",
        "epoch 2/2  step 60/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  0:27 left",
        "epoch 2/2  step 80/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  0:17 left",
        "epoch 2/2  step 100/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05  0:00 left",
        "epoch 2/2  loss 0.2500  accuracy 90.00%  5,213 images/s  0:00 left",
    ]


def test_an_evaluation_is_shown(clock):
    file = io.StringIO()
    shown = Progress(file, clock)
    shown.start(12, 1)
    shown.epoch_done(record(1, val_loss=0.5, val_accuracy=0.98765))
    assert "  loss 0.2500  accuracy 90.00%  eval: loss 0.5000  accuracy 98.77%  5,213 images/s" in file.getvalue()


def test_more_figures_are_shown_and_an_accuracy_that_is_none_is_not(clock):
    file = io.StringIO()
    shown = Progress(file, clock)
    shown.start(1, 1)
    clock.now += progress.LINE_EVERY
    shown.update(1, 1, 10, 0.5, math.nan, 0.1)
    several = record(1, side_accuracy=0.5, side_loss=1.5, val_loss=2.0, val_top5=0.75)
    del several["accuracy"]
    shown.epoch_done(several)
    step, end = file.getvalue().splitlines()
    assert "images/s  loss 0.5000  lr 0.1  " in step
    assert end.startswith(
        "epoch 1/1  loss 0.2500  side_accuracy 50.00%  side_loss 1.5000  eval: loss 2.0000  top5 0.7500"
    )


def test_lines_go_to_standard_output(clock, capsys):
    run(Progress(clock=clock), clock, epochs=1)
    out, err = capsys.readouterr()
    assert out.count("\n") == 6
    assert out.isascii() and "\x1b" not in out and "\r" not in out
    assert err == ""


def test_lines_in_an_environment_that_asks_for_colours(clock, monkeypatch):
    """FORCE_COLOR makes rich take a pipe for a terminal; the bar in a log file would be rubbish."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    file = io.StringIO()
    run(Progress(file, clock), clock)
    assert "\x1b" not in file.getvalue()


def test_a_dumb_terminal_gets_lines(clock, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    file = Terminal()
    run(Progress(file, clock), clock)
    assert "\x1b" not in file.getvalue() and file.getvalue().count("\n") == 12


# ---------------------------------------------------------------- the bar


def test_the_bar(clock):
    terminal = Terminal()
    run(Progress(terminal, clock), clock, epochs=2)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", terminal.getvalue())
    assert re.search(r"epoch 1/2 +[━╸╺]+  1:30 left", text)
    assert "step 20/100  1,234 images/s  loss 0.1250  accuracy 87.50%  lr 0.05" in text
    assert "epoch 1/2  loss 0.2500  accuracy 90.00%\n" in text
    assert max(map(len, re.split(r"[\r\n]+", text))) <= 80


def test_the_bar_gives_the_terminal_back(clock):
    terminal, stdout = Terminal(), sys.stdout
    shown = Progress(terminal, clock)
    shown.start(1, 10)
    assert sys.stdout is not stdout  # what others print goes above the bar
    assert terminal.getvalue().count("\x1b[?25l") == 1  # the cursor is hidden
    shown.close()
    assert sys.stdout is stdout
    assert terminal.getvalue().count("\x1b[?25h") == 1
    shown.close()


def test_the_bar_is_drawn_rarely(clock, monkeypatch):
    drawn = []
    monkeypatch.setattr(progress.Bar, "draw", lambda *args: drawn.append(clock.now))
    run(Progress(Terminal(), clock), clock, epochs=1, steps=1000, seconds=0.01)
    assert 45 <= len(drawn) <= 51  # 10 s


def test_a_slow_terminal_is_drawn_on_even_less(clock, monkeypatch):
    drawn = []

    def draw(*args):
        clock.now += 0.05
        drawn.append(clock.now)

    monkeypatch.setattr(progress.Bar, "draw", draw)
    run(Progress(Terminal(), clock), clock, epochs=1, steps=10_000, seconds=0.01)
    assert len(drawn) == 1 + 4  # at the start; then in 100 s with 0.05 s a drawing, two thousandths of the time


def test_the_bar_on_a_terminal_of_poor_encoding(clock):
    """A Latin-1 terminal lacks the bar's signs, and Python would raise UnicodeEncodeError."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="latin-1")
    file.isatty = lambda: True
    run(Progress(file, clock), clock)
    file.flush()
    assert b"epoch 2/2" in file.buffer.getvalue()


# ---------------------------------------------------------------- nobody reads


class Broken(io.StringIO):
    """A pipe whose reader has gone away, or a terminal that was closed."""

    def __init__(self, terminal):
        super().__init__()
        self.terminal = terminal

    def isatty(self):
        return self.terminal

    def write(self, text):
        raise BrokenPipeError

    def flush(self):
        raise BrokenPipeError


@pytest.mark.parametrize("terminal", [False, True])
def test_a_broken_pipe_is_no_error(clock, terminal):
    stdout = sys.stdout
    run(Progress(Broken(terminal), clock), clock)
    assert sys.stdout is stdout


def test_a_real_broken_pipe_is_no_error(clock):
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w", closefd=False) as file:
        run(Progress(file, clock), clock)
        # What is still in the buffer would meet the closed pipe once more, at the end of this block.
        os.dup2(os.open(os.devnull, os.O_WRONLY), writer)
    os.close(writer)


def test_a_closed_file_and_none_at_all_are_no_error(clock, monkeypatch):
    file = io.StringIO()
    file.close()
    run(Progress(file, clock), clock)
    monkeypatch.setattr(sys, "stdout", None)  # as under pythonw
    run(Progress(clock=clock), clock)


def test_what_an_encoding_lacks_becomes_a_question_mark():
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    Output(file).line("Größe → 3")
    assert file.buffer.getvalue() == b"Gr??e ? 3\n".replace(b"\n", os.linesep.encode())


# ---------------------------------------------------------------- the time left


def test_the_time_left_counts_steps_and_pauses(clock):
    left = TimeLeft(epochs=3, steps_per_epoch=10, done=0, clock=clock)
    assert left.text() == "?:?? left"
    clock.now += 60  # compiles; no measure of what is to come
    left.step_done(1)
    assert left.text() == "?:?? left"
    for step in range(2, 11):
        clock.now += 3
        left.step_done(step)
    assert left.seconds() == pytest.approx(20 * 3)
    clock.now += 100
    left.epoch_done()
    assert left.seconds() == pytest.approx(20 * 3 + 2 * 100)
    clock.now += 3
    left.step_done(11)
    assert left.seconds() == pytest.approx(19 * 3 + 2 * 100)


def test_the_time_left_follows_a_change_of_pace(clock):
    left = TimeLeft(epochs=1, steps_per_epoch=100_000, done=0, clock=clock)
    for step in range(1, 10_001):
        clock.now += 0.01 if step <= 5000 else 0.1
        left.step_done(step)
    assert left.seconds() == pytest.approx(90_000 * 0.1, rel=1e-3)


def test_the_time_left_of_a_resumed_run(clock):
    left = TimeLeft(epochs=4, steps_per_epoch=10, done=25, clock=clock)
    for step in (26, 27):
        clock.now += 2
        left.step_done(step)
    assert left.seconds() == pytest.approx(13 * 2)


def test_a_run_resumed_at_the_very_end_of_an_epoch(clock):
    """Then the epoch ends without a step."""
    file = io.StringIO()
    shown = Progress(file, clock)
    shown.start(3, 10, done=10)
    clock.now += 5
    shown.epoch_done(record(1))
    for step in range(1, 4):
        clock.now += 4
        shown.update(2, step, 1.0, 1.0, 1.0, 1.0)
    assert "?:?? left" in file.getvalue().splitlines()[0]
    assert file.getvalue().endswith("step 3/10  1 images/s  loss 1.0000  accuracy 100.00%  lr 1  1:08 left\n")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.4, "0:00"), (59.6, "1:00"), (61, "1:01"), (3599, "59:59"), (3600, "1:00:00"), (90061, "25:01:01")],
)
def test_durations(clock, seconds, text):
    left = TimeLeft(epochs=1, steps_per_epoch=3, done=0, clock=clock)
    left.step_done(1)
    clock.now += seconds
    left.step_done(2)
    assert left.text() == f"{text} left"
