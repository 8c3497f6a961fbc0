"""Learning-rate schedules: their values by hand and PyTorch's, going on where one was left, bad arguments."""

import inspect
import json
import math

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.optim import SGD, Adadelta, Adam, lr_scheduler
from tinyconv.optim.lr_scheduler import (
    CosineLR,
    LambdaLR,
    LinearLR,
    LRScheduler,
    MultiStepLR,
    OneCycleLR,
    PolynomialLR,
    ReduceLROnPlateau,
    SequentialLR,
    StepLR,
)

# With either module of schedules, ours or PyTorch's, and its optimiser.
SCHEDULES = {
    "StepLR": lambda s, o: s.StepLR(o, 7, 0.2),
    "MultiStepLR": lambda s, o: s.MultiStepLR(o, [30, 80, 81, 200], gamma=0.3),
    "MultiStepLR, out of order and twice": lambda s, o: s.MultiStepLR(o, [80, 30, 30]),
    "ExponentialLR": lambda s, o: s.ExponentialLR(o, 0.97),
    "PolynomialLR": lambda s, o: s.PolynomialLR(o, total_iters=150, power=0.9),
    "PolynomialLR, a line": lambda s, o: s.PolynomialLR(o),
    "CosineAnnealingLR": lambda s, o: s.CosineAnnealingLR(o, 45, eta_min=0.01),
    "CosineAnnealingWarmRestarts": lambda s, o: s.CosineAnnealingWarmRestarts(o, 20),
    "CosineAnnealingWarmRestarts, longer and longer": (
        lambda s, o: s.CosineAnnealingWarmRestarts(o, T_0=10, T_mult=3, eta_min=0.001)
    ),
    "LinearLR": lambda s, o: s.LinearLR(o),
    "LinearLR, down": lambda s, o: s.LinearLR(o, start_factor=0.9, end_factor=0.1, total_iters=100),
    "LambdaLR": lambda s, o: s.LambdaLR(o, lambda t: 1 / (1 + t)),
    "LambdaLR, a list": lambda s, o: s.LambdaLR(o, [lambda t: 0.9**t, lambda t: 1 / (1 + t)]),
    "SequentialLR": (
        lambda s, o: s.SequentialLR(
            o,
            [s.LinearLR(o, 0.01, total_iters=40), s.CosineAnnealingLR(o, 120), s.ExponentialLR(o, 0.9)],
            milestones=[40, 160],
        )
    ),
    "OneCycleLR": lambda s, o: s.OneCycleLR(o, 0.5, total_steps=251),
    "OneCycleLR, lines": (
        lambda s, o: s.OneCycleLR(o, [0.5, 0.1], epochs=25, steps_per_epoch=11, pct_start=0.2, anneal_strategy="linear")
    ),
    "OneCycleLR, three phases": (
        lambda s, o: s.OneCycleLR(
            o,
            0.5,
            300,
            pct_start=0.37,
            base_momentum=0.5,
            max_momentum=0.9,
            div_factor=10,
            final_div_factor=50,
            three_phase=True,
        )
    ),
    "OneCycleLR, momentum as it is": lambda s, o: s.OneCycleLR(o, 0.5, 260, cycle_momentum=False),
}
STEPS = 250
with_every_schedule = pytest.mark.parametrize("make", SCHEDULES.values(), ids=SCHEDULES.keys())


def optimizer(*lrs):
    return SGD([{"params": [nn.Parameter(np.ones(1, np.float32))], "lr": lr} for lr in lrs or (1.0,)])


def settings(opt):
    """What schedules change: rate and momentum of every group."""
    return [(g["lr"], g.get("momentum"), g.get("betas")) for g in opt.param_groups]


def rates(scheduler, steps):
    """The rate of the first group at t = 0, 1, ..., steps."""
    found = scheduler.get_last_lr()[:1]
    for _ in range(steps):
        scheduler.step()
        found += scheduler.get_last_lr()[:1]
    return found


def test_step_by_hand():
    assert rates(StepLR(optimizer(8.0), step_size=2, gamma=0.5), 5) == [8, 8, 4, 4, 2, 2]
    assert rates(StepLR(optimizer(1.0), step_size=1), 2) == pytest.approx([1, 0.1, 0.01])


