"""What each callback does."""

import csv
import json
import math
import sys

import numpy as np
import pytest
from small_training import STEPS, digits, net, trainer

import tinyconv as tc
from tinyconv import nn, optim
from tinyconv.data import DataLoader, Normalize
from tinyconv.errors import ArgumentError, TinyconvError, UnknownNameError
from tinyconv.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from tinyconv.train import (
    AverageWeights,
    Callback,
    EarlyStopping,
    LambdaCallback,
    ReduceOnPlateau,
    SaveCheckpoint,
    SaveWeights,
    ScheduleEachEpoch,
    ShowProgress,
    StopOnNaN,
    Trainer,
    WriteCSV,
    WriteHistory,
    WriteTensorBoard,
    evaluate,
    load_checkpoint,
    load_weights,
    update_bn,
)


class Script:
    """Stands for a Trainer whose epochs have figures that were thought out, given as {name: values}."""

    def __init__(self, *callbacks, model=None, **figures):
        self.callbacks, self.model, self.history, self.stop = callbacks, model or net(), [], False
        self.val_loader, self.figures = object(), figures
        self.epochs, self.epoch = len(next(iter(figures.values()))), 0

    as_evaluated = Trainer.as_evaluated
    _in_turn = Trainer._in_turn

    def fit(self, each=lambda script: None):
        for callback in self.callbacks:
            callback.on_fit_begin(self)
        while self.epoch < self.epochs and not self.stop:
            values = {name: column[self.epoch] for name, column in self.figures.items()}
            self.epoch += 1
            self.history.append({"epoch": self.epoch, **{name: v for name, v in values.items() if v is not None}})
            each(self)
            for callback in self.callbacks:
                callback.on_epoch_end(self)
        return self.epoch


nan = math.nan

# ---------------------------------------------------------------- early stopping


@pytest.mark.parametrize(
    ("monitor", "values", "options", "epochs", "best"),
    [
        ("val_loss", [3, 2, 2.5, 2.1, 1, 1], {"patience": 2}, 4, (2, 2)),
        ("val_loss", [3, 2, 2.5, 1, 1.5, 1.2, 1.1, 0], {"patience": 3}, 7, (1, 4)),
        ("val_accuracy", [0.3, 0.5, 0.5, 0.4, 0.9], {"patience": 2}, 4, (0.5, 2)),  # as good is not better
        ("val_loss", [3, 2.9, 2.8, 2.7, 2.6], {"patience": 2, "min_delta": 0.15}, 5, (2.6, 5)),  # 2.8: by 0.2; 2.6
        ("val_loss", [3, 2.9, 2.95, 1], {"patience": 2, "min_delta": 0.2}, 3, (3, 1)),
        ("val_loss", [nan, nan, 1], {"patience": 2}, 2, (None, None)),
        ("val_loss", [nan, 5, nan, 4], {"patience": 2}, 4, (4, 4)),
        ("val_loss", [3, None, None, None, 4, None, 1], {"patience": 2}, 7, (1, 7)),  # not evaluated: not counted
        ("loss", [1, 2, 3], {"patience": 1}, 2, (1, 1)),
    ],
)
def test_early_stopping(monitor, values, options, epochs, best):
    stopping = EarlyStopping(monitor, **options)
    assert Script(stopping, **{monitor: values}).fit() == epochs
    assert (stopping.best, stopping.epoch) == best


@pytest.mark.parametrize(
    ("values", "best"), [([3, 2, 2.5, 2.5, 2.5], 2), ([3, 2, 1, 1.5, 1.6], 3)], ids=["early", "at the end"]
)
def test_early_stopping_restores_the_best_weights(values, best):
    """Bias and running mean are the number of the epoch."""
    model = net()

    def train(script):
        with tc.no_grad():
            model[0].bias.fill_(script.epoch)
            model[1].running_mean.fill_(script.epoch)

    Script(EarlyStopping(patience=3, restore_best=True), model=model, val_loss=values).fit(train)
    assert set(model[0].bias.tolist()) == set(model[1].running_mean.tolist()) == {best}


