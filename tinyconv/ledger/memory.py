"""How much memory a training step takes, found by rehearsing one: all its arrays are made, but no kernel runs.

Counted are all arrays of the step: the batch, what layers keep for the backward pass, gradients, scratch, and what else
Python allocates meanwhile. Weights, buffers and the optimiser's memory are there before it.
"""

from __future__ import annotations

import gc
import tracemalloc
from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from types import FunctionType
from typing import Any

import numpy as np

from tinyconv import observe, tape
from tinyconv.backend import current_engine, engine
from tinyconv.errors import ArgumentError
from tinyconv.memory import empty, empty_like
from tinyconv.nn.module import Module, Parameter
from tinyconv.optim.optimizer import Optimizer
from tinyconv.rehearsal import Rehearsal, rehearsing
from tinyconv.tape import Operation
from tinyconv.tensor import Tensor

from .pool import held_idle
from .trace import Shape, as_it_was, dtype_of, tensors_in

MOST = 2**29  # bytes that NumPy itself makes: a batch that needs more is extrapolated from two smaller ones
FEW = 2  # pictures on which it is first tried what NumPy makes
NOISE = 1000  # bytes that Python's own objects take

Build = Callable[[list[Parameter]], Optimizer]


@dataclass(frozen=True)
class Memory:
    """What a training step takes, in bytes.

    kept   path of a layer -> what it keeps for the backward pass, each array counted for the first layer that does;
           for layers that run as one, for the first of them
    work   path of a layer -> scratch: the most that its kernels need, forward or back, beside what they take and give
    peak   the most that there is at a time, without what was there before the step
    idle   what the pool of memory holds beside that
    sizes  of the batches that were rehearsed: one, or two from which this is extrapolated
    """

    kept: dict[str, int]
    work: dict[str, int]
    peak: int
    idle: int
    sizes: tuple[int, ...]


