"""What an operation computes, in the words of its docstring, and the source lines of its gradient rules."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import linecache
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass

import tinyconv.ops as ops


@functools.cache
def _functions() -> dict[str, Callable]:
    """Every function of tinyconv/ops by its name: the operation of that name."""
    found: dict[str, Callable] = {}
    for module in pkgutil.iter_modules(ops.__path__):
        for name, function in vars(importlib.import_module(f"{ops.__name__}.{module.name}")).items():
            if inspect.isfunction(function) and function.__module__.startswith(ops.__name__):
                found[name] = function
    return found


def formula(name: str) -> str:
    """The first line of the operation's docstring, its equation; "" if it has none.

    formula("relu")   "y = max(x, 0),   dx = dy where x > 0, 0 elsewhere (also at 0)."
    """
    function = _functions().get(name)
    lines = inspect.getdoc(function) if function is not None else None
    return lines.splitlines()[0].partition("   Nair")[0].strip() if lines else ""


@dataclass(frozen=True)
class Source:
    """Some lines of a file: the gradient rule of an operation."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        numbered = enumerate(self.text.splitlines(), self.line)
        return "\n".join(f"{number:5d}  {line}" for number, line in numbered)


def rule_source(rule: Callable) -> Source:
    """The lines that a gradient rule was written in: a lambda among the arguments of `record`, or a function."""
    code = rule.__code__
    first, last = _extent(code.co_filename, code.co_firstlineno)
    lines = [linecache.getline(code.co_filename, number).rstrip() for number in range(first, last + 1)]
    return Source(code.co_filename, first, inspect.cleandoc("\n".join(["", *lines])) if lines else "")


@functools.cache
def _extent(file: str, line: int) -> tuple[int, int]:
    """The first and the last line of the function or lambda that begins on a line."""
    try:
        tree = ast.parse("".join(linecache.getlines(file)))
    except SyntaxError:
        return line, line
    for node in ast.walk(tree):
        if isinstance(node, (ast.Lambda, ast.FunctionDef)) and node.lineno == line:
            return line, node.end_lineno or line
    return line, line