def test_early_stopping_restores_averages_beside_the_weights(tmp_path):
    """What is evaluated and saved is the best average; training would go on from the weights themselves."""
    t = trainer(lambda m, o: [AverageWeights(m, 0.5), EarlyStopping(patience=1, min_delta=100, restore_best=True)])
    averages, last = [], []

    def note(trainer):
        last.append(trainer.model[6].bias.detach().numpy().copy())
        averages.append(trainer.callbacks[0].ema.average["6.bias"].copy())

    t.callbacks += [LambdaCallback(on_batch_end=note), SaveWeights(tmp_path)]
    t.fit(5)
    assert t.epoch == 2
    saved = net()
    load_weights(tmp_path / "last.safetensors", saved)
    np.testing.assert_array_equal(saved[6].bias.detach().numpy(), averages[STEPS - 1])
    np.testing.assert_array_equal(t.model[6].bias.detach().numpy(), last[-1])


# ---------------------------------------------------------------- learning rates


def test_reduce_on_plateau_lowers_the_rate_and_leaves_out_epochs_without_evaluation():
    t = trainer()
    rates = []
    script = Script(
        ReduceOnPlateau(t.optimizer, "val_loss", factor=0.5, patience=1, min_lr=0.03),
        LambdaCallback(on_epoch_end=lambda s: rates.append(t.optimizer.param_groups[0]["lr"])),
        val_loss=[3, None, 3, None, 3, 3, 3, 3, 3],
    )
    script.fit()
    assert rates == [0.1] * 4 + [0.05] * 2 + [0.03] * 3


def test_a_schedule_of_epochs():
    t = trainer(lambda m, o: [ScheduleEachEpoch(StepLR(o, step_size=2, gamma=0.5))])
    assert [record["lr"] for record in t.fit(5)] == [0.1, 0.1, 0.05, 0.05, 0.025]


# ---------------------------------------------------------------- averages


def test_average_of_all_batches_against_numpy():
    """e <- d e + (1 - d) w, d = min(0.6, t/(t + 9)) after t updates; evaluated and saved, but not trained."""
    plain = trainer()
    plain.fit(3)
    t = trainer(lambda m, o: [AverageWeights(m, decay=0.6)])
    weights = []
    t.callbacks.append(
        LambdaCallback(on_batch_end=lambda t: weights.append(t.model[6].weight.detach().numpy().astype(float)))
    )
    t.fit(3)
    expected = weights[0]
    for i, w in enumerate(weights):
        d = min(0.6, i / (i + 9))
        expected = d * expected + (1 - d) * w
    with t.as_evaluated() as model:
        np.testing.assert_allclose(model[6].weight.detach().numpy(), expected, rtol=1e-5, atol=1e-6)
        assert evaluate(model, t.val_loader).loss == t.history[-1]["val_loss"] != plain.history[-1]["val_loss"]
    np.testing.assert_array_equal(t.model[6].weight.detach().numpy(), plain.model[6].weight.detach().numpy())
    assert [r["loss"] for r in t.history] == [r["loss"] for r in plain.history]


def test_mean_of_epochs_against_numpy():
    """From the second epoch on; statistics of batch norm are those of the training set, found without a trace."""
    plain = trainer()
    plain.fit(4)
    t = trainer(lambda m, o: [AverageWeights(m, "mean", start=2)])
    weights = []
    t.callbacks.append(LambdaCallback(on_epoch_end=lambda t: weights.append(t.model[0].weight.detach().numpy().copy())))
    t.fit(4)
    assert t.history[0]["val_loss"] == plain.history[0]["val_loss"]  # before its start
    assert [r["loss"] for r in t.history] == [r["loss"] for r in plain.history]
    for name, own in plain.model.state_dict().items():
        np.testing.assert_array_equal(t.model.state_dict()[name].numpy(), own.numpy())
    with t.as_evaluated() as model:
        mean = np.mean(weights[1:], 0)
        np.testing.assert_allclose(model[0].weight.detach().numpy(), mean, rtol=1e-5, atol=1e-6)
        with tc.no_grad():  # in the order that the next epoch would have: the streams stand where they stood
            batches = [tc.nn.functional.conv2d(x, model[0].weight, model[0].bias).numpy() for x, _ in t.loader]
        expected = np.mean([y.mean((0, 2, 3)) for y in batches], 0)
        np.testing.assert_allclose(model[1].running_mean.numpy(), expected, rtol=1e-4, atol=1e-5)


