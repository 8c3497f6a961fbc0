"""The moving average of weights: by hand and beside PyTorch, in the model and out again, saved and loaded."""

import copy
import math

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, GraphError, ShapeError
from tinyconv.optim import EMA, SGD


def net():
    return nn.Sequential(nn.Conv2d(2, 3, 3), nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 2))


def steps(model, ema, n, rng=None):
    """Random weights, n times."""
    rng = rng or np.random.default_rng(0)
    seen = []
    for _ in range(n):
        for p in model.parameters():
            p.data[...] = rng.standard_normal(p.shape)
        ema.update()
        seen.append([p.data.copy() for p in model.parameters()])
    return seen


def test_by_hand():
    model = nn.Linear(1, 1, bias=False).double()
    model.weight.data[...] = 8
    ema = EMA(model, decay=0.75)
    for w in (4.0, 0.0):
        model.weight.data[...] = w
        ema.update()
    assert ema.average["weight"].item() == 0.75 * (0.75 * 8 + 0.25 * 4)
    assert ema.t == 2


def test_it_is_pytorchs(rng):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

    ours, theirs = nn.Linear(3, 2).double(), torch.nn.Linear(3, 2).double()
    ema = EMA(ours, decay=0.9)
    twin = AveragedModel(theirs, multi_avg_fn=get_ema_multi_avg_fn(0.9))
    for step in range(30):
        arrays = [rng.standard_normal(p.shape) for p in ours.parameters()]
        for p, t, a in zip(ours.parameters(), theirs.parameters(), arrays, strict=True):
            p.data[...] = a
            with torch.no_grad():
                t.copy_(torch.tensor(a))
        if step:
            ema.update()
        else:  # PyTorch's average begins with the first update, ours with the model
            ema = EMA(ours, decay=0.9)
        twin.update_parameters(theirs)
    for e, t in zip(ema.average.values(), twin.module.parameters(), strict=True):
        np.testing.assert_allclose(e, t.detach().numpy(), rtol=1e-12)


def test_within_the_block_the_model_has_the_averages(rng):
    model = net()
    first = [p.data.copy() for p in model.parameters()]
    ema = EMA(model, decay=0.5)
    seen = steps(model, ema, 2, rng)
    arrays, running_mean = [p.data for p in model.parameters()], model[1].running_mean.data
    with ema.applied() as inside:
        assert inside is model and model[1].running_mean.data is running_mean
        for p, array, a, b, c in zip(model.parameters(), arrays, first, *seen, strict=True):
            np.testing.assert_allclose(p.data, (a + b + 2 * c) / 4, rtol=1e-5, atol=1e-6)
            assert p.data.strides == array.strides  # channels-last weights stay so
    for p, array, c in zip(model.parameters(), arrays, seen[-1], strict=True):
        assert p.data is array
        np.testing.assert_array_equal(p.data, c)


def test_an_error_within_the_block_gives_the_weights_back():
    model = net()
    ema = EMA(model)
    (last,) = steps(model, ema, 1)
    with pytest.raises(ZeroDivisionError), ema.applied():
        raise ZeroDivisionError
    for p, array in zip(model.parameters(), last, strict=True):
        np.testing.assert_array_equal(p.data, array)
    ema.update()


def test_a_swap_between_forward_and_backward_is_noticed():
    model = nn.Linear(2, 2)
    ema = EMA(model)
    y = model(model(tc.randn(3, 2))).sum()
    with ema.applied(), pytest.raises(GraphError, match="was changed in place"):
        y.backward()


def test_the_average_follows_a_module_to_another_type():
    model = nn.Linear(2, 1, bias=False)
    model.weight.data[...] = 1
    ema = EMA(model, decay=0.5)
    model.double().weight.data[...] = 2
    ema.update()
    assert ema.average["weight"].dtype == np.float64
    assert ema.average["weight"].tolist() == [[1.5, 1.5]]


