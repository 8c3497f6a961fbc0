"""A line for whoever waits while Numba compiles kernels: for seconds, but once on a machine."""

import gc
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from numba.core import event

PATIENCE = 1.0  # seconds of compiling without a word
KEPT = "tinyconv compiles its kernels for this machine, once: about 10 s. `tinyconv warmup` does it beforehand."
NOT_KEPT = (
    "tinyconv compiles its kernels anew in every process, for about 10 s: there is no folder to keep them in that can "
    "be written to. Name one in the environment variable NUMBA_CACHE_DIR."
)


class Watch(event.Listener):
    """What Numba compiles for tinyconv in this process; what comes from its cache is not compiled."""

    def __init__(self, say: Callable[[str], None]):
        self.say = say
        self.functions: list[str] = []
        self.seconds = 0.0
        self._each: Callable[[str], object] = lambda name: None
        self._depth = 0  # a kernel is compiled while the one that calls it is
        self._outermost: Any = None
        self._said, self._kept = False, True
        self._collecting = False

    @contextmanager
    def by(self, each: Callable[[str], object]) -> Iterator[None]:
        """Whoever waits is told the name of every function by `each`, in place of the one line."""
        before, self._each, self._said = (self._each, self._said), each, True
        try:
            yield
        finally:
            self._each, self._said = before

    def on_start(self, event: Any) -> None:
        now = time.perf_counter()
        if self._depth == 0:
            self._collecting = gc.isenabled()
            gc.disable()  # millions of small objects, few of them garbage: looking for it took a twelfth of the time
            self._outermost, self._start = event.data["dispatcher"], now
            if self._ours():
                self.functions.append(self._outermost.py_func.__name__)
                self._each(self.functions[-1])
                if called_from_python(self._outermost):  # what only kernels call is kept with them
                    self._kept = self._outermost.stats.cache_path is not None
        self._depth += 1
        if not self._said and self._ours() and self.seconds + now - self._start > PATIENCE:
            self._said = True
            self.say(KEPT if self._kept else NOT_KEPT)

    def on_end(self, event: Any) -> None:
        self._depth -= 1
        if self._depth > 0:
            return
        if self._collecting:
            gc.enable()
        if self._ours():
            self.seconds += time.perf_counter() - self._start

    def _ours(self) -> bool:
        return self._outermost.py_func.__module__.startswith("tinyconv.")


def called_from_python(dispatcher: Any) -> bool:
    return not dispatcher.targetoptions.get("no_cpython_wrapper")


def _to_standard_error(line: str) -> None:
    with suppress(OSError, ValueError, AttributeError):  # closed; a pipe without a reader; none at all
        sys.stderr.write(line + "\n")
        sys.stderr.flush()


watch = Watch(_to_standard_error)
event.register("numba:compile", watch)
