"""Learning-rate schedules: their values by hand, and going on where one was left."""

import math

import numpy as np
import pytest

from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.optim import SGD
from tinyconv.optim.lr_scheduler import CosineLR, LRScheduler, StepLR


def optimizer(*lrs):
    return SGD([{"params": [nn.Parameter(np.ones(1, np.float32))], "lr": lr} for lr in lrs or (1.0,)])


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


@pytest.mark.xdist_group("torch.optim")  # which takes seconds to import: in one process only
def test_schedules_are_pytorchs():
    torch = pytest.importorskip("torch", reason="PyTorch, the twin, is not installed")
    schedules = torch.optim.lr_scheduler

    def twin(make):
        theirs = torch.optim.SGD([torch.nn.Parameter(torch.ones(1))], lr=0.3)
        scheduler, found = make(theirs), []
        for _ in range(21):
            found.append(theirs.param_groups[0]["lr"])
            theirs.step(), scheduler.step()
        return found

    cosine = rates(CosineLR(optimizer(0.3), total=20), 20)
    assert cosine == pytest.approx(twin(lambda o: schedules.CosineAnnealingLR(o, 20)), abs=1e-12)
    step = rates(StepLR(optimizer(0.3), 7, 0.2), 20)
    assert step == pytest.approx(twin(lambda o: schedules.StepLR(o, 7, 0.2)), abs=1e-12)


def test_every_group_keeps_its_own_rate_and_the_optimiser_uses_it():
    opt = optimizer(1.0, 10.0)
    scheduler = StepLR(opt, 1, 0.5)
    scheduler.step()
    assert scheduler.get_last_lr() == [group["lr"] for group in opt.param_groups] == [0.5, 5.0]
    (p, q) = opt.parameters()
    (p + q).backward()
    opt.step()
    assert [p.item(), q.item()] == [0.5, -4.0]


def test_a_loaded_schedule_goes_on_as_if_nothing_had_happened():
    whole = rates(CosineLR(optimizer(0.7), total=20, warmup=3), 20)
    first = CosineLR(optimizer(0.7), total=20, warmup=3)
    begun = rates(first, 8)
    opt = optimizer(0.1)  # another rate, until the state is loaded
    second = CosineLR(opt, total=20, warmup=3)
    second.load_state_dict(first.state_dict())
    assert begun[:-1] + rates(second, 12) == whole
    first.state_dict()["base_lrs"].clear()
    assert first.base_lrs == [0.7]


@pytest.mark.parametrize("state", [{}, {"t": 1, "base_lrs": [1.0, 2.0]}, {"t": "one", "base_lrs": [1.0]}])
def test_a_state_that_does_not_fit_changes_nothing(state):
    scheduler = StepLR(optimizer(1.0), 1)
    scheduler.step()
    before = scheduler.state_dict()
    with pytest.raises(ArgumentError, match=r"^StepLR.load_state_dict: it needs the step 't' and 1 'base_lrs', as "):
        scheduler.load_state_dict(state)
    assert scheduler.state_dict() == before and scheduler.get_last_lr() == [0.1]


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda o: StepLR(o, 0), "StepLR: step_size is 0; it must be a whole number of at least 1"),
        (lambda o: StepLR(o, 1, -0.5), "StepLR: gamma is -0.5; it must be a finite number of at least 0"),
        (lambda o: CosineLR(o, 0), "CosineLR: total is 0; it must be a whole number of at least 1"),
        (lambda o: CosineLR(o, 5, -1), "CosineLR: warmup is -1; it must be a whole number of at least 0"),
        (lambda o: CosineLR(o, 5, 5), "CosineLR: total is 5, warmup 5; the warm-up must be shorter"),
    ],
)
def test_arguments_that_make_no_sense_are_refused(make, message):
    opt = optimizer(1.0)
    with pytest.raises(ArgumentError, match=f"^{message}"):
        make(opt)
    assert opt.param_groups[0]["lr"] == 1.0


def test_a_schedule_without_factor_says_so():
    with pytest.raises(NotImplementedError, match=r"LRScheduler does not define factor\(\)"):
        LRScheduler(optimizer())
