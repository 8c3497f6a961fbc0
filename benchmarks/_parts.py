"""Where a training step's time goes, operation by operation, seen from outside through public hooks."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from typing import Any

CONVOLUTIONS = ("conv2d_input", "conv2d_weight")  # in backward; the rest of a rule is named by its operation


class Parts:
    """A stopwatch on which every moment of a step belongs to one part: the one that ends next.

    "tanh" is its forward pass with the Python around it, "tanh, backward" its gradient rule. The rule of conv2d is
    split into conv2d_input (dx), conv2d_weight (dw) and "conv2d, backward" (db).
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)

    def lap(self, part: str) -> None:
        now = time.perf_counter()
        self.seconds[part] += now - self._last
        self._last = now

    def start(self) -> None:
        self._last = time.perf_counter()

    def observer(self, name: str, inputs: Any, output: Any, arguments: Any) -> None:
        """After every operation: for tinyconv.on_operation."""
        if output.grad_fn is not None:
            self.lap(name)
            output.grad_fn.register_hook(self._after_rule)
        elif name in CONVOLUTIONS:
            self.lap(name)

    def _after_rule(self, operation: Any, dy: Any, gradients: Any) -> None:
        self.lap(f"{operation.name}, backward")


def parts_of(forward: Callable[[], Any], update: Callable[[], Any]) -> dict[str, float]:
    """The time (ms) of each part of a step: loss = forward(), loss.backward(), update()."""
    import tinyconv

    parts = Parts()
    with tinyconv.on_operation(parts.observer):
        parts.start()
        loss = forward()
        loss.backward()
        parts.lap("keeping the gradients")
    update()
    parts.lap("optimiser")
    return {part: 1000 * seconds for part, seconds in parts.seconds.items()}
