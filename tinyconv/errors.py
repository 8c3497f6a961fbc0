"""The errors that users meet: each names the operation, the argument, its value, and the cure."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class TinyconvError(Exception):
    """Base of all errors of this package.

    `operation` is the public call that failed; `module` is the path of the layer it happened in
    ("block2.conv1"), which `nn.Module` fills in while the error passes through.
    """

    def __init__(self, operation: str, problem: str):
        super().__init__(operation, problem)
        self.operation = operation
        self.problem = problem
        self.module = ""

    def __str__(self) -> str:
        where = f" ({self.module})" if self.module else ""
        return f"{self.operation}{where}: {self.problem}"


class ShapeError(TinyconvError, ValueError):
    """Shapes or a window's geometry that do not fit together."""


class DTypeError(TinyconvError, TypeError):
    """A data type that the operation does not take."""


class DeviceError(TinyconvError, RuntimeError):
    """A device that is not there, or arrays on different devices."""


class OutOfMemoryError(TinyconvError, MemoryError):
    """Something that does not fit into a GPU's memory.

    told  what was asked for, what arrays occupy, what is free
    """

    told = ""


class ArgumentError(TinyconvError, ValueError):
    """An argument outside the values that it may take."""


class GraphError(TinyconvError, RuntimeError):
    """A backward pass that cannot be made: a freed graph, or data changed since it was saved."""


class AnomalyError(TinyconvError, ArithmeticError):
    """A result or gradient with a NaN or infinity in it, found by `detect_anomaly`.

    layer     the class of the layer that it happened in ("Conv2d"); its path is `module`
    line      the user's line that called the operation ("train.py:31"), "" if it was not watched then
    backward  was it found in the backward pass?
    """

    layer = line = ""
    backward = False

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.module, self.layer)))
        name = f"backward of {self.operation}" if self.backward else self.operation
        return f"{name}{f' ({where})' if where else ''}: {self.problem}"


class GradcheckError(TinyconvError):
    """Backward does not agree with the derivative of forward; the text is the check's whole report."""


class TrainingWarning(UserWarning):
    """Something about a training run that looks like a mistake, found by the training doctor (docs/doctor.md)."""


class DataError(TinyconvError, ValueError):
    """A file or data set that is missing, empty, truncated, or not of its format."""


MOST_LISTED = 24  # names; of more, those that are a little like the one that was asked for


class UnknownNameError(TinyconvError, LookupError):
    """A name that is not in the list it was looked up in; the nearest right one is suggested."""

    def __init__(self, operation: str, kind: str, name: str, known: Iterable[str]):
        known = sorted(known)
        nearest = difflib.get_close_matches(str(name), known, n=1)
        hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
        listed = known
        if len(known) > MOST_LISTED:
            alike = difflib.get_close_matches(str(name), known, n=MOST_LISTED, cutoff=0.4)
            listed = sorted(alike) or known[:MOST_LISTED]
        more = f" and {len(known) - len(listed)} more" if len(known) > len(listed) else ""
        super().__init__(operation, f"there is no {kind} {name!r}.{hint} Known: {', '.join(listed)}{more}.")

    def __reduce__(self) -> tuple:
        return _rebuild, (type(self), self.operation, self.problem, self.module)


def _rebuild(kind: type[TinyconvError], operation: str, problem: str, module: str) -> TinyconvError:
    error = kind.__new__(kind)
    TinyconvError.__init__(error, operation, problem)
    error.module = module
    return error