def test_update_bn_is_that_of_pytorch(rng):
    torch = pytest.importorskip("torch", reason="PyTorch is what it is compared with")
    x = [rng.standard_normal((n, 2, 3, 3)).astype(np.float32) + n for n in (4, 5, 3)]
    own = nn.Sequential(nn.BatchNorm2d(2, momentum=0.3), nn.Flatten(), nn.BatchNorm1d(18)).eval()
    twin = torch.nn.Sequential(torch.nn.BatchNorm2d(2, momentum=0.3), torch.nn.Flatten(), torch.nn.BatchNorm1d(18))
    for batch in x:  # statistics that are to be forgotten
        own.train()(tc.tensor(batch))
    own.eval()
    update_bn([(tc.tensor(batch), None) for batch in x], own)
    torch.optim.swa_utils.update_bn([torch.tensor(batch) for batch in x], twin)
    for name, value in twin.state_dict().items():
        np.testing.assert_allclose(own.state_dict()[name].numpy(), value.numpy(), rtol=1e-5, atol=1e-6)
    assert own[0].momentum == 0.3 and not own[0].training


# ---------------------------------------------------------------- files


def weights_of(path):
    model = net()
    load_weights(path, model)
    return int(model[0].bias.detach().numpy()[0])


def test_weights_last_best_and_every(tmp_path):
    def train(script):
        with tc.no_grad():
            script.model[0].bias.fill_(script.epoch)

    values = [nan, 0.5, 0.7, None, 0.7, 0.6, nan]
    Script(SaveWeights(tmp_path, every=3), val_accuracy=values).fit(train)
    names = {path.name: weights_of(path) for path in tmp_path.iterdir()}
    assert names == {
        "last.safetensors": 7,
        "best.safetensors": 3,
        "epoch-003.safetensors": 3,
        "epoch-006.safetensors": 6,
    }


def test_the_smallest_loss_is_best(tmp_path):
    values = [3, 1, 2]
    epochs = []
    script = Script(SaveWeights(tmp_path, "val_loss"), val_loss=values)
    script.fit(lambda s: epochs.append((tmp_path / "best.safetensors").exists()))
    assert epochs == [False, True, True]
    from tinyconv.train.files import load_tensors

    assert load_tensors(tmp_path / "best.safetensors")[1]["epoch"] == "2"