def test_cosine_by_hand():
    half = math.sqrt(0.5)
    expected = [
        1,
        (1 + half) / 2,
        0.5,
        (1 - half) / 2,
        0,
        0,
        0,
    ]  # cos of 0, 45, 90, 135, 180 degrees; then the end
    assert rates(CosineLR(optimizer(), total=4), 6) == pytest.approx(expected, abs=1e-15)


def test_cosine_with_warm_up_by_hand():
    assert rates(CosineLR(optimizer(2.0), total=6, warmup=4), 6) == pytest.approx([0.5, 1, 1.5, 2, 2, 1, 0], abs=1e-15)


def test_multi_step_by_hand():
    assert rates(MultiStepLR(optimizer(8.0), [1, 3], gamma=0.5), 4) == [8, 4, 4, 2, 2]


def test_lines_by_hand():
    assert rates(LinearLR(optimizer(2.0), 0.5, total_iters=2), 3) == [1, 1.5, 2, 2]
    assert rates(PolynomialLR(optimizer(2.0), 4, power=2), 5) == pytest.approx([2, 9 / 8, 1 / 2, 1 / 8, 0, 0])


def test_warm_up_before_another_by_hand():
    """The second one's lr_0 is the optimiser's, whatever the first one did to it."""
    opt = optimizer(8.0)
    parts = [LinearLR(opt, 0.25, total_iters=3), StepLR(opt, 1, 0.5)]
    assert rates(SequentialLR(opt, parts, [3]), 5) == pytest.approx([2, 4, 6, 8, 4, 2])


def test_one_cycle_by_hand():
    """Up in 4 steps of 8 along lines, then down; momentum the other way. The last rate stays for one more step."""
    opt = optimizer()
    cycle = OneCycleLR(opt, 10.0, 8, pct_start=0.5, anneal_strategy="linear", div_factor=10, final_div_factor=10)
    found = [settings(opt)[0][:2]]
    for _ in range(8):
        cycle.step()
        found.append(settings(opt)[0][:2])
    lrs, momenta = zip(*found, strict=True)
    assert lrs == pytest.approx([1, 4, 7, 10, 7.525, 5.05, 2.575, 0.1, 0.1])
    low, high = 0.85, 0.95
    assert momenta[:4] == pytest.approx([high, high - 0.1 / 3, low + 0.1 / 3, low])
    assert momenta[-2:] == pytest.approx([high, high])
    with pytest.raises(ArgumentError, match=r"^OneCycleLR.step: all 8 steps of the cycle are done; make it with a"):
        cycle.step()
    assert settings(opt)[0][0] == pytest.approx(0.1)


def test_one_cycle_changes_adams_first_beta():
    opt = Adam([nn.Parameter(np.ones(1, np.float32))], betas=(0.9, 0.99))
    cycle = OneCycleLR(opt, 1.0, 10)
    assert opt.param_groups[0]["betas"] == (0.95, 0.99)
    for _ in range(2):
        cycle.step()
    assert opt.param_groups[0]["betas"] == pytest.approx((0.85, 0.99))


# ---------------------------------------------------------------- beside PyTorch


@pytest.mark.xdist_group("torch.optim")  # which takes seconds to import: in one process only
@pytest.mark.filterwarnings("ignore:.*`lr_scheduler.step\\(\\)` before `optimizer.step\\(\\)`:UserWarning")
@pytest.mark.filterwarnings("ignore:.*epoch parameter in `scheduler.step:UserWarning")  # of its own SequentialLR
@pytest.mark.parametrize("kind", ["SGD", "Adam"])
@with_every_schedule
def test_two_hundred_and_fifty_steps_beside_pytorch(make, kind):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ps, ts = nn.Linear(2, 2).parameters(), torch.nn.Linear(2, 2).parameters()
    ours = getattr(tc.optim, kind)([{"params": [p], "lr": lr} for p, lr in zip(ps, (0.3, 0.07), strict=True)])
    theirs = getattr(torch.optim, kind)([{"params": [t], "lr": lr} for t, lr in zip(ts, (0.3, 0.07), strict=True)])
    schedule, twin = make(lr_scheduler, ours), make(torch.optim.lr_scheduler, theirs)
    values = set()
    for _ in range(STEPS):
        for group, other in zip(ours.param_groups, theirs.param_groups, strict=True):
            assert group["lr"] == pytest.approx(other["lr"], rel=1e-12, abs=1e-12)
            assert group["initial_lr"] == pytest.approx(other["initial_lr"], rel=1e-15)
            for name in {"momentum", "betas"} & group.keys():
                assert group[name] == pytest.approx(other[name], rel=1e-12)
        assert schedule.get_last_lr() == [group["lr"] for group in ours.param_groups]
        values.add(ours.param_groups[0]["lr"])
        schedule.step(), twin.step()
    assert len(values) >= 3


