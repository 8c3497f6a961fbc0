"""Optimisers: first steps by hand, long ways beside PyTorch, and all that can be wrong with arguments."""

import copy
import inspect
import math
from functools import cache

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.optim import LARS, SGD, Adadelta, Adagrad, Adam, AdamW, Optimizer, RMSprop

WAYS = {
    "SGD": (SGD, dict(lr=1e-3)),
    "SGD, momentum": (SGD, dict(lr=1e-3, momentum=0.9)),
    "SGD, dampening": (SGD, dict(lr=1e-3, momentum=0.9, dampening=0.3)),
    "SGD, nesterov": (SGD, dict(lr=1e-3, momentum=0.8, nesterov=True)),
    "SGD, everything": (SGD, dict(lr=1e-3, momentum=0.8, nesterov=True, weight_decay=0.1)),
    "Adam": (Adam, dict(lr=0.01)),
    "Adam, betas and eps": (Adam, dict(lr=0.01, betas=(0.7, 0.9), eps=1e-3)),
    "Adam, amsgrad": (Adam, dict(lr=0.02, betas=(0.5, 0.8), amsgrad=True)),
    "Adam, weight decay": (Adam, dict(lr=0.01, weight_decay=0.1)),
    "AdamW": (AdamW, dict(lr=0.01)),
    "AdamW, amsgrad, more decay": (AdamW, dict(lr=0.02, betas=(0.5, 0.8), weight_decay=0.3, amsgrad=True)),
    "Adagrad": (Adagrad, dict(lr=0.1)),
    "Adagrad, everything": (
        Adagrad,
        dict(lr=0.1, lr_decay=0.01, weight_decay=0.1, initial_accumulator_value=0.5, eps=1e-3),
    ),
    "RMSprop": (RMSprop, {}),
    "RMSprop, momentum": (RMSprop, dict(lr=1e-3, momentum=0.9, alpha=0.9)),
    "RMSprop, centered": (RMSprop, dict(alpha=0.9, centered=True)),
    "RMSprop, everything": (
        RMSprop,
        dict(lr=1e-3, alpha=0.95, eps=1e-3, weight_decay=0.1, momentum=0.8, centered=True),
    ),
    "Adadelta": (Adadelta, {}),
    "Adadelta, everything": (Adadelta, dict(lr=0.5, rho=0.95, eps=1e-5, weight_decay=0.1)),
    "LARS": (LARS, dict(lr=1.0)),
    "LARS, everything": (LARS, dict(lr=0.5, momentum=0.8, weight_decay=0.1, trust_coefficient=0.01, eps=1e-3)),
    "LARS, adapt=False": (LARS, dict(lr=1e-3, weight_decay=0.1, adapt=False)),
}
TWINS = {name: way for name, way in WAYS.items() if way[0] is not LARS}  # which PyTorch has not
OPTIMIZERS = [SGD, Adam, AdamW, Adagrad, RMSprop, Adadelta]
with_every_way = pytest.mark.parametrize(("kind", "options"), WAYS.values(), ids=WAYS.keys())
with_every_optimizer = pytest.mark.parametrize("kind", OPTIMIZERS)


def loss_of(a, b):
    """Rosenbrock's valley in the columns of a, a bowl for b, and a little of both."""
    x, y = a[0], a[1]
    return ((1 - x) * (1 - x) + 20 * (y - x * x) * (y - x * x)).sum() + (b * b).sum() + (b[0] * x).sum()


STARTS = (np.array([[-1.0, 0.5, 2.0], [1.0, -0.5, 0.3]]), np.array([0.7, -2.0, 1.5]))


def parameters(dtype=np.float64):
    return [nn.Parameter(start.astype(dtype)) for start in STARTS]


def take(optimizer, ps, steps):
    for _ in range(steps):
        optimizer.zero_grad()
        loss_of(*ps).backward()
        optimizer.step()


def bits(ps):
    return [p.detach().numpy().tobytes() for p in ps]


def given(value, gradient):
    """One float64 parameter that has a gradient already."""
    p = nn.Parameter(np.array([value]))
    p.grad = tc.tensor(np.array([gradient]))
    return p


# ---------------------------------------------------------------- by hand


def test_sgd_by_hand():
    p = given(1.0, 0.5)
    SGD([p], lr=0.1).step()
    assert p.item() == pytest.approx(1 - 0.1 * 0.5, rel=1e-15)