def test_csv_and_json_lines_hold_the_history(tmp_path):
    t = trainer(callbacks=[WriteCSV(tmp_path / "h.csv"), WriteHistory(tmp_path / "h.jsonl")], validate_every=2)
    history = t.fit(3)
    assert [json.loads(line) for line in (tmp_path / "h.jsonl").read_text().splitlines()] == history
    with open(tmp_path / "h.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(history[1])  # the first epoch was not evaluated
    assert [row["val_loss"] for row in rows] == ["", str(history[1]["val_loss"]), str(history[2]["val_loss"])]
    assert [float(row["loss"]) for row in rows] == [record["loss"] for record in history]


# ---------------------------------------------------------------- divergence


def test_weights_that_are_not_finite_end_the_fit_before_they_are_saved(tmp_path):
    path = tmp_path / "checkpoint.safetensors"
    t = trainer(callbacks=[SaveCheckpoint(path, every=1), StopOnNaN()])

    def spoil(t):
        if t.step == 3:
            with tc.no_grad():
                t.model[6].weight[0, 0] = np.inf

    t.callbacks.insert(0, LambdaCallback(on_batch_end=spoil))
    with pytest.raises(ArgumentError, match=r"fit: the weight 6\.weight is not finite in epoch 1, step 3: .* is 0\.1"):
        t.fit(1)
    state = load_checkpoint(path)
    assert state["step"] == 2
    assert all(np.isfinite(w).all() for w in state["model"].values())


@pytest.mark.parametrize("last", [True, False])
def test_weights_are_looked_at_when_they_are_about_to_be_saved(last):
    t = trainer(callbacks=[StopOnNaN(), SaveCheckpoint("nowhere", every=2)])
    with tc.no_grad():
        t.model[6].weight[0, 0] = np.inf
    t.step = len(t.loader) if last else 1
    t.running.add(1, 1, {"loss": (1.0, 1)})
    if not last:
        t.callbacks[0].on_batch_end(t)  # the next loss will tell
        t.step = 2
    with pytest.raises(ArgumentError, match=r"the weight 6\.weight is not finite"):
        t.callbacks[0].on_batch_end(t)


def test_large_weights_are_finite():
    t = trainer(callbacks=[StopOnNaN()])
    with tc.no_grad():
        t.model[6].weight.fill_(3e38)  # whose sum overflows
    t.stop = True  # so that they are looked at
    t.running.add(1, 1, {"loss": (1.0, 1)})
    t.callbacks[0].on_batch_end(t)


# ---------------------------------------------------------------- order and events


def test_callbacks_are_told_in_the_order_of_their_turns(tmp_path):
    t = trainer()
    made = [
        ShowProgress(),
        SaveCheckpoint(tmp_path / "c"),
        WriteHistory(tmp_path / "h"),
        SaveWeights(tmp_path),
        EarlyStopping(),
        AverageWeights(t.model),
    ]
    t.callbacks = made
    assert t._in_turn() == [made[i] for i in (4, 5, 2, 3, 1, 0)]


def test_lambda_callback_hears_every_event():
    events = []
    names = [name for name in dir(Callback) if name.startswith("on_")]
    t = trainer(callbacks=[LambdaCallback(**{n: lambda *about, n=n: events.append((n, len(about))) for n in names})])
    t.callbacks[0].turn = 5
    t.callbacks.append(LambdaCallback(on_epoch_end=lambda trainer: setattr(trainer, "stop", True)))
    t.fit(3)
    steps = [("on_batch_begin", 3), ("on_batch_end", 1)] * STEPS
    ends = ["on_epoch_end", "on_stop", "on_fit_end"]
    assert events == [("on_fit_begin", 1), ("on_epoch_begin", 1), *steps, *((name, 1) for name in ends)]


def test_the_end_of_the_fit_is_told_to_all_that_have_begun():
    told = []

    class Fails(Callback):
        def on_fit_begin(self, trainer):
            raise ArgumentError("test", "no.")

    first, last = (LambdaCallback(on_fit_end=lambda trainer, i=i: told.append(i)) for i in (0, 2))
    with pytest.raises(ArgumentError, match="no"):
        trainer(callbacks=[first, Fails(), last]).fit(1)
    assert told == [0]


# ---------------------------------------------------------------- wrong input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda t: EarlyStopping(patience=0), ArgumentError, "EarlyStopping: patience is 0"),
        (lambda t: EarlyStopping(min_delta=-1), ArgumentError, "EarlyStopping: min_delta is -1"),
        (lambda t: EarlyStopping().load_state_dict({}), ArgumentError, "it needs 'best', 'epoch', 'waited'"),
        (lambda t: SaveWeights("x", every=0), ArgumentError, "SaveWeights: every is 0"),
        (lambda t: SaveCheckpoint("x", every=0), ArgumentError, "SaveCheckpoint: every is 0; it must be at least 1"),
        (lambda t: AverageWeights(t.model, 1.0), ArgumentError, "AverageWeights: decay is 1.0; it must be at least 0"),
        (lambda t: AverageWeights(t.model, "men"), ArgumentError, "decay is 'men'; .* or \"mean\""),
        (lambda t: AverageWeights(t.model, start=0), ArgumentError, "AverageWeights: start is 0"),
        (
            lambda t: ScheduleEachEpoch(ReduceLROnPlateau(t.optimizer)),
            ArgumentError,
            "ReduceLROnPlateau needs a figure to watch; use ReduceOnPlateau",
        ),
        (lambda t: ScheduleEachEpoch(t.optimizer), ArgumentError, "scheduler is a SGD; make one such as StepLR"),
        (lambda t: LambdaCallback(on_epoch_and=print), UnknownNameError, "no event 'on_epoch_and'.* 'on_epoch_end'"),
        (lambda t: LambdaCallback(on_epoch_end=3), ArgumentError, "on_epoch_end is 3; it must be a function"),
    ],
)
def test_wrong_input(call, error, message):
    with pytest.raises(error, match=message):
        call(trainer())


def test_without_the_package(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorboard", None)
    message = r"WriteTensorBoard: tensorboard is not installed. Install it with: pip install 'tinyconv\[tensorboard\]'"
    with pytest.raises(TinyconvError, match=message):
        WriteTensorBoard(tmp_path)


@pytest.mark.parametrize(
    "make",
    [
        lambda o, m: EarlyStopping(m),
        lambda o, m: ReduceOnPlateau(o, m),
        lambda o, m: SaveWeights("nowhere", m),
    ],
)
def test_a_figure_that_is_not_there(make):
    t = trainer()
    t.callbacks = [make(t.optimizer, "val_lss")]
    with pytest.raises(UnknownNameError, match="there is no figure 'val_lss'. Did you mean 'val_loss'"):
        t.fit(1)
    model = net()
    t = Trainer(model, optim.SGD(model.parameters(), 0.1), DataLoader(digits(), transform=Normalize([0.5], [0.5])))
    t.callbacks = [make(t.optimizer, "val_accuracy")]
    with pytest.raises(ArgumentError, match="there is no val_loader to evaluate on. Give one, or monitor 'accuracy'"):
        t.fit(1)
    assert t.step == 0