PLATEAUS = {
    "as it comes": {},
    "max": dict(mode="max", patience=3, factor=0.5),
    "absolute": dict(threshold_mode="abs", threshold=0.05, patience=2, factor=0.5),
    "max, absolute": dict(mode="max", threshold_mode="abs", threshold=0.05, patience=2, factor=0.7),
    "cooldown": dict(patience=1, cooldown=4, factor=0.9),
    "floors": dict(patience=0, factor=0.3, min_lr=[1e-3, 1e-2]),
    "small steps": dict(patience=0, factor=0.5, eps=0.02),
}


def metrics_of(rng):
    """A noisy way down that comes to a halt, with a NaN and an infinity on it."""
    t = np.arange(200)
    values = np.exp(-t / 20) + 0.3 + 0.05 * rng.standard_normal(200)
    values[[50, 120]] = np.nan, np.inf
    return values.tolist()


@pytest.mark.xdist_group("torch.optim")
@pytest.mark.parametrize("options", PLATEAUS.values(), ids=PLATEAUS.keys())
def test_plateaus_are_pytorchs(rng, options):
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    ours = optimizer(0.3, 0.07)
    theirs = torch.optim.SGD([{"params": [torch.ones(1, requires_grad=True)], "lr": lr} for lr in (0.3, 0.07)])
    schedule = ReduceLROnPlateau(ours, **options)
    twin, lowest = torch.optim.lr_scheduler.ReduceLROnPlateau(theirs, **options), 0.3
    for value in metrics_of(rng):
        schedule.step(value), twin.step(value)
        assert schedule.get_last_lr() == pytest.approx([g["lr"] for g in theirs.param_groups], rel=1e-12)
        lowest = min(lowest, schedule.get_last_lr()[0])
    assert lowest < 0.3


def test_plateau_by_hand():
    opt = optimizer(8.0)
    schedule, found = ReduceLROnPlateau(opt, factor=0.5, patience=1, cooldown=1), []
    for loss in (1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.5):  # two bad ones; one of cooldown; two bad ones
        schedule.step(loss)
        found += schedule.get_last_lr()
    assert found == [8, 8, 4, 4, 4, 2, 2]
    schedule.step(tc.tensor(0.4))
    assert schedule.best == pytest.approx(0.4)


@pytest.mark.parametrize("through", [lambda state: state, lambda state: json.loads(json.dumps(state))])
def test_a_loaded_plateau_goes_on_as_if_nothing_had_happened(rng, through):
    metrics, options = metrics_of(rng), dict(patience=2, cooldown=3, factor=0.7)
    first, second = (ReduceLROnPlateau(optimizer(0.3, 0.07), **options) for _ in range(2))
    for value in metrics[:90]:
        first.step(value)
    second.load_state_dict(through(first.state_dict()))
    for value in metrics[90:]:
        first.step(value), second.step(value)
        assert first.get_last_lr() == second.get_last_lr()
    assert first.state_dict() == second.state_dict()
    assert first.get_last_lr()[0] < 0.3


@pytest.mark.parametrize("state", [{}, {"t": 1, "bad_steps": 0, "cooldown_left": 0, "best": None, "lrs": [1.0, 2.0]}])
def test_a_plateaus_state_that_does_not_fit_changes_nothing(state):
    schedule = ReduceLROnPlateau(optimizer(1.0))
    schedule.step(3.0)
    before = schedule.state_dict()
    with pytest.raises(ArgumentError, match=r"^ReduceLROnPlateau.load_state_dict: it needs 't', .* and 1 'lrs'; got"):
        schedule.load_state_dict(state)
    assert schedule.state_dict() == before


