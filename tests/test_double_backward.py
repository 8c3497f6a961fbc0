"""Gradients of gradients: higher derivatives, Newton's method, Hessians, a gradient penalty."""

import math
from itertools import pairwise

import numpy as np
import pytest

import tinyconv
from tinyconv.ops.activation import log_softmax, sigmoid, softmax, tanh
from tinyconv.ops.arithmetic import exp, log, maximum, sqrt, where
from tinyconv.ops.join import cat
from tinyconv.ops.matmul import linear
from tinyconv.tensor import grad


def leaf(values):
    return tinyconv.tensor(np.asarray(values, np.float64), requires_grad=True)


def derivatives(f, at, n):
    """f, f', f'', ... up to the n-th, each by differentiating the one before."""
    x = leaf(at)
    y = f(x)
    values = [y.item()]
    for _ in range(n):
        (y,) = grad(y, x, create_graph=True)
        values.append(y.item())
    return values


def test_derivatives_of_a_power():
    """x^5 at 2: 32, 5 x^4 = 80, 20 x^3 = 160, 60 x^2 = 240, 120 x = 240, 120, 0"""
    assert derivatives(lambda x: x**5, 2.0, 6) == [32, 80, 160, 240, 240, 120, 0]
    assert derivatives(lambda x: x**5.0, 0.0, 6) == [0, 0, 0, 0, 0, 120, 0]
    assert derivatives(lambda x: x * x * x * x * x, 2.0, 5) == [32, 80, 160, 240, 240, 120]


def test_derivatives_of_tanh():
    """t = tanh x:  t' = 1 - t^2,  t'' = -2 t t',  t''' = (6 t^2 - 2) t'"""
    t = math.tanh(0.3)
    d = 1 - t * t
    expected = [t, d, -2 * t * d, (6 * t * t - 2) * d]
    np.testing.assert_allclose(derivatives(tanh, 0.3, 3), expected, rtol=1e-14)
    by_hand = derivatives(lambda x: (exp(x) - exp(-x)) / (exp(x) + exp(-x)), 0.3, 3)
    np.testing.assert_allclose(by_hand, expected, rtol=1e-12)


def test_derivatives_of_a_composition():
    """f = ln(1 + e^x), f' = sigmoid s, f'' = s (1 - s), f''' = s (1 - s)(1 - 2 s)"""
    s = 1 / (1 + math.exp(-0.7))
    expected = [math.log1p(math.exp(0.7)), s, s * (1 - s), s * (1 - s) * (1 - 2 * s)]
    np.testing.assert_allclose(derivatives(lambda x: log(1 + exp(x)), 0.7, 3), expected, rtol=1e-13)
    np.testing.assert_allclose(derivatives(sigmoid, 0.7, 2), expected[1:], rtol=1e-13)


def test_derivatives_of_roots_and_quotients():
    """x^(1/2): 1/2 x^(-1/2), -1/4 x^(-3/2), 3/8 x^(-5/2);   1/x: -x^-2, 2 x^-3, -6 x^-4"""
    roots = [2, 1 / 4, -1 / 32, 3 / 256]
    np.testing.assert_allclose(derivatives(sqrt, 4.0, 3), roots, rtol=1e-14)
    np.testing.assert_allclose(derivatives(lambda x: x**0.5, 4.0, 3), roots, rtol=1e-14)
    np.testing.assert_allclose(derivatives(lambda x: x ** leaf(0.5), 4.0, 3), roots, rtol=1e-14)
    np.testing.assert_allclose(derivatives(lambda x: 1 / x, 2.0, 3), [1 / 2, -1 / 4, 1 / 4, -3 / 8], rtol=1e-14)


def test_a_mixed_derivative():
    """f = x^y:  d2f/dx dy = x^(y-1) (1 + y ln x), whichever comes first"""
    x, y = leaf(2.0), leaf(3.0)
    dx, dy = grad(x**y, [x, y], create_graph=True)
    expected = 2.0**2 * (1 + 3 * math.log(2))
    assert grad(dx, y, retain_graph=True)[0].item() == pytest.approx(expected, rel=1e-14)
    assert grad(dy, x)[0].item() == pytest.approx(expected, rel=1e-14)


# ---------------------------------------------------------------- Newton's method


def test_newton_on_a_number_converges_quadratically():
    """Minimise e^x - 2x: x* = ln 2, and each error is about half the square of the one before."""
    x, errors = leaf(0.0), []
    for _ in range(6):
        (slope,) = grad(exp(x) - 2 * x, x, create_graph=True)
        (curvature,) = grad(slope, x)
        with tinyconv.no_grad():
            x -= slope / curvature
        errors.append(abs(x.item() - math.log(2)))
    assert errors[-1] < 1e-15
    for before, after in pairwise(errors[:4]):
        assert after == pytest.approx(before**2 / 2, rel=0.35)


