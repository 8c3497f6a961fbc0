"""Where a run's messages go: a terminal that can be redrawn, or plain lines into a pipe or a file."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, TextIO

# A pipe without a reader; a file that was closed; no standard output at all, as under pythonw.
FAILURES = (OSError, ValueError, AttributeError)


class Output:
    """A text stream that never fails: what it cannot take is dropped, what its encoding lacks is a "?".

    A training run of hours must not end because nobody reads its messages any more.
    """

    def __init__(self, file: TextIO | None = None):
        self.file: Any = sys.stdout if file is None else file

    @property
    def encoding(self) -> str:
        return getattr(self.file, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        with suppress(*FAILURES):
            self.file.write(text.encode(self.encoding, "replace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        with suppress(*FAILURES):
            self.file.flush()

    def isatty(self) -> bool:
        with suppress(*FAILURES):
            return self.file.isatty()
        return False

    def line(self, text: str) -> None:
        """Write a line at once."""
        self.write(text + "\n")
        self.flush()

    def terminal(self) -> Any:
        """rich's Console on this stream, or None unless it is a terminal whose cursor can be moved."""
        # Asked first: variables such as FORCE_COLOR make rich take a pipe for a terminal.
        if not self.isatty():
            return None
        from rich.console import Console

        console = Console(file=self, highlight=False)  # type: ignore[arg-type]
        return console if console.is_terminal and not console.is_dumb_terminal else None
