"""The adjoint identity <A x, y> = <x, A'y>: for a linear map, backward is its transpose. Exact: no step size."""

import numpy as np
import pytest
from registry import all_ops, found_in, replaced, tensors_of

import tinyconv.kernels as kernels
from tinyconv import random
from tinyconv.errors import TinyconvError
from tinyconv.geometry import Window
from tinyconv.tensor import Tensor, grad

OPS = [op for op in all_ops() if op.differentiable]
MAPS = [pytest.param(op, k, id=f"{op.name}-argument {k}") for op in OPS for k in op.linear_in]


class Map:
    """A sample's operation as a function of one argument (an array, or a list of them) alone."""

    def __init__(self, op, sample, k, rng):
        self.op, self.sample, self.k, self.rng = op, sample, k, rng
        self.args = sample.draw(rng)

    def draw(self):
        """Other numbers for that argument."""
        return self.arrays(self.sample.draw(self.rng)[self.k])

    @staticmethod
    def arrays(argument):
        return [x for x in found_in(argument, np.ndarray) if x.dtype.kind == "f"]

    def __call__(self, xs, requires_grad=False):
        """The Tensors put in, and the results."""
        rest = iter([Tensor(x, requires_grad) for x in xs])
        leaves = []

        def put(x):
            if isinstance(x, np.ndarray) and x.dtype.kind == "f":
                leaves.append(next(rest))
                return leaves[-1]
            return x

        args = list(self.args)
        args[self.k] = replaced(args[self.k], put)
        random.manual_seed(7)  # dropout: the same mask each time
        y = self.op.function(*tensors_of(tuple(args), requires_grad=False), **self.sample.kwargs)
        y = list(y) if isinstance(y, (tuple, list)) else [y]
        return leaves, [part for part in y if part.dtype.kind == "f"]

    def linear_part(self, xs):
        """f(x) - f(0), in whole arrays."""
        (_, y), (_, y0) = self(xs), self([np.zeros_like(x) for x in xs])
        return [a.data - b.data for a, b in zip(y, y0, strict=True)]


def inner(xs, ys):
    """<x, y>, and the sum of the magnitudes that it is made of."""
    products = [np.asarray(x) * y for x, y in zip(xs, ys, strict=True)]
    return sum(p.sum() for p in products), sum(np.abs(p).sum() for p in products)


@pytest.mark.parametrize(("op", "k"), MAPS)
def test_backward_is_the_adjoint(op, k, engine, rng):
    compared = 0
    for sample in op.samples:
        if k >= len(sample.args) or not (f := Map(op, sample, k, rng)).draw():
            continue  # no bias, or whole numbers
        x = f.draw()
        Ax = f.linear_part(x)
        ys = [rng.standard_normal(part.shape) for part in Ax]
        leaves, outputs = f(f.draw(), requires_grad=True)  # at another place than x: the adjoint is the same
        Aty = grad(outputs, leaves, ys, allow_unused=True)
        (a, size), (b, other) = inner(Ax, ys), inner(x, [0 if part is None else part.data for part in Aty])
        assert abs(a - b) <= 1e-12 * max(size, other), f"{sample.label}: <A x, y> = {a!r}, but <x, A'y> = {b!r}"
        compared += 1
    assert compared


def looks_linear(op, sample, k, rng):
    """f(3a - 2b) - f(0) = 3 (f(a) - f(0)) - 2 (f(b) - f(0)) for a and b at random? None if there is nothing to vary."""
    f = Map(op, sample, k, rng)
    a, b = f.draw(), f.draw()
    if not sum(x.size for x in a):
        return None
    try:
        with np.errstate(all="ignore"):  # outside of where the operation is defined
            both = f.linear_part([3 * x - 2 * y for x, y in zip(a, b, strict=True)])
            parts = zip(both, f.linear_part(a), f.linear_part(b), strict=True)
            return all(np.allclose(y, 3 * p - 2 * q, 1e-9, 1e-9) for y, p, q in parts)
    except TinyconvError:  # it does not take all numbers
        return False


@pytest.mark.parametrize("op", OPS, ids=lambda op: op.name)
def test_the_registry_says_of_every_operation_in_what_it_is_linear(op, rng):
    """By its values alone, on every sample, twice over."""
    found = {}
    for sample in op.samples * 2:
        for k in range(len(sample.args)):
            linear = looks_linear(op, sample, k, rng)
            if linear is not None:
                found[k] = found.get(k, True) and linear
    assert tuple(k for k in sorted(found) if found[k]) == op.linear_in


# ---------------------------------------------------------------- kernels that no operation shows


@pytest.mark.parametrize("number", range(20))
def test_col2im_is_the_adjoint_of_im2col(number, engine, rng):
    size, dilation = rng.integers(1, 4, 2), rng.integers(1, 3, 2)
    padding = rng.integers(0, 3, (2, 2))
    H, W = np.maximum(dilation * (size - 1) + 1 - padding.sum(1), 1) + rng.integers(0, 4, 2)
    window = Window(
        tuple(map(int, size)),
        tuple(map(int, rng.integers(1, 5, 2))),
        tuple(tuple(map(int, ends)) for ends in padding),
        tuple(map(int, dilation)),
    )
    x = rng.standard_normal((2, 3, int(H), int(W)))
    cols = kernels.im2col(x, window)
    y = rng.standard_normal(cols.shape)
    (a, size), (b, _) = inner([cols], [y]), inner([x], [kernels.col2im(y, window, x.shape)])
    assert abs(a - b) <= 1e-12 * size