def test_sgd_momentum_by_hand():
    p = given(1.0, 0.5)
    optimizer = SGD([p], lr=0.1, momentum=0.9, dampening=0.5)
    optimizer.step()  # v = 0.5: dampening begins with the second step
    assert p.item() == pytest.approx(0.95, rel=1e-15)
    optimizer.step()  # v = 0.9*0.5 + 0.5*0.5 = 0.7
    assert p.item() == pytest.approx(0.88, rel=1e-15)


def test_sgd_nesterov_and_weight_decay_by_hand():
    p = given(2.0, 0.5)
    SGD([p], lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.25).step()
    assert p.item() == pytest.approx(2 - 0.1 * (1 + 0.9 * 1), rel=1e-15)  # g = 0.5 + 0.25*2 = v = 1


@pytest.mark.parametrize("gradient", [1e-3, 1.0, -1e3])
def test_adams_first_step_is_lr_whatever_the_gradient(gradient):
    p = given(1.0, gradient)
    Adam([p], lr=0.1, eps=0.0).step()  # m^ = g, v^ = g^2
    assert p.item() == pytest.approx(1 - 0.1 * math.copysign(1, gradient), rel=1e-12)


def test_adam_by_hand():
    p = given(1.0, 1.0)
    optimizer = Adam([p], lr=0.1, betas=(0.5, 0.75), eps=0.0)
    optimizer.step()
    p.grad = tc.tensor(np.array([3.0]))
    optimizer.step()  # m = 0.25 + 1.5, v = 0.1875 + 2.25; corrections 1 - 0.25 and 1 - 0.5625
    assert p.item() == pytest.approx(0.9 - 0.1 * (1.75 / 0.75) / math.sqrt(2.4375 / 0.4375), rel=1e-12)


def test_amsgrad_keeps_the_largest_v():
    p = given(1.0, 4.0)
    optimizer = Adam([p], lr=0.1, betas=(0.0, 0.5), eps=0.0, amsgrad=True)
    optimizer.step()  # v = 8
    at, p.grad = p.item(), tc.tensor(np.array([1.0]))
    optimizer.step()  # v = 4.5, and 8 counts
    assert p.item() == pytest.approx(at - 0.1 / math.sqrt(8 / 0.75), rel=1e-12)


def test_adadelta_by_hand():
    p = given(1.0, 2.0)
    optimizer = Adadelta([p], lr=0.5, rho=0.75, eps=0.25)
    optimizer.step()  # s = 1, d = 2 sqrt(0.25) / sqrt(1.25), u = d^2/4 = 0.2
    d = 1 / math.sqrt(1.25)
    assert p.item() == pytest.approx(1 - 0.5 * d, rel=1e-12)
    optimizer.step()  # s = 0.75 + 1
    assert p.item() == pytest.approx(1 - 0.5 * d - 0.5 * 2 * math.sqrt(0.45) / math.sqrt(2), rel=1e-12)


def test_adamw_by_hand():
    p = given(2.0, -3.0)
    AdamW([p], lr=0.1, eps=0.0, weight_decay=0.5).step()  # the first step is lr, whatever the gradient
    assert p.item() == pytest.approx(2 * (1 - 0.1 * 0.5) + 0.1, rel=1e-12)


def test_adagrad_by_hand():
    p = given(1.0, 3.0)
    optimizer = Adagrad([p], lr=0.5, lr_decay=0.25, initial_accumulator_value=7.0, eps=0.0)
    optimizer.step()  # s = 7 + 9
    assert p.item() == pytest.approx(1 - 0.5 * 3 / 4, rel=1e-15)
    optimizer.step()  # s = 25, the rate 0.5/1.25
    assert p.item() == pytest.approx(1 - 0.5 * 3 / 4 - 0.4 * 3 / 5, rel=1e-15)


def test_rmsprop_by_hand():
    p = given(1.0, 2.0)
    optimizer = RMSprop([p], lr=0.1, alpha=0.75, eps=0.5, momentum=0.5)
    optimizer.step()  # s = 1, v = 2/1.5
    assert p.item() == pytest.approx(1 - 0.1 * 2 / 1.5, rel=1e-15)
    optimizer.step()  # s = 1.75
    v = 0.5 * 2 / 1.5 + 2 / (math.sqrt(1.75) + 0.5)
    assert p.item() == pytest.approx(1 - 0.1 * 2 / 1.5 - 0.1 * v, rel=1e-14)


