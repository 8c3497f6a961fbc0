"""A module in a notebook: its layers in rows that fold."""

from __future__ import annotations

import math
from html import escape
from typing import Any

from tinyconv.ledger.trace import trace
from tinyconv.ledger.work import of_step
from tinyconv.nn.module import Module

from .html import card, head

OPEN = 24  # rows: up to so many, nothing is folded up


def html(net: Module) -> str:
    """Each layer with its arguments, output and parameters; outputs of nets that know the size of their pictures."""
    shapes, work = _outputs(net)
    parameters = list(net.parameters())
    learned = sum(p.numel() for p in parameters if p.requires_grad)
    frozen = sum(p.numel() for p in parameters) - learned
    notes = [f"{learned + frozen:,} parameters", f"{frozen:,} of them frozen" * bool(frozen)]
    notes += [f"{work:,} multiply-adds a picture" * bool(work), "" if net.training else "in evaluation mode"]
    size = getattr(net, "input_size", None)
    notes += ["pictures of " + "×".join(map(str, size))] if shapes and size else []
    headings = [*("layer", "", "output" if shapes else "", "parameters")]
    top = "".join(f'<span class="{"tcn-right" if i > 1 else ""}">{name}</span>' for i, name in enumerate(headings))
    unfolded = sum(1 for _ in net.modules()) <= OPEN
    rows = "".join(_rows(child, name, name, 0, shapes, unfolded) for name, child in net.named_children())
    body = f'<div class="tcn-row tcn-pale">{top}</div>{rows}' if rows else escape(repr(net))
    return card(head(type(net).__name__, notes), body)


def _outputs(net: Module) -> tuple[dict[str, tuple[int, ...]], int]:
    """Path -> shape of the output, of each layer that runs; and the multiply-adds. Nothing if that is not known."""
    size: Any = getattr(net, "input_size", None)
    if size is None:
        return {}, 0
    try:
        steps = trace(net, *size).steps
    except Exception:  # a net is shown, whatever may be wrong with it
        return {}, 0
    return {step.module: step.shape for step in steps}, sum(map(of_step, steps))


def _rows(module: Module, name: str, path: str, depth: int, shapes: dict[str, tuple[int, ...]], unfolded: bool) -> str:
    children = list(module.named_children())
    shape = shapes.get(path) or _last(path, shapes)
    numbers = sum(math.prod(p.shape) for p in module.parameters())
    arguments = "" if children else module.extra_repr()
    mark = '<span class="tcn-mark"></span>' if children else '<span style="display:inline-block;width:1.1em"></span>'
    row = (
        f'<div class="tcn-row"><span style="padding-left:{1.1 * depth:.1f}em">{mark}{escape(name)} '
        f"<b>{escape(type(module).__name__)}</b></span>"
        f'<span class="tcn-pale">{escape(arguments)}</span>'
        f'<span class="tcn-right">{"×".join(map(str, shape)) if shape else ""}</span>'
        f'<span class="tcn-right">{f"{numbers:,}" if numbers else ""}</span></div>'
    )
    if not children:
        return row
    opened = ' open="open"' * unfolded
    inside = "".join(_rows(child, n, f"{path}.{n}", depth + 1, shapes, unfolded) for n, child in children)
    return f"<details{opened}><summary>{row}</summary>{inside}</details>"


def _last(path: str, shapes: dict[str, tuple[int, ...]]) -> tuple[int, ...]:
    """The output of the last layer that runs inside a block."""
    return next((shape for inner, shape in reversed(shapes.items()) if inner.startswith(f"{path}.")), ())
