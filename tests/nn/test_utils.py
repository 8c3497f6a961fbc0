"""Clipping of gradients beside PyTorch's, penalties by hand."""

import math

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.gradcheck import gradcheck
from tinyconv.nn.utils import clip_grad_norm_, clip_grad_value_, l1_penalty, l2_penalty
from tinyconv.optim import SGD

SHAPES = [(3, 2, 2, 2), (4,), (), (5, 1)]


def with_gradients(rng, dtype=np.float64):
    """Parameters with a gradient each, and one without."""
    ps = [nn.Parameter(np.zeros(shape, dtype)) for shape in [*SHAPES, (2,)]]
    for p in ps[:-1]:
        p.grad = tc.tensor(np.asarray(rng.standard_normal(p.shape), dtype))
    return ps


def gradients(ps):
    return [None if p.grad is None else p.grad.numpy().copy() for p in ps]


def torchs(torch, ps):
    twins = [torch.nn.Parameter(torch.tensor(p.detach().numpy())) for p in ps]
    for p, t in zip(ps, twins, strict=True):
        t.grad = None if p.grad is None else torch.tensor(p.grad.numpy())
    return twins


def assert_same(ps, ts, rtol=1e-12):
    for g, t in zip(gradients(ps), ts, strict=True):
        assert (g is None) == (t.grad is None)
        if g is not None:
            np.testing.assert_allclose(g, t.grad.numpy(), rtol=rtol)


@pytest.mark.parametrize("max_norm", [0.0, 0.5, 2, 100.0])
@pytest.mark.parametrize("norm_type", [2, 1.0, 3.5, math.inf])
def test_clip_by_norm_is_pytorchs(rng, engine, norm_type, max_norm):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ps = with_gradients(rng)
    ts = torchs(torch, ps)
    norm = clip_grad_norm_(ps, max_norm, norm_type)
    assert norm.item() == pytest.approx(torch.nn.utils.clip_grad_norm_(ts, max_norm, norm_type).item(), rel=1e-12)
    assert norm.shape == () and norm.dtype == np.float64
    assert_same(ps, ts)


def test_clip_by_norm_by_hand(engine):
    p, q = nn.Parameter(np.zeros(2, np.float32)), nn.Parameter(np.zeros(1, np.float32))
    p.grad, q.grad = tc.tensor([3.0, 0.0]), tc.tensor([-4.0])
    norm = clip_grad_norm_([p, q], 1.0)
    assert norm.item() == 5 and norm.dtype == np.float32
    np.testing.assert_allclose([*p.grad.tolist(), *q.grad.tolist()], [0.6, 0, -0.8], rtol=1e-6)
    assert clip_grad_norm_([p, q], 2.0).item() == pytest.approx(1, rel=1e-6)
    np.testing.assert_allclose(p.grad.tolist(), [0.6, 0], rtol=1e-6)


@pytest.mark.parametrize("norm_type", [1, 2, math.inf])
def test_an_empty_gradient_adds_nothing(engine, norm_type):
    p, q = nn.Parameter(np.zeros(1)), nn.Parameter(np.zeros((0, 5)))
    p.grad, q.grad = tc.tensor(np.array([-3.0])), tc.tensor(np.zeros((0, 5)))
    assert clip_grad_norm_([p, q], 1.0, norm_type).item() == 3


def test_nothing_to_clip():
    p = nn.Parameter(np.zeros(2))
    assert clip_grad_norm_(p, 1.0).item() == 0
    clip_grad_value_(p, 1.0)
    assert p.grad is None


def test_clip_takes_one_tensor_and_generators(rng):
    net = nn.Linear(3, 2)
    net(tc.randn(4, 3)).sum().backward()
    norms = [np.linalg.norm(p.grad.numpy()) for p in net.parameters()]
    assert clip_grad_norm_(net.parameters(), math.inf).item() == pytest.approx(math.hypot(*norms), rel=1e-5)
    assert clip_grad_norm_(net.weight, math.inf).item() == pytest.approx(norms[0], rel=1e-5)


@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_norms_that_are_not_finite(rng, bad):
    ps = with_gradients(rng)
    ps[0].grad.data[0, 0, 0, 0] = bad
    before = gradients(ps)
    with pytest.raises(ArgumentError, match=rf"^clip_grad_norm_: the norm of the gradients is {bad}. error_if_nonfin"):
        clip_grad_norm_(ps, 1.0, error_if_nonfinite=True)
    np.testing.assert_equal(gradients(ps), before)
    norm = clip_grad_norm_(ps, 1.0)
    np.testing.assert_equal(norm.item(), bad)
    assert np.isnan(ps[0].grad.data[0, 0, 0, 0])