# ---------------------------------------------------------------- groups, saving and loading


def test_every_group_keeps_its_own_rate_and_the_optimiser_uses_it():
    opt = optimizer(1.0, 10.0)
    scheduler = StepLR(opt, 1, 0.5)
    scheduler.step()
    assert scheduler.get_last_lr() == [group["lr"] for group in opt.param_groups] == [0.5, 5.0]
    (p, q) = opt.parameters()
    (p + q).backward()
    opt.step()
    assert [p.item(), q.item()] == [0.5, -4.0]


@with_every_schedule
@pytest.mark.parametrize("through", [lambda state: state, lambda state: json.loads(json.dumps(state))])
def test_a_loaded_schedule_goes_on_as_if_nothing_had_happened(make, through):
    whole, left, resumed = optimizer(0.7, 0.1), optimizer(0.7, 0.1), optimizer(0.2, 0.2)  # other rates, until loaded
    uninterrupted, first = make(lr_scheduler, whole), make(lr_scheduler, left)
    for _ in range(37):
        uninterrupted.step(), first.step()
    second = make(lr_scheduler, resumed)
    second.load_state_dict(through(first.state_dict()))
    assert settings(resumed) == settings(left)
    for _ in range(100):
        uninterrupted.step(), second.step()
        assert settings(resumed) == settings(whole)


def test_a_state_is_a_copy():
    schedule = StepLR(optimizer(0.7), 1)
    schedule.state_dict()["base_lrs"].clear()
    assert schedule.base_lrs == [0.7]


@pytest.mark.parametrize("state", [{}, {"t": 1, "base_lrs": [1.0, 2.0]}, {"t": "one", "base_lrs": [1.0]}])
def test_a_state_that_does_not_fit_changes_nothing(state):
    scheduler = StepLR(optimizer(1.0), 1)
    scheduler.step()
    before = scheduler.state_dict()
    with pytest.raises(ArgumentError, match=r"^StepLR.load_state_dict: it needs the step 't' and 1 'base_lrs', as "):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before and scheduler.get_last_lr() == [0.1]


def test_a_sequences_state_that_does_not_fit_changes_nothing():
    def make():
        opt = optimizer(1.0)
        return SequentialLR(opt, [LinearLR(opt), StepLR(opt, 1)], [2])

    schedule = make()
    schedule.step()
    before, state = schedule.state_dict(), make().state_dict()
    with pytest.raises(ArgumentError, match=r"^SequentialLR.load_state_dict: it needs the states of 2 'schedulers'"):
        schedule.load_state_dict({**state, "schedulers": state["schedulers"][:1]})
    with pytest.raises(ArgumentError, match=r"^StepLR.load_state_dict: it needs the step 't'"):
        schedule.load_state_dict({**state, "schedulers": [state["schedulers"][0], {}]})
    assert schedule.state_dict() == before


# ---------------------------------------------------------------- bad input


def one_cycle(**options):
    return lambda o: OneCycleLR(o, **{"max_lr": 1.0, "total_steps": 10, **options})


def plateau(**options):
    return lambda o: ReduceLROnPlateau(o, **options)


