"""The listed terms of every number add up to the stored one: every operation, every sample, forward and backward."""

import ast
from pathlib import Path

import numpy as np
import pytest
from explain_checks import check
from registry import all_ops, found_in, tensors_of

import tinyconv
from tinyconv.errors import GraphError
from tinyconv.explaining.case import explained_names
from tinyconv.geometry import Window
from tinyconv.ops.fused import conv2d_relu
from tinyconv.tensor import Tensor, record

TINYCONV = Path(tinyconv.__file__).parent
FUSED = "conv2d_relu"  # several layers in one pass, which a trace never runs
OPS = [op for op in all_ops() if op.function.__name__ != FUSED]
CASES = [
    pytest.param(op, sample, id=f"{op.name}-{sample.label}", marks=[pytest.mark.long] * (i > 0))
    for op in OPS
    for i, sample in enumerate(op.samples)
]


def traced(op, sample, rng):
    """A pass forward and back, in float32; its trace, and the leaves."""
    args = tensors_of(sample.draw(rng, np.float32))
    with tinyconv.engine("numpy"), tinyconv.trace() as trace:
        y = op.function(*args, **sample.kwargs)
        for out in y if isinstance(y, (tuple, list)) else [y]:
            if out.requires_grad:
                out.backward(Tensor(rng.standard_normal(out.shape).astype(out.dtype)), retain_graph=True)
    return trace, [x for x in found_in(args, Tensor) if x.requires_grad]


@pytest.mark.parametrize(("op", "sample"), CASES)
def test_the_terms_add_up(op, sample, rng):
    trace, leaves = traced(op, sample, rng)
    for event in trace.events:
        check(event.output, rng)
    for leaf in leaves:
        if leaf.grad is not None:
            check(leaf.grad, rng)


def test_every_explainer_is_among_those_tested(rng):
    seen = {event.name for op in OPS for event in traced(op, op.samples[0], rng)[0].events}
    assert explained_names() == seen | {FUSED, "to"}  # to another data type: test_by_hand.py


def recorded_names(path):
    """The names in the calls of record() in a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        called = isinstance(node, ast.Call) and getattr(node.func, "id", "") == "record"
        if called and isinstance(node.args[0], ast.Constant):
            yield node.args[0].value


@pytest.mark.parametrize(
    "path", [TINYCONV / "tensor.py", *sorted(TINYCONV.glob("ops/*.py"))], ids=lambda path: path.stem
)
def test_every_recorded_operation_can_be_explained(path):
    names = set(recorded_names(path))
    missing = names - explained_names()
    assert not missing, f"write an explainer of {missing} in tinyconv/explaining/{path.name}"


def test_an_operation_without_an_explainer_says_so(rng):
    x = Tensor(rng.standard_normal(3), requires_grad=True)
    with tinyconv.trace() as trace:
        y = record("unheard of", 2 * x.data, (x, lambda dy: 2 * dy))
    assert trace
    with pytest.raises(GraphError, match="explain: 'unheard of' is an operation of which nothing is known"):
        tinyconv.explain(y, (0,))


def test_fused_layers_are_to_be_run_one_by_one(rng):
    x, w = (Tensor(rng.standard_normal((1, 1, 3, 3)), requires_grad=True) for _ in range(2))
    with tinyconv.trace() as trace:
        y = conv2d_relu(x, w, None, Window((3, 3)))
    assert trace
    with pytest.raises(GraphError, match="conv2d_relu is several layers in one pass: run the layers inside a trace"):
        tinyconv.explain(y, (0, 0, 0, 0))
