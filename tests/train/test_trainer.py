"""The training loop, and taking it up again: killed anywhere, it goes on to the same bits."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import nn, optim, random
from tinyconv.data import DataLoader, Dataset, Normalize
from tinyconv.errors import ArgumentError
from tinyconv.optim.lr_scheduler import CosineLR
from tinyconv.train import Callback, StopOnNaN, Trainer, fit, load_checkpoint, save_checkpoint


def digits(count=50, seed=0):
    rng = np.random.default_rng(seed)
    return Dataset(rng.integers(0, 256, (count, 1, 6, 6), dtype=np.uint8), rng.integers(0, 3, count), 3)


def net():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Dropout(0.3),
        nn.Linear(16, 3),
    )


OPTIMIZERS = {
    "sgd": lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3),
    "adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adadelta": lambda p: optim.Adadelta(p),
}


def trainer(optimizer="sgd", seed=3, epochs=4, callbacks=()):
    tc.manual_seed(seed)
    model = net()
    loader = DataLoader(digits(), batch_size=8, shuffle=True, transform=Normalize([0.5], [0.25]))
    opt = OPTIMIZERS[optimizer](model.parameters())
    schedule = CosineLR(opt, total=epochs * len(loader), warmup=3)
    held_out = DataLoader(digits(20, seed=1), batch_size=7, transform=loader.transform)
    return Trainer(model, opt, loader, val_loader=held_out, scheduler=schedule, callbacks=list(callbacks))


class StopAt(Callback):
    def __init__(self, steps):
        self.steps = steps

    def on_batch_end(self, trainer):
        self.steps -= 1
        trainer.stop = self.steps == 0


def everything(t):
    """All state as bytes, apart from how long it took."""
    state = t.state_dict()
    arrays = [x.numpy().tobytes() for x in state["model"].values()]
    arrays += [np.asarray(v).tobytes() for s in state["optimizer"]["state"].values() for v in s.values()]
    history = [{k: v for k, v in r.items() if "second" not in k} for r in state["history"]]
    running = {k: v for k, v in state["running"].items() if k != "seconds"}
    return arrays, repr(history), repr(running), state["epoch"], state["step"], state["random"], state["loader"]


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_killed_run_resumes_to_the_same_bits(rng, tmp_path, optimizer):
    whole = trainer(optimizer)
    whole.fit(4)

    steps = int(rng.integers(1, 4 * 7))  # 50 pictures in batches of 8: 7 steps an epoch
    killed = trainer(optimizer, callbacks=[StopAt(steps)])
    killed.fit(4)
    assert killed.epoch * 7 + killed.step == steps
    save_checkpoint(tmp_path / "checkpoint.safetensors", killed.state_dict())

    resumed = trainer(optimizer, seed=99)  # other weights and streams until the checkpoint is read
    resumed.load_state_dict(load_checkpoint(tmp_path / "checkpoint.safetensors"))
    resumed.fit(4)
    assert everything(resumed) == everything(whole), f"stopped after {steps} steps"


def test_a_checkpoint_between_epochs_resumes_to_the_same_bits(tmp_path):
    whole = trainer()
    whole.fit(4)
    half = trainer()
    half.fit(2)
    save_checkpoint(tmp_path / "c.safetensors", half.state_dict())
    resumed = trainer(seed=5)
    resumed.load_state_dict(load_checkpoint(tmp_path / "c.safetensors"))
    resumed.fit(4)
    assert everything(resumed) == everything(whole)


def test_a_fit_that_was_stopped_goes_on_to_the_same_bits(rng):
    whole = trainer()
    whole.fit(4)
    stopped = trainer(callbacks=[StopAt(int(rng.integers(1, 4 * 7)))])
    stopped.fit(4)
    stopped.fit(4)
    assert everything(stopped) == everything(whole)


def test_a_fit_broken_off_in_its_evaluation_goes_on_with_it():
    whole = trainer()
    whole.fit(2)
    t = trainer()
    record, t.record = t.record, lambda: (_ for _ in ()).throw(KeyboardInterrupt)
    with pytest.raises(KeyboardInterrupt):
        t.fit(2)
    t.record = record
    t.fit(2)
    assert everything(t) == everything(whole)


def test_another_seed_gives_other_bits():
    a, b = trainer(seed=3), trainer(seed=4)
    a.fit(1), b.fit(1)
    assert everything(a) != everything(b)


def test_history_holds_means_over_pictures_not_batches():
    """5 pictures in batches of 4 and 1: the loss of the epoch weighs each picture alike."""
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    data = digits(5)
    loader = DataLoader(data, batch_size=4, transform=Normalize([0.0], [1.0]))
    history = fit(model, loader, 1, optim.SGD(model.parameters(), lr=0.0), val_loader=loader)

    x = data.images.reshape(5, 36).astype(np.float64) / 255
    z = x @ model[1].weight.detach().numpy().T + model[1].bias.detach().numpy()
    log_p = z - np.log(np.exp(z).sum(1, keepdims=True))
    loss = -log_p[range(5), data.labels].mean()
    assert history[0]["loss"] == pytest.approx(loss, rel=1e-5)
    assert history[0]["val_loss"] == pytest.approx(loss, rel=1e-5)
    assert history[0]["accuracy"] == history[0]["val_accuracy"] == np.mean(z.argmax(1) == data.labels)


def test_the_model_is_in_training_mode_for_steps_and_as_it_was_after_validation():
    seen = []

    class Watch(Callback):
        def on_batch_end(self, trainer):
            seen.append(trainer.model.training)

    t = trainer(callbacks=[Watch()])
    t.fit(2)
    assert seen == [True] * 14


def test_callbacks_are_told_in_order():
    events = []

    class Log(Callback):
        pass

    for event in ("on_fit_begin", "on_epoch_begin", "on_batch_end", "on_epoch_end", "on_fit_end"):
        setattr(Log, event, lambda self, trainer, event=event: events.append(event))
    trainer(callbacks=[Log()]).fit(2)
    epoch = ["on_epoch_begin", *["on_batch_end"] * 7, "on_epoch_end"]
    assert events == ["on_fit_begin", *epoch, *epoch, "on_fit_end"]


def test_it_learns():
    """A task that can be learned: is the left or the right half of the picture brighter?"""
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 2, 200)
    images = rng.integers(0, 100, (200, 1, 6, 6), dtype=np.uint8)
    images[labels == 0, :, :, :3] += 100
    images[labels == 1, :, :, 3:] += 100
    tc.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 4, 3), nn.Tanh(), nn.AvgPool2d(2), nn.Flatten(), nn.Linear(16, 2))
    loader = DataLoader(Dataset(images, labels, 2), 20, shuffle=True, transform=Normalize([0.4], [0.2]))
    history = fit(model, loader, 5, optim.SGD(model.parameters(), lr=0.1, momentum=0.9))
    assert history[-1]["accuracy"] > 0.95
    assert history[-1]["loss"] < history[0]["loss"] / 3


def test_a_loss_that_is_not_a_number_ends_the_fit():
    t = trainer(callbacks=[StopOnNaN()])
    with tc.no_grad():
        t.model[6].bias.fill_(np.nan)
    with pytest.raises(ArgumentError, match=r"fit: the loss is nan in epoch 1, step 1: .* Lower the learning rate"):
        t.fit(1)


def test_epochs_must_be_positive():
    with pytest.raises(ArgumentError, match=r"fit: epochs is 0; it must be at least 1"):
        trainer().fit(0)


def test_evaluation_draws_no_random_numbers():
    t = trainer()
    before = random.get_state()
    t.record()
    assert random.get_state() == before
