"""What the page knows: one picture's way through a net and back, every number of it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinyconv.backend import engine
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.nn import Module
from tinyconv.nn.modes import modes_kept
from tinyconv.ops.loss import cross_entropy
from tinyconv.plots.style import cpu_array
from tinyconv.stepping import Step, formula, trace
from tinyconv.stepping.places import norm
from tinyconv.tape import enable_grad, reachable
from tinyconv.tensor import Tensor

from .nodes import Nodes
from .rails import rails


@dataclass
class Record:
    """One picture forward and backward, for the page.

    nodes   what is drawn: the picture, and every operation behind it (nodes.Nodes)
    steps   the backward pass in the order of the tape
    classes how many there are
    """

    nodes: Nodes
    steps: list[dict[str, Any]]
    label: int
    loss: float | None  # None: not finite
    classes: int

    def to_dict(self) -> dict[str, Any]:
        """All but the arrays, which are to be shortened first."""
        drawn = self.nodes.drawn
        lanes, lines = rails([[i["node"] for i in node["inputs"] if "node" in i] for node in drawn])
        for node, lane in zip(drawn, lanes, strict=True):
            node["lane"] = lane
        return {
            "nodes": drawn,
            "lines": lines,
            "parameters": self.nodes.parameters,
            "steps": self.steps,
            "label": self.label,
            "loss": self.loss,
            "dtype": str(self.nodes.picture.dtype),
        }


def gather(model: Module, x: np.ndarray, label: int | None) -> Record:
    """Run the net on one picture (C, H, W), forward and backward, in evaluation mode and in the engine `numpy`.

    The loss is the cross entropy with the label; without one, with the class that the net itself takes it for.
    Modes and gradients of the net are afterwards what they were.
    """
    with engine("numpy"), modes_kept(model), gradients_kept(model), enable_grad():
        model.eval()
        device = next((p.device for p in model.parameters()), "cpu")
        dtype = next((p.dtype for p in model.parameters()), np.float32)
        picture = Tensor(x[None].astype(dtype)).to(device).requires_grad_()
        with trace() as kept:
            logits = model(picture)
            label = _checked(logits, label)
            loss = cross_entropy(logits, [label], reduction="none")
        if not any(source is picture for operation in reachable([loss.source]) for source in operation.sources):
            raise ArgumentError(
                "explain_html", "the net's output does not depend on the picture: nothing is to be seen."
            )
        events = list(kept.forward)
        steps = list(loss.steps(engine="numpy"))
        nodes = Nodes(model, picture, events)
        return Record(nodes, [_step(step, nodes) for step in steps], label, _norm(loss), logits.shape[1])


@contextmanager
def gradients_kept(model: Module) -> Iterator[None]:
    """The parameters' `.grad` is put aside, and back afterwards."""
    before = [(p, p.grad) for p in model.parameters()]
    for p, _ in before:
        p.grad = None
    try:
        yield
    finally:
        for p, gradient in before:
            p.grad = gradient


def _checked(logits: Any, label: int | None) -> int:
    """The label, or the class of the largest output."""
    shape = getattr(logits, "shape", None)
    if shape is None or len(shape) != 2 or shape[0] != 1 or not shape[1]:
        what = f"shape {shape}" if shape is not None else f"a {type(logits).__name__}"
        raise ShapeError(
            "explain_html", f"the net gives {what} for one picture; it must give logits (1, K), one a class."
        )
    if label is None:
        return int(cpu_array(logits).argmax())
    if not 0 <= label < shape[1]:
        raise ArgumentError("explain_html", f"y is {label}; the net has {shape[1]} classes, from 0 to {shape[1] - 1}.")
    return label


# ---------------------------------------------------------------- the backward pass


def _step(step: Step, nodes: Nodes) -> dict[str, Any]:
    """A step of the backward pass: its rules, and what it gave to whom."""
    event = step.event
    return {
        "node": None if event is None else nodes.number_of(event),
        "name": step.name,
        "module": step.module,
        "formula": formula(step.name),
        "rules": [{"where": f"{_short(source.file)}:{source.line}", "text": source.text} for source in step.sources],
        "dy": None if step.dy is None else _norm(step.dy),
        "gives": [
            {**nodes.whose(c.source), "added": c.added, "norm": _norm(c.given), "total": _norm(c.total)}
            for c in step.contributions
        ],
    }


def _short(file: str) -> str:
    """.../site-packages/tinyconv/ops/conv.py -> tinyconv/ops/conv.py; of other files the name alone."""
    parts = file.replace("\\", "/").split("/")
    return "/".join(parts[parts.index("ops") - 1 :]) if "ops" in parts and "tinyconv" in parts else parts[-1]


def _norm(x: Tensor) -> float | None:
    """sqrt(sum of squares); None, which JSON can say, if it is not finite"""
    found = norm(x)
    return found if np.isfinite(found) else None
