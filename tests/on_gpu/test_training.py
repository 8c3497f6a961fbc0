"""Training on a GPU: what comes out on the CPU, and nothing that waits for the GPU on the way."""

from itertools import product

import numpy as np
import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from PIL import Image
from small_training import momentum_sgd, net, trainer

import tinyconv as tc
from tinyconv import nn, optim
from tinyconv.train import (
    Doctor,
    SaveCheckpoint,
    StopOnNaN,
    WriteHistory,
    load_checkpoint,
)
from tinyconv.train.config import Config
from tinyconv.train.means import Means
from tinyconv.train.run import evaluate_run, load_run, train

OPTIMIZERS = [
    momentum_sgd,
    lambda p: optim.SGD(p, lr=0.1),
    lambda p: optim.Adam(p, lr=0.01, amsgrad=True, weight_decay=0.01),
    lambda p: optim.AdamW(p, lr=0.01),
    lambda p: optim.Adadelta(p, lr=1.0),
    lambda p: optim.Adagrad(p, lr=0.05),
    lambda p: optim.RMSprop(p, lr=0.01, centered=True, momentum=0.5),
]


def on(device, dtype=np.float32, **options):
    """The small training run on a device, in a precision."""
    t = trainer(device=device, model=lambda: net().to(dtype), **options)
    for loader in (t.loader, t.val_loader):
        loader.transform = lambda x, normalize=loader.transform: normalize(x).astype(dtype)
    return t


@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("engine", ["cuda", "numpy"])
def test_it_learns_what_it_learns_on_the_cpu(optimizer, engine, device):
    """Three epochs with batch norm, max pooling and dropout; the same masks, the same order of pictures."""
    with tc.engine("numpy"):
        here = on("cpu", np.float64, optimizer=optimizer)
        expected = here.fit(3)
    with tc.engine(engine):
        there = on(device, np.float64, optimizer=optimizer)
        found = there.fit(3)
    for record, record0 in zip(found, expected, strict=True):
        assert record.keys() == record0.keys()
        for name in record.keys() - {"seconds", "images_per_second"}:
            assert record[name] == pytest.approx(record0[name], rel=1e-6), name
    for (path, w), w0 in zip(there.model.state_dict().items(), here.model.state_dict().values(), strict=True):
        np.testing.assert_allclose(w.cpu().numpy(), w0.numpy(), rtol=1e-5, atol=1e-7, err_msg=path)


@needs_compiler
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
def test_a_step_moves_nothing_but_the_batch(optimizer):
    with stand_in.installed():
        t = on("cuda", optimizer=optimizer, callbacks=[StopOnNaN()], capture=False)
        batches = iter(t.loader)
        t.model.train()

        def step():
            images, labels = next(batches)
            t.tell("on_batch_begin", images, labels)
            t.train_step(images.to(t.device), labels.to(t.device))
            t.tell("on_batch_end")

        step()  # the optimiser's memory is made in the first
        stand_in.transfers.clear()
        for _ in range(3):
            step()
        assert stand_in.transfers == {"to the GPU": 6}
        assert t.running.figures == {}
        t.running.means()
        assert stand_in.transfers == {"to the GPU": 6, "to the CPU": 1}
        assert t.running.figures["loss"][1] == 32


@needs_compiler
def test_callbacks_wait_rarely(tmp_path):
    """The doctor, a history, and the watch for NaN, over some epochs of seven batches."""
    with stand_in.installed():
        history = WriteHistory(tmp_path / "history.csv")
        t = on("cuda", callbacks=[Doctor(), StopOnNaN(), history], capture=False)
        t.fit(2)
        stand_in.transfers.clear()
        t.fit(4)
        steps = 2 * 7
        evaluations = 2 * 3  # batches to evaluate; the loss, the answers, the labels of each
        assert stand_in.transfers["to the GPU"] == 2 * (steps + evaluations)
        assert stand_in.transfers["to the CPU"] < steps + 4 * evaluations


def test_a_checkpoint_goes_from_device_to_device(tmp_path, device):
    """Four epochs on one, or two there and two on the CPU: the same to rounding."""
    path = tmp_path / "checkpoint.safetensors"
    whole = on(device, callbacks=[SaveCheckpoint(path)])
    whole.fit(2)
    state = load_checkpoint(path)
    whole.fit(4)
    for other in (device, "cpu"):
        again = on(other, seed=99)
        again.load_state_dict(state)
        again.fit(4)
        assert again.history[-1]["loss"] == pytest.approx(whole.history[-1]["loss"], rel=1e-3)
        assert [r["epoch"] for r in again.history] == [1, 2, 3, 4]


def test_the_same_bits_again(device):
    """Deterministic: no sum depends on which thread comes first."""
    weights = []
    for _ in range(2):
        t = on(device)
        t.fit(2)
        weights.append([w.cpu().numpy().tobytes() for w in t.model.state_dict().values()])
    assert weights[0] == weights[1]


def test_labels_out_of_range_make_the_loss_nan(device):
    """Whoever looked at them would wait for the GPU; a NaN is noticed."""
    x = tc.randn(3, 4, device=device)
    with tc.engine("cuda"):
        loss = nn.functional.cross_entropy(x, tc.tensor([0, 4, 1], device=device), reduction="none")
    assert np.isnan(loss.tolist()).tolist() == [False, True, False]


def test_ignored_labels(device):
    x, t = tc.randn(4, 3), tc.tensor([0, -100, 2, 1])
    for options in ({}, {"weight": tc.tensor([1.0, 2.0, 0.5])}, {"label_smoothing": 0.1}, {"reduction": "sum"}):
        there = {key: v.to(device) if key == "weight" else v for key, v in options.items()}
        loss = nn.functional.cross_entropy(x.to(device), t.to(device), **there)
        assert loss.item() == pytest.approx(nn.functional.cross_entropy(x, t, **options).item(), rel=1e-5)


# ---------------------------------------------------------------- means


def test_means_of_a_gpu_are_those_of_the_cpu(device):
    numbers = [(0.5, 3), (1.5, 5), (0.25, 2)]
    here, there = Means(), Means()
    for value, n in numbers:
        here.add(n, 1.0, {"loss": (value, n)})
        there.add(n, 1.0, {"loss": (tc.tensor(value, device=device), n)})
    assert there.state_dict()["figures"] == here.figures == {"loss": (pytest.approx(0.95), 10)}


def test_a_run_as_the_command_makes_it(device, tmp_path, rng, monkeypatch):
    """Settings, pictures, augmentation, checkpoint, evaluation: all of `tinyconv train --device cuda`.

    Afterwards the run is evaluated on the CPU, as on a machine without a GPU.
    """
    for split, name, brightness in product(("train", "test"), ("dark", "light"), (60, 190)):
        if (name == "light") == (brightness > 128):
            for k in range(12):
                path = tmp_path / "data" / split / name / f"{k}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                pixels = rng.integers(brightness - 50, brightness + 50, (28, 28))
                Image.fromarray(pixels.astype(np.uint8)).save(path)
    settings = {"epochs": 4, "batch_size": 5, "augment": {"rotation": 5, "shift": 0.1}, "doctor": False}
    config = Config(model="lenet5", data=str(tmp_path / "data"), device="cuda", **settings)
    report = train(config, tmp_path / "run", quiet=True)
    assert report.accuracy == 1
    assert evaluate_run(tmp_path / "run").accuracy == 1
    monkeypatch.setattr(tc.cuda, "is_available", lambda: False)
    assert load_run(tmp_path / "run").config.device == "cpu"
    assert evaluate_run(tmp_path / "run").accuracy == 1
