"""Every operation on every sample on a GPU: the results and gradients of the CPU's definitions."""

import numpy as np
import pytest
from registry import all_ops, found_in, replaced, tensors_of

import tinyconv
from tinyconv import random
from tinyconv.tensor import Tensor, grad

CASES = [pytest.param(op, s, id=f"{op.name}-{s.label}") for op in all_ops() for s in op.samples]


def moved(arguments, device):
    """The tensors among the arguments on a device, as leaves of their own."""
    return replaced(arguments, lambda x: on(x, device) if isinstance(x, Tensor) else x)


def on(x, device):
    return Tensor(x.detach().to(device).data, requires_grad=x.requires_grad)


def results(op, arguments, sample, upstream, device="cpu", create_graph=False, before=lambda: None):
    """What comes out, and the gradients of what went in, on the CPU; the second is empty if there are none.

    before  is called before the operation, and before it is differentiated
    """
    random.manual_seed(7)
    arguments, named = moved(arguments, device), moved(tuple(sample.kwargs.values()), device)
    before()
    y = op.function(*arguments, **dict(zip(sample.kwargs, named, strict=True)))
    outputs = list(y) if isinstance(y, (tuple, list)) else [y]
    gradients = []
    if op.differentiable:
        floating = [y for y in outputs if y.dtype.kind == "f"]
        leaves = [x for x in found_in(arguments, Tensor) if x.requires_grad]
        seeds = [Tensor(u.astype(y.dtype)).to(y.device) for u, y in zip(upstream(floating), floating, strict=True)]
        before()
        gradients = grad(floating, leaves, seeds, create_graph=create_graph)
    return [[y.detach().cpu().numpy() for y in some] for some in (outputs, gradients)]


@pytest.mark.parametrize("engine", ["cuda", "numpy"])
@pytest.mark.parametrize(("op", "sample"), CASES)
def test_an_operation_and_its_gradients(op, sample, engine, device, rng):
    """Both engines there are on a GPU; with gradients that are recorded, and with those that are not."""
    arguments = tensors_of(sample.draw(rng, np.float32))
    drawn = {}

    def upstream(outputs):
        return [drawn.setdefault(i, rng.standard_normal(y.shape)) for i, y in enumerate(outputs)]

    with tinyconv.engine("numpy"):
        expected = results(op, arguments, sample, upstream)
    for create_graph in (False, True):
        with tinyconv.engine(engine):
            found = results(op, arguments, sample, upstream, device, create_graph)
        for some, some0 in zip(found, expected, strict=True):
            for y, y0 in zip(some, some0, strict=True):
                assert (y.shape, y.dtype) == (y0.shape, y0.dtype)
                np.testing.assert_allclose(y, y0, rtol=1e-4, atol=1e-5 * np.abs(y0).max(initial=1))
