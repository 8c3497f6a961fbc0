"""Initialisers: the spread that each paper asks for, measured on many numbers."""

import math

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, DTypeError, ShapeError, UnknownNameError
from tinyconv.nn import init

SHAPE = (60, 40, 5, 3)  # fan_in 40*15 = 600, fan_out 60*15 = 900; 36,000 numbers
FAN_IN, FAN_OUT = 600, 900
WIDE = {  # initialiser, its options, the variance by its paper, written out here once more
    "Glorot": ("xavier", {}, 2 / (FAN_IN + FAN_OUT)),
    "Glorot, gain": ("xavier", {"gain": 3.0}, 9 * 2 / (FAN_IN + FAN_OUT)),
    "Glorot, groups": ("xavier", {"groups": 4}, 2 / (FAN_IN + FAN_OUT / 4)),
    "He": ("kaiming", {}, 2 / FAN_IN),
    "He, fan_out": ("kaiming", {"mode": "fan_out"}, 2 / FAN_OUT),
    "He, fan_out, groups": ("kaiming", {"mode": "fan_out", "groups": 4}, 2 / (FAN_OUT / 4)),
    "He, leaky": ("kaiming", {"a": 0.5}, 2 / (1 + 0.25) / FAN_IN),
    "He, tanh": ("kaiming", {"nonlinearity": "tanh"}, 25 / 9 / FAN_IN),
    "LeCun": ("lecun", {}, 1 / FAN_IN),
    "LeCun, groups": ("lecun", {"groups": 4}, 1 / FAN_IN),
}


def drawn(function, shape=SHAPE, dtype=np.float32, **options):
    w = nn.Parameter(np.full(shape, np.nan, dtype))
    assert function(w, **options) is w
    assert w.requires_grad and w.dtype == dtype
    return w.detach().numpy()


def assert_moments(w, mean, variance, fourth):
    """Mean and variance within five standard errors; `fourth` is the distribution's E x^4 / variance^2."""
    n = w.size
    assert w.mean(dtype=np.float64) == pytest.approx(mean, abs=5 * math.sqrt(variance / n))
    assert np.square(w - mean, dtype=np.float64).mean() == pytest.approx(variance, rel=5 * math.sqrt((fourth - 1) / n))


@pytest.mark.parametrize(("family", "options", "variance"), WIDE.values(), ids=WIDE.keys())
def test_uniform_weights_have_the_papers_variance_and_its_bounds(family, options, variance):
    w = drawn(getattr(init, f"{family}_uniform_"), **options)
    assert_moments(w, 0, variance, fourth=9 / 5)
    bound = math.sqrt(3 * variance)
    assert bound * (1 - 20 / w.size) < np.abs(w).max() <= bound * (1 + 1e-6)


@pytest.mark.parametrize(("family", "options", "variance"), WIDE.values(), ids=WIDE.keys())
def test_normal_weights_have_the_papers_variance(family, options, variance):
    w = drawn(getattr(init, f"{family}_normal_"), **options)
    assert_moments(w, 0, variance, fourth=3)
    assert np.abs(w).max() > 3.5 * math.sqrt(variance)  # no bound, as a uniform one would have


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_plain_distributions(dtype):
    assert_moments(drawn(init.uniform_, a=-1.0, b=3.0, dtype=dtype).astype("f8"), 1, 16 / 12, fourth=9 / 5)
    assert_moments(drawn(init.normal_, mean=2.0, std=0.5, dtype=dtype).astype("f8"), 2, 0.25, fourth=3)
    assert np.all(drawn(init.constant_, val=3.5, dtype=dtype) == 3.5)
    assert np.all(drawn(init.zeros_, dtype=dtype) == 0) and np.all(drawn(init.ones_, dtype=dtype) == 1)
    assert 0 <= drawn(init.uniform_, shape=(), dtype=dtype) <= 1


def test_signals_keep_their_size_through_a_deep_net(rng):
    """What He initialisation is for: 30 layers of ReLU keep the mean square, within reason."""
    x = rng.standard_normal((50, 300))
    for _ in range(30):
        x = np.maximum(x @ drawn(init.kaiming_normal_, shape=(300, 300), dtype=np.float64).T, 0)
    assert 0.01 < np.square(x).mean() < 100  # its logarithm has the standard deviation sqrt(30 * 5/300)


def test_fans():
    w = tc.zeros(SHAPE)
    assert init.fans(w) == (FAN_IN, FAN_OUT)
    assert init.fans(w, groups=4) == (FAN_IN, FAN_OUT / 4)
    assert init.fans(tc.zeros(7, 3)) == (3, 7)
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    assert init.fans(w) == torch.nn.init._calculate_fan_in_and_fan_out(torch.zeros(SHAPE))


def test_gains_are_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu"):
        assert init.calculate_gain(name) == pytest.approx(torch.nn.init.calculate_gain(name)), name
    assert init.calculate_gain("leaky_relu", 0.3) == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", 0.3))


def test_the_same_seed_gives_the_same_numbers():
    tc.manual_seed(5)
    a = drawn(init.kaiming_normal_)
    b = drawn(init.kaiming_normal_)
    tc.manual_seed(5)
    assert np.array_equal(drawn(init.kaiming_normal_), a) and not np.array_equal(a, b)


def test_weights_are_drawn_from_their_own_stream():
    before = tc.random.get_state()
    drawn(init.uniform_), drawn(init.normal_)
    after = tc.random.get_state()
    assert [name for name in before if before[name] != after[name]] == ["weights"]


REFUSED = [
    (lambda w: init.uniform_(w, 1, 0), ArgumentError, "^uniform_: from 1 to 0 there are no numbers"),
    (lambda w: init.uniform_(w, math.nan, 0), ArgumentError, "^uniform_: from nan to 0"),
    (lambda w: init.normal_(w, 0, -1), ArgumentError, "^normal_: std is -1; it must be at least 0"),
    (
        lambda w: init.kaiming_normal_(w, mode="fan_on"),
        UnknownNameError,
        "no mode 'fan_on'. Did you mean 'fan_",
    ),
    (
        lambda w: init.kaiming_normal_(w, nonlinearity="rellu"),
        UnknownNameError,
        "no nonlinearity 'rellu'. Did",
    ),
    (lambda w: init.lecun_normal_(tc.zeros(3)), ShapeError, r"^init: a tensor of shape \(3,\) has no fan_in"),
    (
        lambda w: init.xavier_normal_(tc.zeros(3, 0)),
        ShapeError,
        r"^init: a tensor of shape \(3, 0\) has no fan",
    ),
    (lambda w: init.xavier_normal_(w, groups=3), ArgumentError, "^init: groups is 3, but 4 outputs do not"),
    (lambda w: init.lecun_uniform_(w, groups=0), ArgumentError, "^init: groups is 0; it must be a whole"),
    (
        lambda w: init.normal_(tc.zeros(4, dtype="int64")),
        DTypeError,
        "^normal_: a tensor of int64 cannot hold",
    ),
]


@pytest.mark.parametrize(("call", "error", "message"), REFUSED)
def test_what_makes_no_sense_is_refused_and_changes_nothing(call, error, message):
    w = tc.full((4, 2), 7.0)
    with pytest.raises(error, match=message):
        call(w)
    assert np.all(w.numpy() == 7)
