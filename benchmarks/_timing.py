"""Timing contenders in turn: each in a process of its own, A B C A B C, after a check that they agree."""

from __future__ import annotations

import json
import math
import multiprocessing
import os
import signal
import statistics
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from _machine import OtherPrograms

T = TypeVar("T")
QUIET = 0.1  # cores that other programs may use during a round


class Contender:
    """An object that `build(*arguments)` makes in a new process; its methods are called by name.

    The process sets `environment` before `build` imports anything: libraries read some settings only while they
    are loaded. Between its calls the process is stopped: its threads might spin while another has its turn.
    """

    def __init__(self, name: str, build: Callable[..., Any], *arguments: Any, environment: Mapping[str, str] = {}):
        self.name = name
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(theirs, dict(environment), build, arguments), daemon=True)
        self._process.start()
        theirs.close()
        self.pid = self._process.pid

    def call(self, method: str, *arguments: Any) -> Any:
        try:
            self._signal("SIGCONT")
            self._pipe.send((method, arguments))
            answer = self._pipe.recv()
        except (EOFError, ConnectionError):
            raise SystemExit(f"{self.name} failed; its own message is above.") from None
        self._signal("SIGSTOP")
        return answer

    def close(self) -> None:
        self._signal("SIGCONT")
        self._pipe.close()
        self._process.join()

    def _signal(self, name: str) -> None:
        if hasattr(signal, name) and self._process.is_alive():  # Windows has neither signal
            os.kill(self.pid, getattr(signal, name))


def _serve(pipe: Any, environment: Mapping[str, str], build: Callable[..., Any], arguments: tuple) -> None:
    os.environ.update(environment)
    served = build(*arguments)
    while True:
        try:
            method, arguments = pipe.recv()
        except EOFError:  # the other end was closed: no more questions
            return
        pipe.send(getattr(served, method)(*arguments))


def error_of(found: Mapping[str, Any], exact: Mapping[str, Any]) -> tuple[float, str]:
    """The largest relative error of the named arrays, |found - exact| / |exact| in the Euclidean norm, and whose."""
    import numpy as np

    errors = {}
    for name in exact.keys() | found.keys():
        a, b = (np.asarray(side.get(name, math.nan)) for side in (found, exact))
        error = np.linalg.norm(a - b) / np.linalg.norm(b) if a.shape == b.shape else math.inf
        errors[name] = math.inf if math.isnan(error) else float(error)
    worst = max(errors, key=errors.__getitem__)
    return errors[worst], worst


def check_agree(found: Mapping[str, Any], exact: Mapping[str, Any], who: str, tolerance: float) -> float:
    """Stop unless every named array is the exact one but for rounding; the largest relative error."""
    error, name = error_of(found, exact)
    if error > tolerance:
        raise SystemExit(f"{who} {name} is wrong by {error:.1e} of its size; {tolerance:.1e} is rounding.")
    return error


def seconds_of(step: Callable[[], Any], steps: int) -> list[float]:
    """How long each of some steps takes, after one or two that bring threads and caches back."""
    for _ in range(min(steps, 2)):
        step()
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    return times


def quietest(measure: Callable[[], T], rounds: int, contenders: list[Contender]) -> list[tuple[T, float]]:
    """What `measure` gave in the quietest rounds, each with the cores that other programs kept busy meanwhile.

    What slows the machine down for a while slows all contenders, but not alike: threads that wait for each other
    suffer most when another program takes a core. So disturbed rounds are repeated, up to three times
    as many in all as asked for: a choice that does not look at what was measured.
    """
    done: list[tuple[T, float]] = []
    others = OtherPrograms([c.pid for c in contenders])
    while len(done) < 3 * rounds and sum(cores < QUIET for _, cores in done) < rounds:
        done.append((measure(), others.cores()))
    return sorted(done, key=lambda measured: measured[1])[:rounds]


def take_turns(contenders: list[Contender], rounds: int, seconds: float) -> list[tuple[dict[str, float], float]]:
    """Rounds A B C, A B C, ... of turns about `seconds` long: each one's median step time in seconds.

    Contenders have the method `seconds(steps)`.
    """
    steps = {c.name: math.ceil(seconds / min(c.call("seconds", 1))) for c in contenders}
    return quietest(
        lambda: {c.name: statistics.median(c.call("seconds", steps[c.name])) for c in contenders}, rounds, contenders
    )


def spread(values: list[float], digits: int = 3) -> dict[str, float]:
    """The median, and the quartiles between which the middle half of the values lies."""
    low, median, high = statistics.quantiles(values, n=4, method="inclusive") if len(values) > 1 else values * 3
    return {"median": round(median, digits), "low": round(low, digits), "high": round(high, digits)}


def medians(many: list[dict[str, float]]) -> dict[str, float]:
    """The median under each key, the largest first."""
    middle = {key: round(statistics.median(one[key] for one in many), 4) for key in many[0]}
    return dict(sorted(middle.items(), key=lambda item: -item[1]))


def show(numbers: Mapping[str, float]) -> str:
    """ "12.3 (11.9 to 12.8)": the median and the quartiles."""
    return "{median:.3g} ({low:.3g} to {high:.3g})".format(**numbers)


def write_json(path: str, content: Mapping[str, Any]) -> None:
    """Written beside its target and renamed: the file is whole at any moment."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    temporary = target.with_name(f".{target.name}.{os.getpid()}.tmp")
    temporary.write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")
    os.replace(temporary, target)