def test_centered_rmsprop_divides_by_the_deviation():
    p = given(1.0, 2.0)
    RMSprop([p], lr=0.1, alpha=0.75, eps=0.0, centered=True).step()  # s = 1, m = 0.5
    assert p.item() == pytest.approx(1 - 0.1 * 2 / math.sqrt(0.75), rel=1e-14)


def test_centered_rmsprop_of_a_constant_gradient_stays_finite(engine):
    """Then s and m^2 become the same, but for rounding; the root of less than nothing would be NaN."""
    p = nn.Parameter(np.ones(50))
    p.grad = tc.tensor(np.linspace(0.1, 7, 50))
    optimizer = RMSprop([p], alpha=0.5, eps=1.0, centered=True)
    for _ in range(80):
        optimizer.step()
    assert np.isfinite(p.detach().numpy()).all()


def test_lars_by_hand():
    p = nn.Parameter(np.array([3.0, 4.0]))
    p.grad = tc.tensor(np.array([0.0, 2.0]))
    optimizer = LARS([p], lr=10.0, momentum=0.5, weight_decay=0.1, trust_coefficient=0.02, eps=0.5)
    optimizer.step()  # q = 0.02*5 / (2 + 0.1*5 + 0.5) = 1/30
    np.testing.assert_allclose(p.data, [3 - 0.3 / 3, 4 - 2.4 / 3], rtol=1e-14)


def test_lars_moves_weights_of_zero_and_stands_still_without_a_gradient():
    p, q = nn.Parameter(np.zeros(2)), nn.Parameter(np.ones(2))
    p.grad, q.grad = tc.tensor(np.ones(2)), tc.tensor(np.zeros(2))
    LARS([p, q], lr=0.5, eps=0.0).step()
    assert p.tolist() == [-0.5, -0.5] and q.tolist() == [1, 1]


def test_lars_steps_do_not_depend_on_the_size_of_the_gradient():
    ps = [nn.Parameter(np.array([3.0, 4.0])) for _ in range(2)]
    for p, size in zip(ps, (1e-3, 1e3), strict=True):
        p.grad = tc.tensor(size * np.array([1.0, -1.0]))
        LARS([p], lr=1.0, eps=0.0).step()
    np.testing.assert_allclose(ps[0].data, ps[1].data, rtol=1e-12)


# ---------------------------------------------------------------- beside PyTorch


@cache
def torchs_way(name):
    """200 steps of PyTorch's optimiser: STARTS, and the parameters after each step."""
    import torch

    kind, options = WAYS[name]
    ts = [torch.nn.Parameter(torch.tensor(start)) for start in STARTS]
    optimizer = getattr(torch.optim, kind.__name__)(two_groups(*ts), **options)

    def give(gradients):
        for t, g in zip(ts, gradients, strict=True):
            t.grad = torch.tensor(g)

    return way_of(optimizer, [t.detach().numpy() for t in ts], give)


def two_groups(a, b):
    return [{"params": [a]}, {"params": b, "lr": 0.004}]


def way_of(optimizer, arrays, give):
    """Copies of the arrays after each of 200 steps, in which the second group has another rate; all are halved."""
    way = []
    for step in range(200):
        give(gradients_at(step, *arrays))
        optimizer.step()
        way.append([array.copy() for array in arrays])
        if step == 100:
            for group in optimizer.param_groups:
                group["lr"] /= 2
    return way


def gradients_at(step, a, b):
    """Of loss_of, by hand, and something that changes from step to step, as a batch does."""
    (x, y), noise = a, np.random.default_rng(step)
    dx = 2 * (x - 1) - 80 * x * (y - x * x) + b[0]
    da, db = np.array([dx, 40 * (y - x * x)]), 2 * b + np.array([x.sum(), 0, 0])
    return da + noise.standard_normal(a.shape), db + noise.standard_normal(b.shape)


def our_way(kind, options):
    ps = parameters()

    def give(gradients):
        for p, g in zip(ps, gradients, strict=True):
            p.grad = tc.tensor(g)

    return way_of(kind(two_groups(*ps), **options), [p.data for p in ps], give)


