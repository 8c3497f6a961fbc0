"""PyTorch as an independent twin: the same function of the same numbers, down to gradients of gradients."""

import numpy as np
import pytest

from tinyconv.tensor import Tensor, grad


def assert_twins(rng, ours, theirs, *arrays, tolerance=1e-10):
    """Compare y, its gradients for a random dy, and the gradients of those, for float64 arrays.

    ours, theirs  the function in tinyconv and in PyTorch, from one tensor for each array
    """
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    xs = [Tensor(a.copy(), requires_grad=True) for a in arrays]
    ts = [torch.tensor(a, requires_grad=True) for a in arrays]

    y, z = ours(*xs), theirs(*ts)
    assert_close(y, z, tolerance)

    dy = rng.standard_normal(y.shape)
    xs.append(Tensor(dy.copy(), requires_grad=True))
    ts.append(torch.tensor(dy, requires_grad=True))
    dxs = grad(y, xs[:-1], xs[-1], create_graph=True)
    dts = torch.autograd.grad(z, ts[:-1], ts[-1], create_graph=True)
    for dx, dt in zip(dxs, dts, strict=True):
        assert_close(dx, dt, tolerance)

    vs = [rng.standard_normal(a.shape) for a in arrays]
    ddxs = grad(dxs, xs, [Tensor(v) for v in vs], allow_unused=True)
    ddts = torch.autograd.grad(dts, ts, [torch.tensor(v) for v in vs], allow_unused=True)
    for ddx, ddt, x in zip(ddxs, ddts, xs, strict=True):
        nothing = Tensor(np.zeros(x.shape))
        assert_close(nothing if ddx is None else ddx, torch.zeros(x.shape) if ddt is None else ddt, tolerance)

    plain = grad(ours(*xs[:-1]), xs[:-1], xs[-1].detach())  # without create_graph another kernel may run
    for dx, dt in zip(plain, dts, strict=True):
        assert_close(dx, dt, tolerance)


def assert_close(x, t, tolerance):
    x, t = x.data, t.detach().numpy()
    assert x.shape == t.shape
    np.testing.assert_allclose(x, t, rtol=tolerance, atol=tolerance * max(1, np.abs(t).max(initial=0)))
