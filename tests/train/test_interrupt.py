"""Ctrl-C: the batch is finished, the checkpoint is saved, and the run goes on later to the same bits."""

import os
import signal
import threading
from functools import cache, partial

import pytest
from small_training import STEPS, everything, resumed, trainer

from tinyconv.errors import ArgumentError
from tinyconv.nn.functional import cross_entropy
from tinyconv.train import AverageWeights, Callback, LambdaCallback, SaveCheckpoint, StopOnInterrupt

PER_EPOCH = STEPS + 3  # losses: 7 batches to train on, 3 to evaluate


@pytest.fixture(autouse=True)
def python_hears_ctrl_c():
    """Also where the tests run in the background, which may mean that Ctrl-C is ignored."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@cache
def undisturbed():
    """All state after three epochs without a Ctrl-C."""
    t = trainer()
    t.fit(3)
    return everything(t)


class CtrlC:
    """A loss that presses Ctrl-C, once or more often, when it is asked for the moment-th time."""

    def __init__(self, moment, times=1):
        self.moment, self.times, self.asked = moment, times, 0

    def __call__(self, logits, labels):
        self.asked += 1
        if self.asked == self.moment:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)
        return cross_entropy(logits, labels)


def interrupted(tmp_path, moment, times=1, every=500):
    """A Trainer that was broken off by Ctrl-C."""
    t = trainer()
    t.loss_fn = CtrlC(moment, times)
    t.callbacks += [StopOnInterrupt(), SaveCheckpoint(tmp_path / "checkpoint.safetensors", every=every)]
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt):
        t.fit(3)
    assert signal.getsignal(signal.SIGINT) is before
    return t


@pytest.mark.parametrize(
    ("moment", "epoch", "step"),
    [
        (5, 0, 5),  # in a step: it is finished
        (STEPS, 0, STEPS),  # in the last step of an epoch, before its evaluation
        (STEPS + 2, 0, STEPS),  # in the evaluation: it is done again later
        (PER_EPOCH, 1, 0),  # in its last batch
        (2 * PER_EPOCH + 4, 2, 4),
        (3 * PER_EPOCH, 3, 0),  # at the very end
    ],
)
def test_it_ends_between_two_batches_and_resumes_to_the_same_bits(tmp_path, capfd, moment, epoch, step):
    t = interrupted(tmp_path, moment)
    assert (t.epoch, t.step) == (epoch, step)
    assert "Ctrl-C: ending after this batch" in capfd.readouterr().err
    again = resumed(tmp_path, trainer)
    assert (again.epoch, again.step) == (epoch, step)
    again.fit(3)
    assert everything(again) == undisturbed()


def test_the_same_trainer_can_go_on(tmp_path):
    t = interrupted(tmp_path, PER_EPOCH + 3)
    t.loss_fn = cross_entropy
    t.fit(3)
    assert everything(t) == undisturbed()


@pytest.mark.parametrize("moment", [4, STEPS + 2])
def test_averages_are_not_left_in_the_model(tmp_path, moment):
    make = partial(trainer, lambda m, o: [AverageWeights(m, "mean")])
    whole = make()
    whole.fit(2)
    t = make()
    t.callbacks.append(StopOnInterrupt())
    t.callbacks.append(SaveCheckpoint(tmp_path / "checkpoint.safetensors"))
    count = iter(range(100))

    def press(trainer, images, labels):
        if next(count) == moment:
            os.kill(os.getpid(), signal.SIGINT)

    t.callbacks.append(LambdaCallback(on_batch_begin=press))
    with pytest.raises(KeyboardInterrupt):
        t.fit(2)
    again = resumed(tmp_path, make)
    again.fit(2)
    assert everything(again) == everything(whole)


def test_the_second_is_raised_at_once_and_the_last_checkpoint_stays(tmp_path):
    t = interrupted(tmp_path, moment=PER_EPOCH + 6, times=2, every=4)
    assert (t.epoch, t.step) == (1, 5)  # the sixth batch of the second epoch was not finished
    again = resumed(tmp_path, trainer)
    assert (again.epoch, again.step) == (1, 4)
    again.fit(3)
    assert everything(again) == undisturbed()


def test_the_second_in_the_middle_of_saving_leaves_the_file_whole(tmp_path, monkeypatch):
    """Pressed while the new file is being written: the old one is still there."""
    path = tmp_path / "checkpoint.safetensors"
    t = trainer(callbacks=[StopOnInterrupt(), SaveCheckpoint(path, every=3)])
    t.callbacks.append(
        LambdaCallback(on_batch_begin=lambda t, x, y: t.step == 4 and os.kill(os.getpid(), signal.SIGINT))
    )
    replace = os.replace

    def pressed(source, target):
        if t.stop:
            os.kill(os.getpid(), signal.SIGINT)
        replace(source, target)

    monkeypatch.setattr(os, "replace", pressed)
    with pytest.raises(KeyboardInterrupt):
        t.fit(3)
    monkeypatch.undo()
    assert [file.name for file in tmp_path.iterdir()] == [path.name]  # and nothing beside it
    again = resumed(tmp_path, trainer)
    assert (again.epoch, again.step) == (0, 3)


def test_callbacks_that_come_after_it_end_all_the_same(tmp_path):
    ended = []
    t = trainer(callbacks=[StopOnInterrupt(), LambdaCallback(on_fit_end=lambda trainer: ended.append(trainer.step))])
    t.callbacks.insert(0, LambdaCallback(on_batch_end=lambda trainer: os.kill(os.getpid(), signal.SIGINT)))
    with pytest.raises(KeyboardInterrupt):
        t.fit(1)
    assert ended == [1]


def test_an_error_takes_the_handler_off_and_saves_nothing(tmp_path):
    class Fails(Callback):
        def on_batch_end(self, trainer):
            raise ArgumentError("test", "something is wrong.")

    t = trainer(callbacks=[StopOnInterrupt(), Fails(), SaveCheckpoint(tmp_path / "checkpoint.safetensors")])
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(ArgumentError, match="something is wrong"):
        t.fit(1)
    assert signal.getsignal(signal.SIGINT) is before
    assert not list(tmp_path.iterdir())


def test_a_job_in_the_background_goes_on():
    """Where the shell has Ctrl-C ignored, it stays so."""
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        t = trainer(
            callbacks=[StopOnInterrupt(), LambdaCallback(on_batch_end=lambda t: os.kill(os.getpid(), signal.SIGINT))]
        )
        t.fit(1)
        assert signal.getsignal(signal.SIGINT) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
    assert t.epoch == 1


def test_in_another_thread_it_does_nothing():
    t = trainer(callbacks=[StopOnInterrupt()])
    handlers = []
    t.callbacks.append(LambdaCallback(on_batch_end=lambda trainer: handlers.append(signal.getsignal(signal.SIGINT))))
    thread = threading.Thread(target=t.fit, args=(1,))
    thread.start()
    thread.join()
    assert t.epoch == 1
    assert set(handlers) == {signal.getsignal(signal.SIGINT)}