def training_step(net: Module, N: int, picture: Shape) -> Memory:
    """The memory of a step on N pictures: forward, and back from a gradient for each output.

    In training mode, on the CPU, on the engine in force ("numpy" in place of "loops"). The net is not changed.
    """
    _Step(net, N if N < FEW else FEW, picture)  # loads, not yet counted, what is loaded but once
    with _counting():
        first = _Step(net, N if N < FEW else FEW, picture)
        most = max(FEW + 1, FEW * MOST // max(first.made, 1))
        if N <= FEW:
            return _memory_of(first, first, N)
        if most >= N:
            only = _Step(net, N, picture)
            return _memory_of(only, only, N)
        return _memory_of(_Step(net, -(-most // 2), picture), _Step(net, most, picture), N)


def _memory_of(a: _Step, b: _Step, N: int) -> Memory:
    """Of a step on N pictures, from one on N, or two on fewer."""

    def line(x: int, y: int) -> int:
        return x if a is b else round(x + (y - x) * (N - a.N) / (b.N - a.N))

    return Memory(
        {path: line(a.kept[path], b.kept[path]) for path in b.kept},
        {path: work for path in b.work if (work := max(b.work[path], line(a.work[path], b.work[path]))) > NOISE},
        max(map(line, a.peaks, b.peaks)),
        max(0, line(a.idle, b.idle)),
        (a.N,) if a is b else (a.N, b.N),
    )


class _Step:
    """A training step on N pictures, rehearsed.

    peaks  the most memory from the end of an operation to that of the next, forward and back
    made   the most that was written to: what NumPy made
    idle   what the pool of memory holds beside its loans
    """

    def __init__(self, net: Module, N: int, picture: Shape):
        self.N, self.made = N, 0
        self.peaks = array("q")
        self.kept: dict[str, int] = defaultdict(int)
        self.work: dict[str, int] = defaultdict(int)
        self._most = self._before_kernels = 0  # since the last operation: at all; with a kernel about to run
        self._rehearsal = Rehearsal(self._look, self._kernel)
        with as_it_was(net), _usual_engine(), tape.enable_grad(), np.errstate(all="ignore"):
            net.train().zero_grad()
            gc.collect()
            tracemalloc.reset_peak()
            self._start = tracemalloc.get_traced_memory()[0]
            with rehearsing(self._rehearsal), self._watching():
                self._run(net, Tensor(empty((N, *picture), dtype_of(net))))
                self._end()
        self.idle = held_idle(self._rehearsal)

    def _run(self, net: Module, x: Tensor) -> None:
        outputs = [y for y in tensors_in(net(x)) if y.requires_grad]
        self._keep(net, outputs)
        seeds = [(y.source, Tensor(empty_like(y.data))) for y in outputs]
        if seeds:
            tape.accumulate(tape.walk(seeds), seeds[0][1])

    # ------------------------------------------------------------ what happens meanwhile

    @contextmanager
    def _watching(self) -> Iterator[None]:
        with observe.on_operation(self._operation, apart=False), observe.on_step(self._step_back, apart=False):
            yield

    def _look(self) -> int:
        """The bytes that there are now; the most that there were is noted."""
        now, most = (n - self._start for n in tracemalloc.get_traced_memory())
        tracemalloc.reset_peak()
        self.made = max(self.made, most)
        self._most = max(self._most, most + self._rehearsal.lent)
        return now + self._rehearsal.lent

    def _kernel(self) -> None:
        self._before_kernels = max(self._before_kernels, self._look())

    def _operation(self, name: str, inputs: list[Tensor], output: Tensor, arguments: dict[str, Any]) -> None:
        if observe.step_back() is None:
            self._scratch(observe.where_called()[0])
        self._end()

    def _step_back(self, operation: Operation, dy: Tensor, gradients: list[Tensor], contributions: Any) -> None:
        self._scratch(operation.module)
        self._end()

    def _scratch(self, layer: str) -> None:
        """What was there when a kernel ran, and has gone since."""
        self.work[layer] = max(self.work[layer], self._before_kernels - self._look())
        self._before_kernels = 0

    def _end(self) -> None:
        self._look()
        self.peaks.append(self._most)
        self._most = 0

    # ------------------------------------------------------------ what the tape holds

    def _keep(self, net: Module, outputs: list[Tensor]) -> None:
        known = {id(_memory(t.data)) for t in (*net.parameters(), *net.buffers())}
        for operation in _behind([y.source for y in outputs]):
            for held in _held_by(operation):
                memory = _memory(held)
                if id(memory) not in known:
                    known.add(id(memory))
                    self.kept[operation.module] += memory.nbytes


def _usual_engine() -> Any:
    """The engine in force, unless it is one to be read."""
    return engine("numpy") if current_engine() == "loops" else nullcontext()


@contextmanager
def _counting() -> Iterator[None]:
    """Count what is allocated, if nobody does already."""
    if tracemalloc.is_tracing():
        yield
        return
    tracemalloc.start()
    try:
        yield
    finally:
        tracemalloc.stop()


def _behind(sources: list[Any]) -> list[Operation]:
    """All operations behind these, oldest first."""
    seen: set[Operation] = set()
    stack = list(sources)
    while stack:
        source = stack.pop()
        if isinstance(source, Operation) and source not in seen:
            seen.add(source)
            stack += source.sources
    return sorted(seen, key=lambda operation: operation.order)


def _held_by(operation: Operation) -> Iterator[np.ndarray]:
    """The arrays that the operation keeps until it is gone back over."""
    if operation.output is not None:
        yield operation.output[0]
    for rule in operation.rules or ():
        yield from _arrays_in(rule.function)


def _arrays_in(held: Any) -> Iterator[np.ndarray]:
    """Those that a function mentions, also in a tuple or in another function."""
    if isinstance(held, np.ndarray):
        yield held
    elif isinstance(held, Tensor):
        yield held.data
    elif isinstance(held, tuple):
        for part in held:
            yield from _arrays_in(part)
    elif isinstance(held, FunctionType):
        for cell in held.__closure__ or ():
            yield from _arrays_in(cell.cell_contents)


def _memory(x: np.ndarray) -> np.ndarray:
    """The array whose memory this one shows."""
    while isinstance(x.base, np.ndarray):
        x = x.base
    return x


# ---------------------------------------------------------------- the optimiser


def optimizer_bytes(build: Build, parameters: list[Parameter]) -> int:
    """What the optimiser remembers of its steps: as many arrays for each parameter as for a tiny one."""
    p = Parameter(np.zeros(2, np.float32))
    optimizer = build([p])
    if not isinstance(optimizer, Optimizer):
        kind = type(optimizer).__name__
        raise ArgumentError("summary", f"optimizer makes {kind} of parameters; give a class such as optim.Adam.")
    p.grad = Tensor(np.zeros(2, np.float32))
    with engine("numpy"):
        optimizer.step()
    arrays = sum(getattr(value, "shape", None) == p.shape for value in optimizer.state[p].values())
    return arrays * sum(p.data.nbytes for p in parameters if p.requires_grad)
