"""`tinyconv.explain(tensor, index)`: from a number back to what it was computed of."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinyconv.errors import ArgumentError, GraphError, ShapeError
from tinyconv.geometry import is_whole
from tinyconv.stepping import Event, Trace, trace_of
from tinyconv.stepping.trace import traces
from tinyconv.tensor import Tensor

from .case import Case, explainer_of, letters_of, passed_on
from .explanation import Explanation
from .names import named
from .terms import Origin, Place, host


def explain(tensor: Tensor, index: Any) -> Explanation:
    """Why is tensor[index] what it is? The terms that were summed, the largest first.

        with tinyconv.trace() as trace:
            loss = F.cross_entropy(net(x), labels)
            loss.backward()
        print(tinyconv.explain(net.conv1.weight.grad, (3, 0, 1, 2)))

    tensor  anything that came out of the pass, forward or backward: activations, `.grad`s, `trace.gradient_of(y)`
    index   a whole number for each axis; negative ones count from the end; () of a 0-d tensor
    The listed terms add up to the stored number, but for rounding. `explanation.of(0)` goes on to a factor.
    Raises GraphError for a tensor that no trace alive knows, or that was changed in place since; ShapeError and
    ArgumentError for an index.
    """
    if not isinstance(tensor, Tensor):
        raise ArgumentError("explain", f"the first argument is a {type(tensor).__name__}; it must be a Tensor.")
    place = _checked(tensor, index)
    trace = trace_of(tensor) or _trace_that_saw(tensor)
    if trace is None:
        raise GraphError(
            "explain",
            f"no trace knows this tensor of shape {tensor.shape}. Run forward and backward inside "
            "`with tinyconv.trace() as trace:`, and keep `trace`: it has the numbers.",
        )
    return explained(tensor, place, trace)


def explained(tensor: Tensor, index: Place, trace: Trace, name: str = "") -> Explanation:
    """The explanation of a number that a trace knows; `name`, what it is called where it was met."""
    route = passed_on(trace, Origin(tensor, index))
    made, place = route[-1]
    value = host(tensor)[index].item()
    event = trace.event_of(made)
    passed = [f"{_operation(trace, before)} from {origin.place}" for before, origin in itertools.pairwise(route)]
    if event is None:
        leaf = leaf_name(trace, made)
        name = name or named("x", index)
        return Explanation(name, value, tensor, index, trace, None, None, passed, leaf, origin=route[-1])
    event.check_unchanged()
    with np.errstate(all="ignore"):  # large numbers overflow here as they did there
        answer = explainer_of(event.name)(Case(event, place, trace))
    assert not isinstance(answer, Origin)  # passed_on has followed those
    letter, of, place = whose_gradient(trace, event, Origin(tensor, index), route[-1])
    own = named(f"d{letter}" if of else answer.letter or letters_of(event.name)[1], place)
    name = own if name in ("", own) else f"{name} = {own}"
    return Explanation(name, value, tensor, index, trace, event, answer, passed, "", of, route[-1])


def whose_gradient(trace: Trace, event: Event, asked: Origin, made: Origin) -> tuple[str, str, Place]:
    """Of which input it is the gradient: the letter, what it is, the place in it; ("", "", ...) if of none."""
    forward = None if event.step is None else trace.event_of(event.step)
    if forward is None:
        return "", "", made.place
    letters = letters_of(forward.name)[0]
    for origin in (asked, made):
        for letter, x in zip(letters, forward.inputs, strict=False):
            if _is_gradient(trace, x, origin.tensor):
                return letter, trace.name_of(x) or f"{letter} of {place_of(forward)}", origin.place
        for x in (x for e in trace.forward for x in e.inputs if x.is_leaf):  # passed on before it was used
            if _is_gradient(trace, x, origin.tensor):
                return trace.name_of(x).rpartition(".")[2] or "x", trace.name_of(x) or "a leaf", origin.place
    return "", "", made.place


def _is_gradient(trace: Trace, x: Tensor, dx: Tensor) -> bool:
    known = trace.gradient_of(x)
    return known is not None and known.data is dx.data


def leaf_name(trace: Trace, x: Tensor) -> str:
    """What a number is that no operation made."""
    if trace.name_of(x):
        return f"a parameter, {trace.name_of(x)}"
    seeds = (event.gradient for event in trace.forward if event.gradient is not None)
    if any(dy.data is x.data for dy in seeds):
        return "the gradient that the backward pass began with"
    for event in trace.forward:
        for letter, given in zip(letters_of(event.name)[0], event.inputs, strict=False):
            if given.data is x.data:
                kind = "a leaf" if x.requires_grad else "an input"
                return f"{kind}, {letter} of {place_of(event)}"
    return "a number that no operation made"


def place_of(event: Event) -> str:
    """ "conv2d in block2.conv1 (Conv2d)" """
    layer = f" ({event.layer})" if event.layer else ""
    return f"{event.name} in {event.module}{layer}" if event.module else event.name


def _operation(trace: Trace, origin: Origin) -> str:
    event = trace.event_of(origin.tensor)
    return "" if event is None else event.name


def _checked(tensor: Tensor, index: Any) -> Place:
    """The index as a tuple of numbers from 0."""
    shape = tensor.shape
    given = tuple(index) if isinstance(index, (tuple, list)) else (index,)
    if not all(is_whole(i) for i in given):
        raise ArgumentError("explain", f"index is {index!r}; it must be whole numbers, one for each axis of {shape}.")
    if len(given) != len(shape):
        raise ShapeError(
            "explain", f"index {given} has {len(given)} numbers, a tensor of shape {shape} needs {len(shape)}."
        )
    for axis, (i, n) in enumerate(zip(given, shape, strict=True)):
        if not -n <= i < n:
            raise ShapeError("explain", f"index {int(i)} is out of range for axis {axis} of shape {shape}.")
    return tuple(int(i) % n for i, n in zip(given, shape, strict=True))


def _trace_that_saw(x: Tensor) -> Trace | None:
    """The newest trace into one of whose operations a leaf went."""
    return next((t for t in traces() if any(g.data is x.data for event in t.events for g in event.inputs)), None)
