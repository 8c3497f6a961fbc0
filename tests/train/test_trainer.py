"""The training loop, and taking it up again: killed anywhere, it goes on to the same bits."""

from functools import partial

import numpy as np
import pytest
from small_training import STEPS, StopAt, digits, everything, momentum_sgd, trainer

import tinyconv as tc
from tinyconv import nn, optim, random
from tinyconv.data import DataLoader, Dataset, Normalize
from tinyconv.errors import ArgumentError
from tinyconv.optim.lr_scheduler import CosineLR
from tinyconv.train import Callback, StopOnNaN, Trainer, fit, load_checkpoint, save_checkpoint

OPTIMIZERS = {
    "sgd": momentum_sgd,
    "adam": lambda p: optim.Adam(p, lr=0.01, amsgrad=True),
    "adadelta": optim.Adadelta,
}


def cosine(optimizer):
    return CosineLR(optimizer, total=4 * STEPS, warmup=3)


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_killed_run_resumes_to_the_same_bits(rng, tmp_path, optimizer):
    make = partial(trainer, optimizer=OPTIMIZERS[optimizer], schedule=cosine)
    whole = make()
    whole.fit(4)

    steps = int(rng.integers(1, 4 * STEPS))
    killed = make(callbacks=[StopAt(steps)])
    killed.fit(4)
    assert killed.epoch * STEPS + killed.step == steps
    save_checkpoint(tmp_path / "checkpoint.safetensors", killed.state_dict())

    resumed = make(seed=99)  # other weights and streams until the checkpoint is read
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
    stopped = trainer(callbacks=[StopAt(int(rng.integers(1, 4 * STEPS)))])
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


# ---------------------------------------------------------------- options


def one_step(**options):
    """The change of all weights in one step of plain gradient descent with a rate of 1, in float64."""
    tc.manual_seed(0)
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    loader = DataLoader(digits(10), batch_size=10, transform=Normalize([0.5], [0.25]))
    before = [p.detach().numpy().astype(float) for p in model.parameters()]
    t = Trainer(model, optim.SGD(model.parameters(), lr=1.0), loader, **options)
    t.fit(1)
    after = [p.detach().numpy() for p in model.parameters()]
    return np.concatenate([(b - a).ravel() for a, b in zip(after, before, strict=True)]), t


def test_gradients_are_clipped():
    """g min(1, c / ||g||), the norm that of all parameters together"""
    g, _ = one_step()
    norm = np.sqrt((g**2).sum())
    for c in (norm / 3, norm * 2):
        clipped, _ = one_step(clip_grad_norm=c)
        np.testing.assert_allclose(clipped, g * min(1, c / norm), rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize(("parts", "sizes"), [(2, [5, 5]), (3, [4, 4, 2]), (10, [1] * 10), (99, [1] * 10)])
def test_a_batch_in_parts_is_the_same_step(parts, sizes):
    g, whole = one_step()
    seen = []

    def loss(logits, labels):
        seen.append(len(labels))
        return tc.nn.functional.cross_entropy(logits, labels)

    again, t = one_step(accumulate=parts, loss_fn=loss, metrics={"size": lambda logits, labels: len(labels)})
    assert seen == sizes
    np.testing.assert_allclose(again, g, rtol=1e-4, atol=1e-6)
    assert t.history[0]["loss"] == pytest.approx(whole.history[0]["loss"], rel=1e-6)
    assert t.history[0]["accuracy"] == pytest.approx(whole.history[0]["accuracy"])


def test_evaluation_every_few_epochs_and_after_the_last():
    history = trainer(validate_every=2).fit(5)
    assert [record["epoch"] for record in history if "val_loss" in record] == [2, 4, 5]


def test_fit_takes_the_options_of_a_trainer():
    model = nn.Sequential(nn.Flatten(), nn.Linear(36, 3))
    loader = DataLoader(digits(5), transform=Normalize([0.5], [0.25]))
    history = fit(model, loader, 3, optim.SGD(model.parameters(), 0.1), val_loader=loader, validate_every=3)
    assert ["val_loss" in record for record in history] == [False, False, True]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"clip_grad_norm": -1}, "Trainer: clip_grad_norm is -1"),
        ({"accumulate": 0}, "Trainer: accumulate is 0"),
        ({"validate_every": 0.5}, "Trainer: validate_every is 0.5"),
    ],
)
def test_wrong_options(options, message):
    with pytest.raises(ArgumentError, match=message):
        trainer(**options)
