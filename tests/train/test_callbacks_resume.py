"""Callbacks with a memory: a run that was killed and resumed ends in the same bits; without the memory it does not."""

from functools import partial

import pytest
from small_training import STEPS, DieAt, KilledError, everything, resumed, trainer

from tinyconv.optim.lr_scheduler import StepLR
from tinyconv.train import (
    AverageWeights,
    EarlyStopping,
    ReduceOnPlateau,
    SaveCheckpoint,
    SaveWeights,
    ScheduleEachEpoch,
)

NEVER_BETTER = {"threshold": 100, "threshold_mode": "abs"}
MEMORIES = {
    "ReduceOnPlateau": lambda m, o: [ReduceOnPlateau(o, "val_loss", factor=0.5, patience=1, **NEVER_BETTER)],
    "EarlyStopping": lambda m, o: [EarlyStopping("val_accuracy", patience=2, min_delta=2)],
    "EarlyStopping restores": lambda m, o: [EarlyStopping("val_loss", patience=2, min_delta=100, restore_best=True)],
    "ScheduleEachEpoch": lambda m, o: [ScheduleEachEpoch(StepLR(o, step_size=3, gamma=0.5))],
    "AverageWeights": lambda m, o: [AverageWeights(m, decay=0.9)],
    "AverageWeights mean": lambda m, o: [AverageWeights(m, "mean")],
}


def killed_in_the_third_epoch(tmp_path, rng, make):
    """Leaves the last checkpoint of a run that died, up to three batches older than its end."""
    t = make()
    every = int(rng.integers(1, 4))
    t.callbacks += [
        DieAt(int(rng.integers(2 * STEPS + 1, 3 * STEPS))),
        SaveCheckpoint(tmp_path / "checkpoint.safetensors", every=every),
    ]
    with pytest.raises(KilledError):
        t.fit(5)
    assert t.epoch == 2


@pytest.mark.parametrize("name", MEMORIES)
def test_it_resumes_to_the_same_bits(rng, tmp_path, name):
    make = partial(trainer, MEMORIES[name])
    whole = make()
    whole.callbacks.append(SaveWeights(tmp_path / "whole"))
    whole.fit(5)

    killed_in_the_third_epoch(tmp_path, rng, make)
    t = resumed(tmp_path, make)
    t.callbacks.append(SaveWeights(tmp_path / "resumed"))
    t.fit(5)
    assert everything(t) == everything(whole)
    for weights in ("last", "best"):
        files = [tmp_path / run / f"{weights}.safetensors" for run in ("whole", "resumed")]
        assert not files[1].exists() or files[0].read_bytes() == files[1].read_bytes()  # "best" may be of epoch 1 or 2

    again = resumed(tmp_path, make)  # a run that was complete: nothing more happens
    again.fit(5)
    assert everything(again) == everything(whole)


@pytest.mark.parametrize("name", MEMORIES)
def test_without_its_memory_it_would_not(rng, tmp_path, name):
    make = partial(trainer, MEMORIES[name])
    whole = make()
    whole.fit(5)
    killed_in_the_third_epoch(tmp_path, rng, make)
    t = resumed(tmp_path, make, leave_out=name.split()[0])
    t.fit(5)
    weights_and_history = slice(0, 2)
    assert everything(t)[weights_and_history] != everything(whole)[weights_and_history]


def test_all_of_them_together(rng, tmp_path):
    def callbacks(model, optimizer):
        """In an order that is wrong: the checkpoint would be saved before the others have looked at the epoch."""
        return [
            SaveCheckpoint(tmp_path / "checkpoint.safetensors", every=2),
            ScheduleEachEpoch(StepLR(optimizer, step_size=2, gamma=0.5)),
            EarlyStopping("val_loss", patience=2, min_delta=0.01, restore_best=True),
            AverageWeights(model, decay=0.9),
            ReduceOnPlateau(optimizer, patience=0, factor=0.9),
        ]

    whole = trainer(callbacks)
    whole.fit(4)
    t = trainer(callbacks)
    t.callbacks.append(DieAt(int(rng.integers(3, 4 * STEPS))))
    with pytest.raises(KilledError):
        t.fit(4)
    t = resumed(tmp_path, partial(trainer, callbacks))
    t.fit(4)
    assert everything(t) == everything(whole)


def test_an_evaluation_in_between_changes_nothing(tmp_path, rng):
    """After a resume the statistics of the mean are found anew, by a pass through the training set."""
    make = partial(trainer, MEMORIES["AverageWeights mean"])
    whole = make()
    whole.fit(5)
    killed_in_the_third_epoch(tmp_path, rng, make)
    t = resumed(tmp_path, make)
    with t.as_evaluated():
        pass
    t.fit(5)
    assert everything(t) == everything(whole)


def test_two_of_one_kind_keep_their_memories_apart(tmp_path):
    def callbacks(model, optimizer):
        return [EarlyStopping("loss", patience=3), EarlyStopping("val_accuracy", patience=4)]

    t = trainer(callbacks)
    t.callbacks.append(SaveCheckpoint(tmp_path / "checkpoint.safetensors"))
    t.fit(1)
    again = resumed(tmp_path, partial(trainer, callbacks))
    assert [c.best for c in again.callbacks[:2]] == [t.history[0]["loss"], t.history[0]["val_accuracy"]]