def rosenbrock(x):
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def hessian(f, x):
    """Row by row: the gradient of each component of the gradient."""
    (g,) = grad(f(x), x, create_graph=True)
    rows = [grad(g[i], x, retain_graph=True)[0].data for i in range(x.numel())]
    return g.detach().data, np.stack(rows)


def test_the_hessian_of_rosenbrock():
    """H = [[2 - 400 (y - 3 x^2), -400 x], [-400 x, 200]]"""
    _, H = hessian(rosenbrock, leaf([-1.5, 2.0]))
    np.testing.assert_allclose(H, [[2 - 400 * (2 - 6.75), 600], [600, 200]], rtol=1e-14)


def test_newton_on_a_vector():
    x = leaf([-1.2, 1.0])
    errors = []
    for _ in range(7):
        g, H = hessian(rosenbrock, x)
        with tinyconv.no_grad():
            x -= np.linalg.solve(H, g)
        errors.append(np.abs(x.detach().data - 1).max())
    assert errors[-1] < 1e-12
    assert errors[-1] < errors[-2] ** 1.5


def test_hessian_vector_products():
    """f = 1/2 x'Ax + sum x^4 / 12:  Hv = Av + x^2 v, from one more backward pass"""
    A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, -1.0], [0.0, -1.0, 4.0]])
    x, v = leaf([1.0, -2.0, 3.0]), np.array([0.5, 1.0, -1.0])
    f = 0.5 * (x @ (A @ x)) + (x**4).sum() / 12
    (g,) = grad(f, x, create_graph=True)
    (Hv,) = grad(g, x, v)
    np.testing.assert_allclose(Hv.data, A @ v + x.detach().data ** 2 * v, rtol=1e-14)


def test_forward_mode_by_two_reverse_passes():
    """J v of y = (x0 x1, x1^2) at (2, 3) for v = (1, 10): (3 + 20, 60)"""
    x, u = leaf([2.0, 3.0]), leaf([0.0, 0.0])
    y = cat([(x[0] * x[1]).reshape(1), (x[1] ** 2).reshape(1)])
    (uJ,) = grad(y, x, u, create_graph=True)
    (Jv,) = grad(uJ, u, np.array([1.0, 10.0]))
    assert Jv.tolist() == [23, 60]


def test_backward_with_create_graph_gives_a_grad_that_can_be_differentiated():
    x = leaf(3.0)
    (x**3).backward(create_graph=True)
    assert x.grad.item() == 27
    first, x.grad = x.grad, None
    first.backward()
    assert x.grad.item() == 18


def test_without_create_graph_gradients_are_plain():
    x = leaf(3.0)
    (dx,) = grad(x**3, x)
    assert dx.grad_fn is None
    assert not dx.requires_grad


# ---------------------------------------------------------------- a gradient penalty


def penalty_parameters(rng):
    return [rng.standard_normal(shape) for shape in ((5, 3), (4, 3), (4,), (1, 4))]


def penalised(x, w1, b1, w2):
    """mean D(x) + 10 mean (|dD/dx| - 1)^2, as in Gulrajani et al. 2017, equation 3"""
    D = linear(tanh(linear(x, w1, b1)), w2)
    (dx,) = grad(D.sum(), x, create_graph=True)
    length = sqrt((dx * dx).sum(1))
    return D.mean() + 10 * ((length - 1) ** 2).mean()


def test_gradient_penalty_against_pytorch(rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    arrays = penalty_parameters(rng)
    ours = [leaf(a) for a in arrays]
    loss = penalised(*ours)
    loss.backward()

    theirs = [torch.tensor(a, requires_grad=True) for a in arrays]
    x, w1, b1, w2 = theirs
    D = torch.tanh(x @ w1.T + b1) @ w2.T
    (dx,) = torch.autograd.grad(D.sum(), x, create_graph=True)
    expected = D.mean() + 10 * ((dx.norm(dim=1) - 1) ** 2).mean()
    expected.backward()
    np.testing.assert_allclose(loss.item(), expected.item(), rtol=1e-12)
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-11, atol=1e-13)