S = lr_scheduler
AT_LEAST_0 = "it must be a finite number of at least 0"
STEPS_LIST = "it must be a list of whole numbers of at least 0"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "StepLR: step_size is 0; it must be a whole number of at least 1"),
        (lambda o: StepLR(o, 1, -0.5), f"StepLR: gamma is -0.5; {AT_LEAST_0}"),
        (lambda o: StepLR(o, 1, math.nan), f"StepLR: gamma is nan; {AT_LEAST_0}"),
        (lambda o: CosineLR(o, 0), "CosineLR: total is 0; it must be a whole number of at least 1"),
        (lambda o: CosineLR(o, 5, -1), "CosineLR: warmup is -1; it must be a whole number of at least 0"),
        (lambda o: CosineLR(o, 5, 5), "CosineLR: total is 5, warmup 5; the warm-up must be shorter"),
        (lambda o: MultiStepLR(o, 30), f"MultiStepLR: milestones is 30; {STEPS_LIST}"),
        (lambda o: MultiStepLR(o, [0.5]), rf"MultiStepLR: milestones is \[0.5\]; {STEPS_LIST}"),
        (lambda o: MultiStepLR(o, [-1]), rf"MultiStepLR: milestones is \[-1\]; {STEPS_LIST}"),
        (lambda o: MultiStepLR(o, [1], math.inf), f"MultiStepLR: gamma is inf; {AT_LEAST_0}"),
        (lambda o: S.ExponentialLR(o, "1"), f"ExponentialLR: gamma is '1'; {AT_LEAST_0}"),
        (lambda o: PolynomialLR(o, 0), "PolynomialLR: total_iters is 0; it must be a whole number of at least 1"),
        (lambda o: PolynomialLR(o, 5, -1), f"PolynomialLR: power is -1; {AT_LEAST_0}"),
        (lambda o: S.CosineAnnealingLR(o, 0), "CosineAnnealingLR: T_max is 0; it must be a whole number"),
        (lambda o: S.CosineAnnealingLR(o, 5, -1), f"CosineAnnealingLR: eta_min is -1; {AT_LEAST_0}"),
        (lambda o: S.CosineAnnealingWarmRestarts(o, 0), "CosineAnnealingWarmRestarts: T_0 is 0; it must be a whole"),
        (lambda o: S.CosineAnnealingWarmRestarts(o, 1, 0), "CosineAnnealingWarmRestarts: T_mult is 0; it must be a"),
        (
            lambda o: S.CosineAnnealingWarmRestarts(o, 1, 1, math.nan),
            f"CosineAnnealingWarmRestarts: eta_min is nan; {AT_LEAST_0}",
        ),
        (lambda o: LinearLR(o, 0.0), "LinearLR: start_factor is 0; it must be above 0, for the first step counts too"),
        (lambda o: LinearLR(o, 1.5), "LinearLR: start_factor is 1.5; it must be a finite number between 0 and 1"),
        (lambda o: LinearLR(o, 0.5, -1), "LinearLR: end_factor is -1; it must be a finite number between 0 and 1"),
        (lambda o: LinearLR(o, total_iters=0), "LinearLR: total_iters is 0; it must be a whole number of at least 1"),
        (lambda o: LambdaLR(o, 0.5), "LambdaLR: lr_lambda is 0.5; it must be a function of the step"),
        (lambda o: LambdaLR(o, []), r"LambdaLR: lr_lambda has 0 entries; the optimiser has 1 group\(s\)"),
        (lambda o: SequentialLR(o, [], []), "SequentialLR: 0 milestones need 1 schedulers, not 0"),
        (lambda o: SequentialLR(o, [1], []), "SequentialLR: schedulers holds int; each must be a schedule of t alone"),
        (
            lambda o: SequentialLR(o, [ReduceLROnPlateau(o)], []),
            "SequentialLR: schedulers holds ReduceLROnPlateau; each must be a schedule of t alone",
        ),
        (lambda o: SequentialLR(o, [1, 1, 1], [2, 2]), r"SequentialLR: milestones is \[2, 2\]; each must be above the"),
        (lambda o: SequentialLR(o, [1, 1], [-2]), rf"SequentialLR: milestones is \[-2\]; {STEPS_LIST}"),
        (
            lambda o: SequentialLR(o, [StepLR(optimizer(), 1)], []),
            "SequentialLR: its StepLR is of another optimizer",
        ),
        (one_cycle(total_steps=None), "OneCycleLR: give total_steps, or both epochs and steps_per_epoch"),
        (one_cycle(total_steps=None, epochs=3), "OneCycleLR: give total_steps, or both epochs and steps_per_epoch"),
        (one_cycle(total_steps=0), "OneCycleLR: total_steps is 0; it must be a whole number of at least 1"),
        (one_cycle(total_steps=None, epochs=0, steps_per_epoch=1), "OneCycleLR: epochs is 0; it must be a whole"),
        (one_cycle(total_steps=None, epochs=1, steps_per_epoch=0), "OneCycleLR: steps_per_epoch is 0; it must be"),
        (one_cycle(max_lr=-1), f"OneCycleLR: max_lr is -1; {AT_LEAST_0}"),
        (one_cycle(max_lr=[1.0, 2.0]), r"OneCycleLR: max_lr has 2 entries; the optimiser has 1 group\(s\)"),
        (one_cycle(pct_start=1.5), "OneCycleLR: pct_start is 1.5; it must be a finite number between 0 and 1"),
        (one_cycle(pct_start=0.6, three_phase=True), "OneCycleLR: pct_start is 0.6; .* at most 0.5"),
        (one_cycle(base_momentum=-0.1), "OneCycleLR: base_momentum is -0.1; it must be a finite number between 0"),
        (one_cycle(max_momentum=[1, 2]), "OneCycleLR: max_momentum has 2 entries"),
        (one_cycle(max_momentum=1.0), "OneCycleLR: a momentum is 1; it must be less"),
        (one_cycle(div_factor=0), "OneCycleLR: div_factor is 0; it must be a finite number above 0"),
        (one_cycle(final_div_factor=math.nan), "OneCycleLR: final_div_factor is nan; it must be a finite number"),
        (plateau(factor=1.0), "ReduceLROnPlateau: factor is 1.0; it must be less than 1, or the rate would not fall"),
        (plateau(factor=-1), f"ReduceLROnPlateau: factor is -1; {AT_LEAST_0}"),
        (plateau(patience=-1), "ReduceLROnPlateau: patience is -1; it must be a whole number of at least 0"),
        (plateau(cooldown=1.5), "ReduceLROnPlateau: cooldown is 1.5; it must be a whole number of at least 0"),
        (plateau(threshold=math.nan), f"ReduceLROnPlateau: threshold is nan; {AT_LEAST_0}"),
        (plateau(eps=-1), f"ReduceLROnPlateau: eps is -1; {AT_LEAST_0}"),
        (plateau(min_lr=[0, 0]), r"ReduceLROnPlateau: min_lr has 2 entries; the optimiser has 1 group\(s\)"),
        (plateau(min_lr=-1), f"ReduceLROnPlateau: min_lr is -1; {AT_LEAST_0}"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(make, message):
    opt = optimizer(1.0)
    with pytest.raises(ArgumentError, match=f"^{message}"):
        make(opt)
    assert opt.param_groups[0]["lr"] == 1.0


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            one_cycle(anneal_strategy="cosine"),
            "OneCycleLR: there is no anneal_strategy 'cosine'. .* Known: cos, linear",
        ),
        (plateau(mode="least"), "ReduceLROnPlateau: there is no mode 'least'. Known: max, min"),
        (plateau(threshold_mode="mul"), "ReduceLROnPlateau: there is no threshold_mode 'mul'. .*Known: abs, rel"),
    ],
)
def test_unknown_names_are_refused(make, message):
    with pytest.raises(UnknownNameError, match=f"^{message}"):
        make(optimizer())


