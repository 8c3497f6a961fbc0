"""The function under check: its values at any point, its gradients at this one; all is put back after."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinyconv import random
from tinyconv.backend import move
from tinyconv.errors import ArgumentError, DTypeError
from tinyconv.tape import enable_grad, is_grad_enabled, no_grad
from tinyconv.tensor import Tensor, grad

NAME = "gradcheck"


class Subject:
    """A function of tensors, called again and again with other numbers in the same tensors.

    tensors  by name, those that gradients are checked for: inputs that require them, then parameters
    buffers  by name, what a module keeps beside its parameters (running statistics)
    frozen   names of buffers that must stay as they are, for their module is in evaluation
    """

    def __init__(
        self,
        function: Callable[..., Any],
        inputs: Sequence[Any],
        tensors: Mapping[str, Tensor],
        buffers: Mapping[str, Tensor],
        frozen: Sequence[str] = (),
    ):
        self.function, self.inputs = function, inputs
        self.frozen = frozen
        self.tensors, self.buffers = tensors, buffers
        self.streams = random.get_state()
        self.start = {name: host(x).copy() for name, x in [*tensors.items(), *buffers.items()]}
        outputs = self.record()
        if not outputs:
            raise ArgumentError(NAME, "the function returns no floating-point tensor, so it has no gradient.")
        for i, y in enumerate(outputs):
            if y.dtype != np.float64:
                raise DTypeError(NAME, f"output {i} is {y.dtype}, though all inputs are float64: something converts.")
            if not np.isfinite(host(y)).all():
                raise ArgumentError(NAME, f"output {i} has values that are not finite; check at another point.")
        self.shapes = [y.shape for y in outputs]

    @classmethod
    def of(cls, function: Callable[..., Any], inputs: Any) -> Subject:
        """Collect and name the tensors: "input 0", "conv1.weight"; all must be float64."""
        inputs = list(inputs) if isinstance(inputs, (tuple, list)) else [inputs]
        named = {f"input {i}": x for i, x in enumerate(inputs) if isinstance(x, Tensor)}
        parameters = dict(getattr(function, "named_parameters", dict)())
        buffers = dict(getattr(function, "named_buffers", dict)())
        for name, x in {**named, **parameters, **buffers}.items():
            if x.dtype.kind in "fc" and x.dtype != np.float64:
                cure = f"{name}.double()".replace("input ", "x") if name in named else "module.double()"
                raise DTypeError(
                    NAME, f"{name} is {x.dtype}; differences need float64 to be told from rounding: {cure}."
                )
        tensors: dict[str, Tensor] = {}
        for name, x in {**named, **parameters}.items():
            if x.requires_grad and all(x is not other for other in tensors.values()):
                tensors[name] = x
        if not tensors:
            raise ArgumentError(NAME, "no input and no parameter requires a gradient; set requires_grad=True.")
        modules = dict(getattr(function, "named_modules", dict)())
        frozen = [name for name in buffers if not modules[name.rpartition(".")[0]].training]
        return cls(function, inputs, tensors, buffers, frozen)

    def values(self, replaced: Mapping[str, np.ndarray] | None = None) -> list[np.ndarray]:
        """The outputs with other numbers in some tensors; nothing is recorded, nothing stays changed."""
        before = [(x, x.data) for x in self.tensors.values()]
        try:
            for name, array in self.completed(replaced or {}).items():
                x = self.tensors[name]
                x.data = move(array, x.device)
            with no_grad(), np.errstate(all="ignore"), warnings.catch_warnings(), self.surroundings():
                warnings.simplefilter("error", np.exceptions.ComplexWarning)
                return [host(y) for y in _floating(self.function(*self.inputs))]
        finally:
            for x, data in before:
                x.data = data

    def completed(self, replaced: Mapping[str, np.ndarray]) -> Mapping[str, np.ndarray]:
        """All arrays, if one is complex: operations take one dtype only, and gradients have their data's."""
        if not any(array.dtype.kind == "c" for array in replaced.values()):
            return replaced
        return {name: replaced.get(name, self.start[name]).astype(complex) for name in self.tensors}

    def record(self) -> list[Tensor]:
        """The outputs, recorded for a backward pass."""
        with enable_grad(), self.surroundings():
            return _floating(self.function(*self.inputs))

    def gradients(
        self, outputs: list[Tensor], upstream: Iterable[Tensor], create_graph: bool = False
    ) -> list[Tensor | None]:
        """The gradient of sum_k <upstream_k, outputs_k> for each of `tensors`, None where nothing flows."""
        xs = list(self.tensors.values())
        pairs = [(y, u.to(device=y.device)) for y, u in zip(outputs, upstream, strict=True) if y.requires_grad]
        if not pairs:
            return [None] * len(xs)
        ys, us = zip(*pairs, strict=True)
        return list(grad(ys, xs, us, create_graph=create_graph, retain_graph=True, allow_unused=True))

    def changed(self) -> list[str]:
        """The names of tensors that the function has overwritten."""
        return [name for name, x in self.tensors.items() if not np.array_equal(host(x), self.start[name])]

    def updated(self) -> list[str]:
        """The names of frozen buffers that a call changes."""
        with no_grad(), self.surroundings():
            self.function(*self.inputs)
            return [name for name in self.frozen if not np.array_equal(host(self.buffers[name]), self.start[name])]

    @contextmanager
    def surroundings(self) -> Iterator[None]:
        """Buffers as they were at the start, inside and afterwards; random streams inside.

        The streams are not rewound afterwards: a backward pass that draws its mask anew must not get the same.
        """
        before = [(b, b.data) for b in self.buffers.values()]
        random.set_state(self.streams)
        for name, b in self.buffers.items():
            b.data = move(self.start[name].copy(), b.device)
        try:
            yield
        finally:
            for b, data in before:
                b.data = data


def second_order(subject: Subject, weights: list[np.ndarray]) -> Subject:
    """The gradients of `subject` as a function of its tensors and of the gradient upstream, u."""
    upstream = {f"upstream gradient {k}": Tensor(u, requires_grad=True) for k, u in enumerate(weights)}

    def gradients(*inputs: Any) -> list[Tensor]:
        create_graph = is_grad_enabled()
        with enable_grad():
            outputs = _floating(subject.function(*inputs))
            found = subject.gradients(outputs, upstream.values(), create_graph)
        return [dx for dx in found if dx is not None]

    tensors = {f"{name} (second order)": x for name, x in {**subject.tensors, **upstream}.items()}
    return Subject(gradients, subject.inputs, tensors, subject.buffers)


def host(x: Tensor) -> np.ndarray:
    """The tensor's numbers on the CPU."""
    return move(x.data, "cpu")


def _floating(outputs: Any) -> list[Tensor]:
    """The outputs that can have a gradient."""
    outputs = outputs if isinstance(outputs, (tuple, list)) else [outputs]
    return [y for y in outputs if isinstance(y, Tensor) and y.dtype.kind in "fc"]
