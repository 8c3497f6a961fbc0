"""The ledger of a net, row by row."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any

from tinyconv import optim
from tinyconv.errors import ArgumentError, TinyconvError, UnknownNameError
from tinyconv.geometry import whole
from tinyconv.nn.conv import Conv2d
from tinyconv.nn.module import Module, Parameter

from . import table
from .memory import Memory, optimizer_bytes, training_step
from .receptive_field import Fields, receptive_fields
from .trace import Shape, Step, Trace, trace
from .work import of_step

OPTIMIZERS: dict[str, Callable[..., optim.Optimizer]] = {
    "sgd": partial(optim.SGD, momentum=0.9),
    "adam": optim.Adam,
    "adamw": optim.AdamW,
    "adadelta": optim.Adadelta,
    "adagrad": optim.Adagrad,
    "rmsprop": optim.RMSprop,
    "lars": optim.LARS,
}


@dataclass(frozen=True)
class Row:
    """A layer.

    path, layer   where it is in the net, and its class
    shape         of its output, without N; None for a layer that runs in training alone
    trainable, frozen  how many numbers it learns, and how many parameters do not require a gradient
    multiply_adds  for one picture
    fields        what its outputs see along rows and columns; None where that is not of one size
    kept, work    bytes, for the whole batch: kept for the backward pass; scratch. None: not known
    """

    path: str
    layer: str
    shape: Shape | None
    trainable: int
    frozen: int
    multiply_adds: int
    fields: Fields
    kept: int | None
    work: int | None


@dataclass(frozen=True)
class Summary:
    """What `Module.summary` finds; `str()` is the table.

    net, picture   the net's class; (C, H, W)
    rows           its layers, in the order in which they run
    buffers        how many numbers are saved with the net but not learned, such as running means
    weight_bytes   of parameters and buffers
    batch_size, optimizer   of the training step whose memory this is
    optimizer_bytes  what the optimiser remembers
    memory         of the step itself; None: not known
    unknown        why not
    """

    net: str
    picture: Shape
    rows: tuple[Row, ...]
    buffers: int
    weight_bytes: int
    batch_size: int
    optimizer: str
    optimizer_bytes: int
    memory: Memory | None
    unknown: str

    @property
    def parameters(self) -> int:
        return self.trainable + self.frozen

    @property
    def trainable(self) -> int:
        return sum(row.trainable for row in self.rows)

    @property
    def frozen(self) -> int:
        return sum(row.frozen for row in self.rows)

    @property
    def multiply_adds(self) -> int:
        """For one picture, of convolutions and dense layers."""
        return sum(row.multiply_adds for row in self.rows)

    @property
    def kept(self) -> int | None:
        """Bytes that all layers keep for the backward pass, for the whole batch."""
        return None if self.memory is None else sum(self.memory.kept.values())

    @property
    def peak(self) -> int | None:
        """Bytes: the most at a time in a training step, with weights, gradients and the optimiser's memory."""
        return None if self.memory is None else self.weight_bytes + self.optimizer_bytes + self.memory.peak

    @property
    def process(self) -> int | None:
        """Bytes that the process takes for it: the peak, and what the pool of memory holds for the next arrays."""
        return None if self.memory is None or self.peak is None else self.peak + self.memory.idle

    def text(self, width: int | None = None) -> str:
        """The table, in lines of at most so many characters; columns that then have no room are named below it."""
        return table.text(self, width)

    def __str__(self) -> str:
        return self.text()

    __repr__ = __str__


def summary(
    net: Module, input_size: Iterable[int] | None = None, batch_size: int = 1, optimizer: Any = "sgd"
) -> Summary:
    """See `Module.summary`."""
    picture = tuple(_picture_of(net) if input_size is None else input_size)
    N = whole("summary", "batch_size", batch_size, least=1)
    name, build = _optimizer(optimizer)
    parameters, buffers = list(net.parameters()), list(net.buffers())
    remembered = optimizer_bytes(build, parameters)
    steps = trace(net, *picture)
    memory, unknown = _memory(net, N, picture)
    return Summary(
        net=type(net).__name__,
        picture=picture,
        rows=tuple(_rows(net, steps, memory)),
        buffers=sum(b.numel() for b in buffers),
        weight_bytes=sum(t.data.nbytes for t in (*parameters, *buffers)),
        batch_size=N,
        optimizer=name,
        optimizer_bytes=remembered,
        memory=memory,
        unknown=unknown,
    )


