"""The classification report, as text and on a terminal."""

import io

import numpy as np
import pytest

from tinyconv.train.metrics import classification_report
from tinyconv.train.report import print_report, report_text


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.fixture
def plain_environment(monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "80")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)


CATS_AND_DOGS = classification_report(np.array([[3, 1], [0, 4]]), ["cat", "guide dog"])
NO_FISH = classification_report(np.array([[3, 0], [1, 0]]), ["[b]cat", "fish"])


def test_text():
    # cat: 3/3, 3/4, 6/7   dog: 4/5, 4/4, 8/9   means of both, which have the same support
    assert report_text(CATS_AND_DOGS) == (
        "                  precision      recall          F1      support\n"
        "\n"
        "cat                  1.0000      0.7500      0.8571            4\n"
        "guide dog            0.8000      1.0000      0.8889            4\n"
        "\n"
        "accuracy                                     0.8750            8\n"
        "macro average        0.9000      0.8750      0.8730            8\n"
        "weighted average     0.9000      0.8750      0.8730            8\n"
    )


def test_undefined_scores_are_marked_and_explained():
    # fish: precision 0/0, recall 0/1, F1 2*0 / (0 + 1)
    text = report_text(NO_FISH)
    assert "\n[b]cat               0.7500      1.0000      0.8571            3\n" in text
    assert "\nfish                 0.0000*     0.0000      0.0000            1\n" in text
    assert "\n\n* is 0/0, counted as 0: no picture was taken for this class (precision), or none" in text
    assert "0/0" not in report_text(CATS_AND_DOGS)


@pytest.mark.parametrize("report", [CATS_AND_DOGS, NO_FISH])
def test_print_without_a_terminal(report, capsys):
    print_report(report)
    assert capsys.readouterr().out == report_text(report)


def test_print_on_a_terminal(plain_environment):
    terminal = Terminal()
    print_report(NO_FISH, terminal)
    text = terminal.getvalue()
    for part in ("precision", "[b]cat", "0.0000*", "macro average", "0/0", "\x1b["):
        assert part in text
    assert not any(line.endswith("…") for line in text.splitlines())


def test_print_on_a_dumb_terminal(plain_environment, monkeypatch):
    monkeypatch.setenv("TERM", "dumb")
    terminal = Terminal()
    print_report(CATS_AND_DOGS, terminal)
    assert terminal.getvalue() == report_text(CATS_AND_DOGS)
