"""A training run of no time at all, with everything in it that has a state; shared by the tests of training."""

import numpy as np

import tinyconv as tc
from tinyconv import nn, optim
from tinyconv.data import DataLoader, Dataset, Normalize
from tinyconv.train import Callback, SaveCheckpoint, Trainer, load_checkpoint

STEPS = 7  # an epoch: 50 pictures in batches of 8


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


def loaders():
    loader = DataLoader(digits(), batch_size=8, shuffle=True, transform=Normalize([0.5], [0.25]))
    return loader, DataLoader(digits(20, seed=1), batch_size=7, transform=loader.transform)


def momentum_sgd(parameters):
    return optim.SGD(parameters, lr=0.1, momentum=0.9, nesterov=True, weight_decay=1e-3)


def trainer(callbacks=None, optimizer=momentum_sgd, seed=3, schedule=None, model=net, device="cpu", **options):
    """A Trainer at its beginning; `callbacks` are made by a function of model and optimiser, or given."""
    tc.manual_seed(seed)
    model = model().to(device)
    loader, held_out = loaders()
    opt = optimizer(model.parameters())
    made = callbacks(model, opt) if callable(callbacks) else list(callbacks or [])
    scheduler = schedule(opt) if schedule else None
    return Trainer(model, opt, loader, val_loader=held_out, scheduler=scheduler, callbacks=made, **options)


class StopAt(Callback):
    """Sets `stop` after so many batches."""

    def __init__(self, steps):
        self.steps = steps

    def on_batch_end(self, trainer):
        self.steps -= 1
        trainer.stop = self.steps == 0


class KilledError(Exception):
    """Ends a run as kill -9 would."""


class DieAt(Callback):
    """Raises KilledError before batch number `steps` of the run, counted from 0."""

    def __init__(self, steps):
        self.steps = steps

    def on_batch_begin(self, trainer, images, labels):
        if trainer.epoch * STEPS + trainer.step == self.steps:
            raise KilledError


def resumed(folder, make, leave_out=None):
    """A Trainer of `make` that goes on from the checkpoint in a folder, and saves there."""
    t = make(seed=99)  # other weights and streams until the checkpoint is read
    state = load_checkpoint(folder / "checkpoint.safetensors")
    if leave_out is not None:
        del state["callbacks"][leave_out]
    t.load_state_dict(state)
    t.callbacks.append(SaveCheckpoint(folder / "checkpoint.safetensors"))
    return t


def everything(t):
    """All state of a Trainer as bytes and text, apart from how long it took."""
    state = t.state_dict()
    arrays = [x.numpy().tobytes() for x in state["model"].values()]
    arrays += [np.asarray(v).tobytes() for s in state["optimizer"]["state"].values() for v in s.values()]
    history = [{k: v for k, v in r.items() if "second" not in k} for r in state["history"]]
    rates = [group["lr"] for group in t.optimizer.param_groups]
    running = state["running"]["images"], state["running"]["figures"]
    where = state["epoch"], state["step"], state["random"], state["loader"]
    return arrays, repr(history), repr(running), rates, where, as_bytes(state["callbacks"])


def as_bytes(value):
    if isinstance(value, dict):
        return {key: as_bytes(v) for key, v in value.items()}
    return value.tobytes() if isinstance(value, np.ndarray) else value