def _picture_of(net: Module) -> Shape:
    """As large as the net says, with the channels that its first convolution takes."""
    size = getattr(net, "input_size", None)
    if size is None:
        problem = f"{type(net).__name__} does not say how large its pictures are"
        raise ArgumentError("summary", f"{problem}: give input_size=(C, H, W), such as (3, 224, 224).")
    C = next((layer.in_channels for layer in net.modules() if isinstance(layer, Conv2d)), size[0])
    return C, *size[1:]


def _optimizer(optimizer: Any) -> tuple[str, Callable[..., optim.Optimizer]]:
    """Its name, and what makes it of a list of parameters."""
    if callable(optimizer):
        return getattr(optimizer, "__name__", "the optimiser"), optimizer
    if optimizer not in OPTIMIZERS:
        raise UnknownNameError("summary", "optimizer", optimizer, OPTIMIZERS)
    return "SGD with momentum" if optimizer == "sgd" else OPTIMIZERS[optimizer].__name__, OPTIMIZERS[optimizer]


def _memory(net: Module, N: int, picture: Shape) -> tuple[Memory | None, str]:
    """Of a training step, or why it is not known."""
    p = next(net.parameters(), None)
    if p is not None and p.device != "cpu":
        return None, f"the net is on {p.device}, and memory is known of the CPU alone"
    try:
        return training_step(net, N, picture), ""
    except (TinyconvError, MemoryError, OSError) as error:  # batch norm on one number a channel; too few addresses
        return None, f"a training step on {N} picture(s) is not possible: {error}"


def _rows(net: Module, steps: Trace, memory: Memory | None) -> list[Row]:
    """A row for each layer that runs; then those that only training uses, where they stand in the net."""
    kept, work = (dict(memory.kept), dict(memory.work)) if memory else ({}, {})
    fields = receptive_fields(steps)
    rows = []
    for (path, layer), group in groupby(steps.steps, key=lambda step: (step.module, step.layer)):
        parts = list(group)
        rows.append(_row(path, layer, parts, fields[parts[-1].number], memory is not None, kept, work))
    classes = {path: type(module).__name__ for path, module in net.named_modules()}
    order = {path: i for i, path in enumerate(classes)}
    owner = {id(p): path for path, module in net.named_modules() for _, p in module._owned(Parameter)}
    idle: dict[str, list[Parameter]] = {path: [] for path, size in kept.items() if size and path in classes}
    for p in steps.idle.values():
        idle.setdefault(owner[id(p)], []).append(p)
    for path in sorted(idle, key=lambda path: order[path]):
        before = [i for i, row in enumerate(rows) if order.get(row.path, -1) < order[path]]
        row = Row(path, classes[path], None, *_count(idle[path]), 0, (None, None), kept.get(path), work.get(path))
        rows.insert(before[-1] + 1 if before else 0, row)
    return rows


def _row(
    path: str, layer: str, steps: list[Step], fields: Fields, known: bool, kept: dict[str, int], work: dict[str, int]
) -> Row:
    parameters = [p for step in steps for p in step.parameters.values()]
    bytes_ = (kept.pop(path, 0), work.pop(path, 0)) if known else (None, None)
    return Row(path, layer, steps[-1].shape, *_count(parameters), sum(map(of_step, steps)), fields, *bytes_)


def _count(parameters: list[Parameter]) -> tuple[int, int]:
    """How many numbers among them are learned, and how many are not."""
    trainable = sum(p.numel() for p in parameters if p.requires_grad)
    return trainable, sum(p.numel() for p in parameters) - trainable