@pytest.mark.xdist_group("torch.optim")  # which takes seconds to import: in one process only
@pytest.mark.parametrize("name", TWINS)
def test_two_hundred_steps_beside_pytorch(name, engine):
    """In two groups, of which the second has another rate; and all rates are halved on the way."""
    pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    for ours, theirs in zip(our_way(*WAYS[name]), torchs_way(name), strict=True):
        for p, t in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p, t, rtol=1e-10, atol=1e-12)
    for p, start in zip(ours, STARTS, strict=True):
        assert np.abs(p - start).max() > 1e-3


@pytest.mark.parametrize("name", [name for name in WAYS if name not in TWINS])
def test_two_hundred_steps_of_lars_as_in_the_paper(name, engine):
    """Algorithm 1 once more, in plain NumPy."""

    class Paper:
        def __init__(self):
            options = dict(momentum=0.9, weight_decay=0.0, trust_coefficient=0.001, eps=1e-8, adapt=True)
            self.settings = {**options, **WAYS[name][1]}
            self.param_groups = [{"lr": self.settings["lr"]}, {"lr": 0.004}]
            self.arrays = [start.copy() for start in STARTS]
            self.v = [0 * start for start in STARTS]

        def step(self):
            s = self.settings
            for w, v, g, group in zip(self.arrays, self.v, self.gradients, self.param_groups, strict=True):
                denominator = np.sqrt((g * g).sum()) + s["weight_decay"] * np.sqrt((w * w).sum()) + s["eps"]
                local = s["trust_coefficient"] * np.sqrt((w * w).sum()) / denominator if s["adapt"] else 1.0
                v[...] = s["momentum"] * v + group["lr"] * local * (g + s["weight_decay"] * w)
                w -= v

    paper = Paper()
    expected = way_of(paper, paper.arrays, lambda gradients: setattr(paper, "gradients", gradients))
    for ours, theirs in zip(our_way(*WAYS[name]), expected, strict=True):
        for p, t in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(p, t, rtol=1e-10, atol=1e-12)
    assert np.abs(ours[0] - STARTS[0]).max() > 1e-3


def test_gradients_by_hand_are_those_of_the_loss():
    ps = parameters()
    loss_of(*ps).backward()
    noise = np.random.default_rng(3)
    for p, g in zip(ps, gradients_at(3, *STARTS), strict=True):
        np.testing.assert_allclose(g - noise.standard_normal(p.shape), p.grad.numpy(), rtol=1e-12)


@with_every_optimizer
def test_settings_have_pytorchs_names_order_and_defaults(kind):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours = inspect.signature(kind).parameters
    theirs = inspect.signature(getattr(torch.optim, kind.__name__)).parameters
    assert [(p.name, p.default) for p in ours.values()] == [
        (p.name, p.default) for p in list(theirs.values())[: len(ours)]
    ]


# ---------------------------------------------------------------- groups, gradients, learning


@with_every_way
def test_it_goes_downhill(kind, options):
    ps = parameters()
    before = loss_of(*ps).item()
    take(kind(ps, **options), ps, 100)
    assert loss_of(*ps).item() < 0.7 * before


def test_groups_have_their_own_settings():
    p, q, r = given(1.0, 1.0), given(1.0, 1.0), given(1.0, 1.0)
    optimizer = SGD([{"params": [p, q], "lr": 0.5}, {"params": r, "weight_decay": 1.0}], lr=0.25)
    optimizer.step()
    assert [x.item() for x in (p, q, r)] == [0.5, 0.5, 0.5]
    optimizer.param_groups[0]["lr"] = 0.0
    optimizer.step()
    assert [x.item() for x in (p, q, r)] == [0.5, 0.5, 0.125]


@with_every_optimizer
def test_a_parameter_without_a_gradient_is_left_alone(kind):
    p, q = given(1.0, 1.0), given(1.0, 1.0)
    q.grad = None
    optimizer = kind([p, q])
    optimizer.step()
    assert p.item() != 1 and q.item() == 1
    assert optimizer.state[q] == {}
    optimizer.zero_grad()
    assert p.grad is None


