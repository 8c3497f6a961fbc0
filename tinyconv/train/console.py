"""Where a run's messages go: a terminal that can be redrawn, or plain lines into a pipe or a file."""

from __future__ import annotations

import sys
from typing import Any, TextIO


class Output:
    """A text stream that never fails: what a closed pipe does not take is dropped, what its encoding lacks is a "?".

    A training run of hours must not end because nobody reads its messages any more.
    """

    def __init__(self, file: TextIO | None = None):
        self.file = sys.stdout if file is None else file  # None where Python runs without a console

    @property
    def encoding(self) -> str:
        return getattr(self.file, "encoding", None) or "utf-8"

    def write(self, text: str) -> int:
        try:
            self.file.write(text.encode(self.encoding, "replace").decode(self.encoding))  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):  # ValueError: the file was closed by ourselves
            pass
        return len(text)

    def flush(self) -> None:
        try:
            self.file.flush()  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):
            pass

    def isatty(self) -> bool:
        try:
            return self.file.isatty()  # type: ignore[union-attr]
        except (OSError, ValueError, AttributeError):
            return False

    def line(self, text: str) -> None:
        """Write a plain line at once."""
        self.write(text + "\n")
        self.flush()

    def terminal(self) -> Any:
        """rich's Console on this stream, or None unless it is a terminal whose cursor can be moved."""
        if not self.isatty():
            return None
        from rich.console import Console

        console = Console(file=self, highlight=False)  # type: ignore[arg-type]
        return console if console.is_terminal and not console.is_dumb_terminal else None