def test_momentum_must_be_there_to_be_cycled():
    opt = Adadelta([nn.Parameter(np.ones(1, np.float32))])
    with pytest.raises(ArgumentError, match=r"^OneCycleLR: Adadelta has neither momentum nor betas to cycle; set cyc"):
        OneCycleLR(opt, 1.0, 10)
    assert "initial_lr" not in opt.param_groups[0]
    OneCycleLR(opt, 1.0, 10, cycle_momentum=False)


def test_a_plateaus_metric_must_be_a_number():
    with pytest.raises(ArgumentError, match=r"^ReduceLROnPlateau.step: metrics is str; it must be a number"):
        ReduceLROnPlateau(optimizer()).step("0.5")


def test_a_schedule_without_factor_says_so():
    with pytest.raises(NotImplementedError, match=r"LRScheduler does not define factor\(\)"):
        LRScheduler(optimizer())


def test_all_schedules_are_here_and_have_pytorchs_arguments():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    twins = {name for name in lr_scheduler.__all__ if name not in ("LRScheduler", "CosineLR")}
    for name in twins:
        ours = inspect.signature(getattr(lr_scheduler, name)).parameters
        theirs = inspect.signature(getattr(torch.optim.lr_scheduler, name)).parameters
        assert list(ours) == [argument for argument in theirs if argument != "last_epoch"], name
        assert {n: p.default for n, p in ours.items()} == {n: theirs[n].default for n in ours}, name
    assert {label.partition(",")[0] for label in SCHEDULES} | {"ReduceLROnPlateau"} == twins