def test_clip_by_value_is_pytorchs(rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ps = with_gradients(rng)
    ts = torchs(torch, ps)
    clip_grad_value_(ps, 0.5)
    torch.nn.utils.clip_grad_value_(ts, 0.5)
    assert_same(ps, ts)
    assert max(np.abs(g).max(initial=0) for g in gradients(ps) if g is not None) == 0.5


def test_clipping_keeps_the_array_and_is_a_change_in_place(rng):
    ps = with_gradients(rng, np.float32)
    arrays, counts = [p.grad.data for p in ps[:-1]], [p.grad.version.count for p in ps[:-1]]
    clip_grad_norm_(ps, 0.1), clip_grad_value_(ps, 0.01)
    for p, array, count in zip(ps[:-1], arrays, counts, strict=True):
        assert p.grad.data is array and array.dtype == np.float32
        assert p.grad.version.count == count + 2


P = nn.Parameter(np.ones(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: clip_grad_norm_([P], -1), "clip_grad_norm_: max_norm is -1; it must be a number of at least 0"),
        (lambda: clip_grad_norm_([P], math.nan), "clip_grad_norm_: max_norm is nan; it must be a number"),
        (lambda: clip_grad_norm_([P], "1"), "clip_grad_norm_: max_norm is '1'; it must be a number"),
        (lambda: clip_grad_norm_([P], 1, 0), "clip_grad_norm_: norm_type is 0; it must be above 0, such as 2"),
        (lambda: clip_grad_norm_([P], 1, math.nan), "clip_grad_norm_: norm_type is nan; it must be above 0"),
        (lambda: clip_grad_norm_(["w"], 1), r"clip_grad_norm_: parameters holds str; pass model.parameters\(\)"),
        (lambda: clip_grad_value_([P], -1), "clip_grad_value_: clip_value is -1; it must be a number of at least 0"),
        (lambda: clip_grad_value_([P], math.nan), "clip_grad_value_: clip_value is nan; it must be a number"),
        (lambda: clip_grad_value_([1], 1), "clip_grad_value_: parameters holds int"),
        (lambda: l1_penalty([]), "l1_penalty: there are no parameters"),
        (lambda: l2_penalty([]), "l2_penalty: there are no parameters"),
        (lambda: l2_penalty([3]), "l2_penalty: parameters holds int"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(call, message):
    with pytest.raises(ArgumentError, match=f"^{message}"):
        call()


# ---------------------------------------------------------------- penalties


def test_penalties_by_hand():
    p, q = nn.Parameter(np.array([[1.0, -2.0]])), nn.Parameter(np.array(0.5))
    assert l1_penalty([p, q]).item() == 3.5
    assert l2_penalty([p, q]).item() == 5.25
    (l1_penalty([p, q]) + 10 * l2_penalty([p, q])).backward()
    assert p.grad.tolist() == [[21, -41]] and q.grad.item() == 11


@pytest.mark.parametrize("penalty", [l1_penalty, l2_penalty])
def test_gradients_of_penalties(rng, penalty):
    ps = [tc.tensor(rng.standard_normal(shape)).requires_grad_() for shape in [(2, 3), (4,)]]
    gradcheck(lambda *ps: penalty(list(ps)), ps, order=2)


def test_strength_s_is_a_weight_decay_of_2s(rng):
    """Of plain gradient descent; and a penalty may be for the weights alone."""
    nets, x = [nn.Linear(3, 2).double() for _ in range(2)], tc.tensor(rng.standard_normal((4, 3)))
    nets[1].load_state_dict(nets[0].state_dict())
    decayed = SGD(nets[0].parameters(), lr=0.1, weight_decay=0.06)
    penalised = SGD(nets[1].parameters(), lr=0.1)
    (nets[0](x) ** 2).sum().backward()
    ((nets[1](x) ** 2).sum() + 0.03 * l2_penalty(nets[1].parameters())).backward()
    decayed.step(), penalised.step()
    np.testing.assert_allclose(nets[0].weight.data, nets[1].weight.data, rtol=1e-13)
    np.testing.assert_allclose(nets[0].bias.data, nets[1].bias.data, rtol=1e-13)