@with_every_way
def test_arrays_change_in_place_keep_their_type_and_gradients_are_left_as_they_are(kind, options):
    ps = parameters(np.float32)
    arrays, optimizer = [p.data for p in ps], kind(ps, **options)
    loss_of(*ps).backward()
    gradients = [p.grad.numpy().copy() for p in ps]
    optimizer.step(), optimizer.step()
    for p, array, g in zip(ps, arrays, gradients, strict=True):
        assert p.data is array and p.dtype == np.float32
        assert np.array_equal(p.grad.numpy(), g)
        assert all(a.dtype == np.float32 for a in optimizer.state[p].values() if isinstance(a, np.ndarray))


@with_every_way
def test_memory_order_does_not_matter(kind, options):
    ps, qs = parameters(), parameters()
    qs[0].data = np.asfortranarray(qs[0].data)
    take(kind(ps, **options), ps, 5), take(kind(qs, **options), qs, 5)
    assert bits(ps) == bits(qs)


def test_a_step_between_forward_and_backward_is_noticed():
    p = given(1.0, 1.0)
    y = p * p
    SGD([p]).step()
    with pytest.raises(tc.errors.GraphError, match="was changed in place"):
        y.backward()


@with_every_way
def test_state_follows_a_module_to_another_type(kind, options):
    """10 steps in float32 and 10 in float64 are 20 steps, up to float32's rounding."""
    net, twin = nn.Linear(3, 2), None
    twin = copy.deepcopy(net).double()
    x = tc.tensor(np.linspace(-1, 1, 12).reshape(4, 3))

    def steps(module, optimizer, x):
        for _ in range(10):
            optimizer.zero_grad()
            y = module(x) - 1
            (y * y).sum().backward()
            optimizer.step()

    first, second = kind(net.parameters(), **options), kind(twin.parameters(), **options)
    steps(net, first, x.float()), steps(net.double(), first, x)
    steps(twin, second, x), steps(twin, second, x)
    np.testing.assert_allclose(net.weight.detach().numpy(), twin.weight.detach().numpy(), rtol=1e-3, atol=1e-4)
    arrays = [a for a in first.state[net.weight].values() if isinstance(a, np.ndarray)]
    assert all(a.dtype == np.float64 for a in arrays)


def test_repr():
    assert repr(SGD([given(1.0, 1.0)], lr=0.1)) == (
        "SGD({'lr': 0.1, 'momentum': 0.0, 'dampening': 0.0, 'weight_decay': 0.0, 'nesterov': False, 'params': 1})"
    )


# ---------------------------------------------------------------- saving and loading


def as_json_has_it(value):
    """Keys become strings and tuples lists."""
    if isinstance(value, dict):
        return {str(k): as_json_has_it(v) for k, v in value.items()}
    return [as_json_has_it(v) for v in value] if isinstance(value, (list, tuple)) else value


@with_every_way
@pytest.mark.parametrize("through", [lambda state: state, as_json_has_it], ids=["as it is", "through JSON"])
def test_a_loaded_state_goes_on_to_the_same_bits(kind, options, through):
    ps = parameters()
    optimizer = kind([{"params": ps[:1]}, {"params": ps[1:], "lr": 0.003}], **options)
    take(optimizer, ps, 5)

    qs = [nn.Parameter(p.detach().numpy().copy()) for p in ps]
    resumed = kind([{"params": qs[:1]}, {"params": qs[1:]}])
    resumed.load_state_dict(through(optimizer.state_dict()))
    take(resumed, qs, 5)  # first, to see that the arrays are copies
    take(optimizer, ps, 5)
    assert bits(ps) == bits(qs)
    for group, loaded in zip(optimizer.param_groups, resumed.param_groups, strict=True):
        assert {**group, "params": 0} == {**loaded, "params": 0}


def test_a_state_before_the_first_step_can_be_loaded():
    optimizer, other = SGD(parameters(), momentum=0.9), SGD(parameters(), lr=3.0)
    take(other, other.parameters(), 1)
    other.load_state_dict(optimizer.state_dict())
    assert other.state_dict() == optimizer.state_dict()


def broken(change):
    optimizer = Adam(ps := parameters())
    take(optimizer, ps, 2)
    state = copy.deepcopy(optimizer.state_dict())
    change(state)
    return state