def test_gradient_penalty_against_differences(rng):
    arrays = penalty_parameters(rng)
    ours = [leaf(a) for a in arrays]
    penalised(*ours).backward()
    for k in range(1, 4):
        v = rng.standard_normal(arrays[k].shape)

        def loss_at(t, k=k, v=v):
            moved = [leaf(a + t * v if i == k else a) for i, a in enumerate(arrays)]
            return penalised(*moved).item()

        h = 1e-4  # fourth order: error of about h^4, and of rounding 1e-16/h
        slope = (8 * (loss_at(h) - loss_at(-h)) - (loss_at(2 * h) - loss_at(-2 * h))) / (12 * h)
        assert (ours[k].grad.data * v).sum() == pytest.approx(slope, rel=1e-6, abs=1e-6)


# ---------------------------------------------------------------- every operation twice, against PyTorch

TWICE = {
    "mul": (lambda a, b: a * b, lambda torch, a, b: a * b),
    "div": (lambda a, b: a / b, lambda torch, a, b: a / b),
    "pow": (lambda a, b: a**b, lambda torch, a, b: a**b),
    "matmul": (lambda a, b: a @ b.T, lambda torch, a, b: a @ b.T),
    "linear": (
        lambda a, b: linear(a, b, a[:, 0]),
        lambda torch, a, b: torch.nn.functional.linear(a, b, a[:, 0]),
    ),
    "exp": (lambda a, b: exp(a * b), lambda torch, a, b: torch.exp(a * b)),
    "log": (lambda a, b: log(a * b), lambda torch, a, b: torch.log(a * b)),
    "sqrt": (lambda a, b: sqrt(a * b), lambda torch, a, b: torch.sqrt(a * b)),
    "abs": (lambda a, b: (a * b - 1).abs() * a, lambda torch, a, b: (a * b - 1).abs() * a),
    "clip": (lambda a, b: (a * b).clip(0.8, 1.2) * a, lambda torch, a, b: (a * b).clamp(0.8, 1.2) * a),
    "maximum": (lambda a, b: maximum(a * a, b * a), lambda torch, a, b: torch.maximum(a * a, b * a)),
    "where": (lambda a, b: where(a > b, a * b, b * b), lambda torch, a, b: torch.where(a > b, a * b, b * b)),
    "var": (lambda a, b: (a * b).var(1), lambda torch, a, b: (a * b).var(1)),
    "mean": (lambda a, b: (a * b * b).mean(0), lambda torch, a, b: (a * b * b).mean(0)),
    "amax": (lambda a, b: (a * b * b).amax(1), lambda torch, a, b: (a * b * b).amax(1)),
    "sigmoid": (lambda a, b: sigmoid(a * b), lambda torch, a, b: torch.sigmoid(a * b)),
    "tanh": (lambda a, b: tanh(a * b), lambda torch, a, b: torch.tanh(a * b)),
    "softmax": (lambda a, b: softmax(a * b, 1), lambda torch, a, b: torch.softmax(a * b, 1)),
    "log_softmax": (lambda a, b: log_softmax(a * b, 1), lambda torch, a, b: torch.log_softmax(a * b, 1)),
    "getitem": (lambda a, b: (a * b)[[0, 0, 2]] * b[1], lambda torch, a, b: (a * b)[[0, 0, 2]] * b[1]),
    "cat": (lambda a, b: cat([a * b, a], 1) ** 2, lambda torch, a, b: torch.cat([a * b, a], 1) ** 2),
    "expand": (lambda a, b: a[0].expand(3, 3) * b * a, lambda torch, a, b: a[0].expand(3, 3) * b * a),
}


@pytest.mark.parametrize(("ours", "theirs"), TWICE.values(), ids=TWICE.keys())
def test_second_derivatives_against_pytorch(ours, theirs, rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    arrays = [rng.uniform(0.5, 1.5, (3, 3)) for _ in range(2)]
    directions = [rng.standard_normal((3, 3)) for _ in range(2)]

    def twice(a, b, y, differentiate, tensor):
        dy = tensor(rng_weights[: y.numel()]).reshape(y.shape)
        first = differentiate(y, [a, b], dy, create_graph=True)
        total = sum((g * tensor(v)).sum() for g, v in zip(first, directions, strict=True))
        return differentiate(total, [a, b])

    rng_weights = rng.standard_normal(18)
    a, b = (leaf(x) for x in arrays)
    found = twice(a, b, ours(a, b), grad, tinyconv.tensor)
    c, d = (torch.tensor(x, requires_grad=True) for x in arrays)
    expected = twice(c, d, theirs(torch, c, d), torch.autograd.grad, torch.tensor)
    for x, y in zip(found, expected, strict=True):
        np.testing.assert_allclose(x.data, y.numpy(), rtol=1e-10, atol=1e-12)