def test_averages_evaluate_better_than_the_last_noisy_step(rng):
    """A bowl, and gradients that are mostly noise: the average is nearer to the bottom."""
    p = nn.Parameter(np.zeros(50))
    model = nn.Module()
    model.p = p
    ema, optimizer = EMA(model, decay=0.95), SGD([p], lr=0.5)
    for _ in range(400):
        p.grad = tc.tensor(p.data + rng.standard_normal(50))
        optimizer.step()
        ema.update()
    assert (ema.average["p"] ** 2).sum() < 0.5 * (p.data**2).sum()


# ---------------------------------------------------------------- saving and loading


def test_a_loaded_average_goes_on_to_the_same_bits():
    model = net()
    ema = EMA(model, decay=0.9)
    steps(model, ema, 4)
    twin = copy.deepcopy(model)
    resumed = EMA(twin)
    resumed.load_state_dict(ema.state_dict())
    assert resumed.t == 4 and resumed.decay == 0.9
    rng = np.random.default_rng(5)
    steps(model, ema, 3, rng)
    steps(twin, resumed, 3, np.random.default_rng(5))
    for path, e in ema.average.items():
        np.testing.assert_array_equal(resumed.average[path], e)


def without(state, key):
    return {k: v for k, v in state.items() if k != key}


BAD_STATES = {
    "nothing": (lambda s: {}, ArgumentError, "it needs 't', 'decay' and 'average', as state_dict"),
    "no average": (lambda s: without(s, "average"), ArgumentError, "it needs 't', 'decay' and 'average'"),
    "no t": (lambda s: without(s, "t"), ArgumentError, "it needs 't', 'decay' and 'average'"),
    "a decay beyond 1": (lambda s: {**s, "decay": 2.0}, ArgumentError, "decay is 2.0; it must lie between 0 and 1"),
    "one missing": (
        lambda s: {**s, "average": without(s["average"], "3.bias")},
        ArgumentError,
        "only the model has a parameter '3.bias'",
    ),
    "one too many": (
        lambda s: {**s, "average": {**s["average"], "4.bias": np.ones(1)}},
        ArgumentError,
        "only the state has a parameter '4.bias'",
    ),
    "another shape": (
        lambda s: {**s, "average": {**s["average"], "3.bias": np.ones(7)}},
        ShapeError,
        r"the average of 3.bias has shape \(7,\), its parameter \(2,\)",
    ),
}


@pytest.mark.parametrize(("change", "error", "message"), BAD_STATES.values(), ids=BAD_STATES.keys())
def test_a_state_that_does_not_fit_changes_nothing(change, error, message):
    ema = EMA(net())
    before = copy.deepcopy(ema.state_dict())
    with pytest.raises(error, match=f"^EMA.load_state_dict: {message}"):
        ema.load_state_dict(change({**before, "t": 9}))
    np.testing.assert_equal(ema.state_dict(), before)


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize("decay", [-0.1, 1.5, math.nan, "0.9"])
def test_a_decay_that_makes_no_sense_is_refused(decay):
    with pytest.raises(ArgumentError, match=r"^EMA: decay is .*; it must lie between 0 and 1"):
        EMA(net(), decay)


@pytest.mark.parametrize("method", ["update", "state_dict", "load_state_dict", "applied"])
def test_what_would_be_wrong_within_the_block_is_refused(method):
    ema = EMA(nn.Linear(1, 1))
    calls = {
        "update": ema.update,
        "state_dict": ema.state_dict,
        "load_state_dict": lambda: ema.load_state_dict({}),
        "applied": lambda: ema.applied().__enter__(),
    }
    message = rf"^EMA.{method}: the model has the averages for its weights; leave the `with ema.applied\(\)` block"
    with ema.applied(), pytest.raises(ArgumentError, match=message):
        calls[method]()


def test_other_parameters_than_at_the_start_are_refused():
    model = nn.Sequential(nn.Linear(2, 2))
    ema = EMA(model)
    model.extra = nn.Linear(1, 1)
    with pytest.raises(
        ArgumentError, match=r"^EMA.update: the model's parameters are others now \(extra.bias\); make a"
    ):
        ema.update()