BAD_STATES = {
    "not a state": (lambda s: s.clear(), ArgumentError, "it needs 'state' and 'param_groups', as state_dict"),
    "groups that are numbers": (
        lambda s: s.update(param_groups=[1]),
        ArgumentError,
        "it needs 'state' and 'param_groups'",
    ),
    "fewer parameters": (
        lambda s: s["param_groups"][0]["params"].pop(),
        ArgumentError,
        r"it was saved for groups of \[1\] parameters, these are groups of \[2\]",
    ),
    "another group": (
        lambda s: s["param_groups"].append(s["param_groups"][0]),
        ArgumentError,
        r"it was saved for groups of \[2, 2\] parameters",
    ),
    "another optimiser": (
        lambda s: s["param_groups"][0].pop("betas"),
        ArgumentError,
        "the state has no 'betas'; was it saved by another kind of optimiser",
    ),
    "a bad setting": (lambda s: s["param_groups"][0].update(lr=-1), ArgumentError, "lr is -1; it must be"),
    "another shape": (
        lambda s: s["state"][1].update(v=np.ones(7)),
        ShapeError,
        r"v has shape \(7,\), its parameter \(3,\)",
    ),
}


@pytest.mark.parametrize(("change", "error", "message"), BAD_STATES.values(), ids=BAD_STATES.keys())
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    optimizer = Adam(ps := parameters(), lr=0.5)
    take(optimizer, ps, 3)
    before = copy.deepcopy(optimizer.state_dict())
    with pytest.raises(error, match=f"^Adam.*: {message}"):
        optimizer.load_state_dict(broken(change))
    np.testing.assert_equal(optimizer.state_dict(), before)


# ---------------------------------------------------------------- what is refused

P = nn.Parameter(np.ones(2, np.float32))
BAD_ARGUMENTS = [
    (lambda: SGD([P], lr=-0.1), ArgumentError, "SGD: lr is -0.1; it must be at least 0, and finite"),
    (lambda: SGD([P], lr=math.nan), ArgumentError, "SGD: lr is nan; it must be at least 0"),
    (lambda: SGD([P], lr=math.inf), ArgumentError, "SGD: lr is inf; it must be at least 0, and finite"),
    (lambda: SGD([P], lr="0.1"), ArgumentError, "SGD: lr is '0.1'; it must be at least 0"),
    (lambda: SGD([P], momentum=-1), ArgumentError, "SGD: momentum is -1; it must be at least 0"),
    (lambda: SGD([P], weight_decay=-1), ArgumentError, "SGD: weight_decay is -1; it must be at least 0"),
    (
        lambda: SGD([P], nesterov=True),
        ArgumentError,
        "SGD: nesterov=True needs momentum above 0 and dampening 0",
    ),
    (
        lambda: SGD([P], momentum=0.9, dampening=0.1, nesterov=True),
        ArgumentError,
        "SGD: nesterov=True needs momentum above 0 and dampening 0",
    ),
    (lambda: SGD([{"params": [P], "lr": -1}]), ArgumentError, "SGD: lr is -1; it must be at least 0"),
    (
        lambda: SGD([{"params": [P], "momentun": 1}]),
        UnknownNameError,
        "SGD: there is no setting 'momentun'. Did you mean 'momentum'",
    ),
    (lambda: SGD([{"lr": 1}]), ArgumentError, "SGD: every group must be a dict with the key 'params'"),
    (
        lambda: SGD([{"params": [P]}, P]),
        ArgumentError,
        "SGD: every group must be a dict with the key 'params'",
    ),
    (lambda: SGD([]), ArgumentError, "SGD: the list of parameters is empty. .* use nn.Sequential"),
    (lambda: SGD(P), ArgumentError, "SGD: params is Parameter; it must be a list, such as model.parameters"),
    (lambda: SGD(nn.Linear(1, 1)), ArgumentError, "SGD: params is Linear; it must be a list"),
    (lambda: SGD([nn.Linear(1, 1)]), ArgumentError, r"SGD: params holds Linear; pass model.parameters\(\)"),
    (lambda: SGD([P, P]), ArgumentError, "SGD: a parameter is listed twice"),
    (lambda: SGD([{"params": [P]}, {"params": [P]}]), ArgumentError, "SGD: a parameter is listed twice"),
    (lambda: SGD([P * 2]), ArgumentError, "SGD: only leaf tensors can be optimised"),
    (
        lambda: Adam([P], betas=(0.9, 1.0)),
        ArgumentError,
        r"Adam: betas is \(0.9, 1.0\); it must be two numbers",
    ),
    (lambda: Adam([P], betas=(0.9,)), ArgumentError, r"Adam: betas is \(0.9,\); it must be two numbers"),
    (lambda: Adam([P], betas=0.9), ArgumentError, "Adam: betas is 0.9; it must be two numbers"),
    (
        lambda: Adam([P], betas=(-0.1, 0.9)),
        ArgumentError,
        r"Adam: betas is \(-0.1, 0.9\); it must be at least 0",
    ),
    (lambda: Adam([P], eps=-1), ArgumentError, "Adam: eps is -1; it must be at least 0"),
    (lambda: Adadelta([P], rho=1.5), ArgumentError, "Adadelta: rho is 1.5; it must lie between 0 and 1"),
    (lambda: Adadelta([P], eps=math.nan), ArgumentError, "Adadelta: eps is nan; it must be at least 0"),
    (lambda: SGD([P], dampening=math.nan), ArgumentError, "SGD: dampening is nan; it must be at least 0"),
    (lambda: Adam([P], betas=(0.9, math.nan)), ArgumentError, r"Adam: betas is \(0.9, nan\); it must be at least 0"),
    (lambda: AdamW([P], betas=(0.9, 0.9, 0.9)), ArgumentError, r"AdamW: betas is \(0.9, 0.9, 0.9\); it must be two"),
    (lambda: AdamW([P], weight_decay=-0.1), ArgumentError, "AdamW: weight_decay is -0.1; it must be at least 0"),
    (lambda: Adagrad([P], lr=math.nan), ArgumentError, "Adagrad: lr is nan; it must be at least 0"),
    (lambda: Adagrad([P], lr_decay=-1), ArgumentError, "Adagrad: lr_decay is -1; it must be at least 0"),
    (lambda: Adagrad([P], weight_decay=-1), ArgumentError, "Adagrad: weight_decay is -1; it must be at least 0"),
    (
        lambda: Adagrad([P], initial_accumulator_value=-1),
        ArgumentError,
        "Adagrad: initial_accumulator_value is -1; it must be at least 0",
    ),
    (lambda: Adagrad([P], eps=-1), ArgumentError, "Adagrad: eps is -1; it must be at least 0"),
    (lambda: RMSprop([P], lr=-1), ArgumentError, "RMSprop: lr is -1; it must be at least 0"),
    (lambda: RMSprop([P], alpha=1.5), ArgumentError, "RMSprop: alpha is 1.5; it must lie between 0 and 1"),
    (lambda: RMSprop([P], alpha=math.nan), ArgumentError, "RMSprop: alpha is nan; it must be at least 0"),
    (lambda: RMSprop([P], momentum=-1), ArgumentError, "RMSprop: momentum is -1; it must be at least 0"),
    (lambda: RMSprop([P], eps=math.inf), ArgumentError, "RMSprop: eps is inf; it must be at least 0"),
    (lambda: LARS([P], lr=math.nan), ArgumentError, "LARS: lr is nan; it must be at least 0"),
    (lambda: LARS([P], momentum=-1), ArgumentError, "LARS: momentum is -1; it must be at least 0"),
    (lambda: LARS([P], trust_coefficient=-1), ArgumentError, "LARS: trust_coefficient is -1; it must be at least 0"),
    (lambda: LARS([P], weight_decay=None), ArgumentError, "LARS: weight_decay is None; it must be at least 0"),
]


@pytest.mark.parametrize(("make", "error", "message"), BAD_ARGUMENTS)
def test_arguments_that_make_no_sense_are_refused(make, error, message):
    with pytest.raises(error, match=f"^{message}"):
        make()


@pytest.mark.parametrize(
    ("gradient", "error", "message"),
    [
        (np.ones(1), ShapeError, r"^SGD.step: a gradient has shape \(1,\), its parameter \(3,\)"),
        (np.ones(3, np.float32), DTypeError, "^SGD.step: a gradient is float32, its parameter float64"),
    ],
)
def test_a_gradient_that_does_not_fit_is_refused_before_anything_changes(gradient, error, message):
    ps = parameters()
    loss_of(*ps).backward()
    ps[1].grad, before = tc.tensor(gradient), bits(ps)
    with pytest.raises(error, match=message):
        SGD(ps).step()
    assert bits(ps) == before


def test_an_optimiser_without_update_says_so():
    with pytest.raises(NotImplementedError, match=r"Optimizer does not define update\(\)"):
        Optimizer([given(1.0, 1.0)], {"lr": 1.0}).step()
