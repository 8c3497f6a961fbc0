"""The training doctor: it finds each mistake, keeps quiet about nets that learn, and changes nothing."""

import re
import warnings
from pathlib import Path

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, optim, random
from tinyconv.data import DataLoader, Dataset, Normalize
from tinyconv.errors import ArgumentError, ShapeError, TrainingWarning, UnknownNameError
from tinyconv.nn import functional as F
from tinyconv.optim.lr_scheduler import CosineLR
from tinyconv.train import Callback, Doctor, Trainer, diagnose, evaluate, freeze, update_bn

K = 4


def pictures(count=64, seed=0, size=8):
    """Of each class a bright quarter, and noise: mean 0, standard deviation 1."""
    rng = np.random.default_rng(seed)
    labels = rng.permutation(count) % K
    x = rng.standard_normal((count, 1, size, size)).astype(np.float32)
    half = size // 2
    for i, k in enumerate(labels):
        x[i, 0, (k // 2) * half :, (k % 2) * half :] += 1
    return (x - x.mean()) / x.std(), labels


def net(*last, hidden=16):
    layers = nn.Conv2d(1, 8, 3), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Dropout(0.2), nn.Linear(288, hidden)
    return nn.Sequential(*layers, nn.ReLU(), nn.Linear(hidden, K), *last)


def kinds(model, batch, *args, **options):
    return [finding.kind for finding in diagnose(model, batch, *args, **options)]


# ---------------------------------------------------------------- all is well


def test_nothing_is_found_where_nothing_is_wrong():
    model = net()
    assert diagnose(model, pictures(), optimizer=optim.Adam(model.parameters())) == []


OPTIMIZERS = {"sgd": lambda p: optim.SGD(p, lr=0.05, momentum=0.9), "adam": optim.Adam, "adadelta": optim.Adadelta}
TRAINED = [(name, way) for name in ("lenet5", "deck_demo", "deck_summary") for way in OPTIMIZERS] + [
    ("resnet20", "sgd")
]


@pytest.fixture(scope="module")
def digits():
    return tc.data.load("mnist", train=True)[:480]


@pytest.mark.parametrize(("name", "optimizer"), TRAINED)
def test_nets_of_the_zoo_that_learn_are_well(name, optimizer, digits):
    normalize = Normalize(*tc.data.MNIST_STATISTICS)
    loader = DataLoader(digits[: 160 if name == "resnet20" else 400], 16, shuffle=True, transform=normalize)
    held_out = DataLoader(digits[400:], batch_size=80, transform=normalize)
    model, doctor = models.create(name, 10, in_channels=1), Doctor(every=3)
    optimizer = OPTIMIZERS[optimizer](model.parameters())
    trainer = Trainer(model, optimizer, loader, val_loader=held_out, callbacks=[doctor])
    trainer.fit(1)  # a warning would be an error here
    assert doctor.findings == []
    assert doctor.updates.ratios  # it did look


@pytest.mark.parametrize("name", ["lenet5_1998", "all_cnn_c", "nin", "preact_resnet110", "squeezenet1_1"])
def test_fresh_nets_of_the_zoo_are_well(name, rng):
    card = models.card(name)
    size = min(card.input[1], 96)
    x = rng.standard_normal((2, card.input[0], size, size)).astype(np.float32)
    assert diagnose(models.create(name), (x, rng.integers(0, 10, 2))) == []


def test_the_page_lists_every_kind():
    page = (Path(__file__).parents[2] / "docs" / "doctor.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `(\w+)` \|", page, flags=re.MULTILINE) == list(Doctor.kinds)


# ---------------------------------------------------------------- pictures

X, T = pictures()


@pytest.mark.parametrize(
    ("images", "kind", "seen"),
    [
        (np.clip(X * 40 + 120, 0, 255), "pictures_0_to_255", r"they were left at 0\.\.255"),
        (X * 30, "pictures_off_scale", "standard deviation 30"),
        (X * 1e-3, "pictures_off_scale", "standard deviation 0.001"),
        (X + 7, "pictures_off_scale", "mean 7 "),
        (np.repeat(X[:1], len(X), axis=0), "pictures_all_alike", "all 64 pictures of the batch are the same"),
    ],
)
def test_pictures(images, kind, seen):
    (finding, *others) = diagnose(net(), (images.astype(np.float32), T))
    assert finding.kind == kind and re.search(seen, finding.seen)
    assert others == []


def test_pictures_that_are_not_finite():
    x = X.copy()
    x[3, 0, 1, 1:3] = np.nan
    (finding, *_) = diagnose(net(), (x, T))
    assert (finding.kind, finding.seen[:12]) == ("pictures_not_finite", "2 of 4096 va")


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("labels", "kind", "seen", "cure"),
    [
        (T + 1, "labels_out_of_range", "from 1 to 4; the net has 4 outputs", "labels - 1"),
        (T * 3, "labels_out_of_range", "from 0 to 9; the net has 4 outputs", "num_classes=10"),
        (T.astype(np.float32), "labels_not_whole", "are float32", r"astype\(np.int64\)"),
        (T + 0.5, "labels_not_whole", "are float64", "mse_loss"),
        (np.eye(5, dtype=int)[T], "labels_one_hot", "5 columns for a net with 4 outputs", "num_classes=5"),
        (np.eye(K, dtype=int)[T] * 255, "labels_no_probabilities", "sum to 255 to 255", "Divide each row"),
        (np.full(64, 2), "labels_all_equal", "all 64 pictures of the batch are of class 2", "shuffle=True"),
    ],
)
def test_labels(labels, kind, seen, cure):
    (finding,) = diagnose(net(), (X, labels))
    assert finding.kind == kind and re.search(seen, finding.seen) and re.search(cure, finding.cure)


def test_one_hot_rows_for_a_loss_that_wants_numbers():
    (finding,) = diagnose(net(nn.LogSoftmax(1)), (X, np.eye(K)[T]), F.nll_loss)
    assert finding.kind == "labels_one_hot" and "labels.argmax(1)" in finding.cure


@pytest.mark.parametrize("labels", [np.eye(K, dtype=int)[T], 0.1 + 0.6 * np.eye(K, dtype=np.float32)[T]])
def test_rows_of_probabilities_are_well(labels):
    assert diagnose(net(), (X, labels)) == []


# ---------------------------------------------------------------- outputs and loss


def test_softmax_twice():
    (finding,) = diagnose(net(nn.Softmax(1)), (X, T))
    assert finding.kind == "softmax_twice"
    assert f"{np.log(1 + 3 / np.e):.2f}" in finding.why


def test_log_softmax_before_cross_entropy_is_the_same_and_well():
    assert diagnose(net(nn.LogSoftmax(1)), (X, T)) == []
    assert diagnose(net(nn.LogSoftmax(1)), (X, T), F.nll_loss) == []


@pytest.mark.parametrize(
    ("model", "loss_fn", "kind"),
    [
        (net(nn.Softmax(1)), F.nll_loss, "log_forgotten"),
        (net(nn.Sigmoid()), None, "outputs_squashed"),
        (net(nn.ReLU()), F.cross_entropy, "outputs_squashed"),
        (net(), nn.CrossEntropyLoss(reduction="sum"), "loss_summed"),
    ],
)
def test_outputs(model, loss_fn, kind):
    assert kinds(model, (X, T), loss_fn) == [kind]


def test_initial_loss():
    model = net()
    nn.init.normal_(model[-1].weight, std=30)
    (finding,) = diagnose(model, (X, T))
    assert finding.kind == "initial_loss" and "ln 4 = 1.39" in finding.seen
    value = F.cross_entropy(model(tc.tensor(X)), T).item()  # dropout makes it another one
    assert float(re.search(r"the loss is ([\d.]+);", finding.seen)[1]) == pytest.approx(value, rel=0.5)


def test_another_loss_has_another_beginning():
    model = net()
    nn.init.normal_(model[-1].weight, std=30)
    assert diagnose(model, (X, np.eye(K, dtype=np.float32)[T]), F.mse_loss) == []


def test_a_loss_that_is_not_finite():
    model = net()
    with tc.no_grad():
        model[-1].bias[0] = np.inf
    (finding,) = diagnose(model, (X, T))
    assert (finding.kind, finding.seen) == ("not_finite", "the weights of 7.bias are not finite.")


# ---------------------------------------------------------------- layers, weights, gradients


def test_dead_relus():
    model = net()
    with tc.no_grad():
        model[5].bias.copy_(np.full(16, -100, np.float32))
    findings = {finding.kind: finding for finding in diagnose(model, (X, T))}
    assert list(findings) == ["dead_relus"]
    assert findings["dead_relus"].seen.startswith("16 of 16 units of 6 are 0 for all 64 pictures")


def test_a_few_dead_units_are_no_finding():
    model = net()
    with tc.no_grad():
        model[5].bias[:12] = -100
    assert diagnose(model, (X, T)) == []


def test_saturated_units():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, K))
    nn.init.normal_(model[1].weight, std=20)
    (finding,) = diagnose(model, (X, T))
    assert finding.kind == "saturated_units" and " of 2 (tanh)" in finding.seen


def test_batch_of_one():
    assert kinds(net(), (X[:1], T[:1])) == ["batch_of_one"]


def test_nothing_to_learn():
    assert kinds(net().requires_grad_(False), (X, T)) == ["nothing_to_learn"]


class Cut(nn.Module):
    def __init__(self, idle):
        self.first, self.second = nn.Linear(64, 8), nn.Linear(8, K)
        self.idle = nn.Linear(2, 2) if idle else None

    def forward(self, x):
        y = self.first(x.flatten(1)).relu()
        return self.second(y if self.idle else y.detach())


@pytest.mark.parametrize(("idle", "path"), [(True, "idle.weight, idle.bias"), (False, "first.weight, first.bias")])
def test_no_gradient(idle, path):
    (finding,) = diagnose(Cut(idle), (X, T))
    assert (finding.kind, finding.seen) == ("no_gradient", f"no gradient reaches {path}.")


@pytest.mark.parametrize("value", [0.0, 0.1])
def test_symmetric_units(value):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 8), nn.Tanh(), nn.Linear(8, K))
    for p in model.parameters():
        nn.init.constant_(p, value)
    (finding,) = diagnose(model, (X, T))
    assert finding.kind == "symmetric_units"
    assert finding.seen.startswith("all units of 1, 3 have" if value == 0 else "all units of 1 have")


def test_a_last_layer_of_zeros_is_well():
    model = net()
    for p in model[-1].parameters():
        nn.init.zeros_(p)
    assert diagnose(model, (X, T)) == []


# ---------------------------------------------------------------- the optimiser


def test_the_optimiser():
    model, other = net(), nn.Linear(2, 3)
    half = optim.SGD(model[0].parameters(), lr=0.1)
    (finding,) = diagnose(model, (X, T), optimizer=half)
    assert finding.kind == "not_optimised"
    assert finding.seen == "the optimiser does not have 1.weight, 1.bias, 5.weight and 3 more."

    foreign = optim.SGD([*model.parameters(), *other.parameters()], lr=0.1)
    (finding,) = diagnose(model, (X, T), optimizer=foreign)
    assert finding.kind == "foreign_parameters" and "2 tensors" in finding.seen and "(3, 2), (3,)" in finding.seen

    twice = optim.SGD(model.parameters(), lr=0.1)
    twice.param_groups.append({**twice.param_groups[0], "params": [model[0].bias]})
    (finding,) = diagnose(model, (X, T), optimizer=twice)
    assert (finding.kind, finding.seen) == ("listed_twice", "the optimiser has 0.bias more than once.")

    assert kinds(model, (X, T), optimizer=optim.SGD(model.parameters(), lr=0)) == ["zero_learning_rate"]


def test_frozen_parameters_need_no_optimiser():
    model = net()
    freeze(model, "0.*", "1.*")
    assert diagnose(model, (X, T), optimizer=optim.SGD(model[5:].parameters(), lr=0.1)) == []


# ---------------------------------------------------------------- diagnose changes nothing


def everything(model):
    tensors = [t.data.tobytes() for t in (*model.parameters(), *model.buffers())]
    gradients = [None if p.grad is None else p.grad.data.tobytes() for p in model.parameters()]
    return tensors, gradients, [m.training for m in model.modules()], repr(random.get_state())


@pytest.mark.parametrize("training", [True, False])
def test_diagnose_changes_nothing(training):
    model = net().train(training)
    model[1].eval()
    model[0].weight.grad = tc.ones(8, 1, 3, 3)
    before = everything(model)
    loader = DataLoader(Dataset(X, T, K), batch_size=16, shuffle=True)
    state = repr(loader.state_dict())
    assert diagnose(model, loader) == []
    assert everything(model) == before
    assert repr(loader.state_dict()) == state


def test_diagnose_takes_a_loader_or_a_batch_but_no_iterator():
    loader = [(tc.tensor(X), tc.tensor(T))]
    assert diagnose(net(), loader) == diagnose(net(), loader[0]) == []
    with pytest.raises(ArgumentError, match="data is an iterator, and a batch that is taken from it is lost"):
        diagnose(net(), iter(loader))
    with pytest.raises(ArgumentError, match="data gives no batches"):
        diagnose(net(), [])


def test_an_error_that_no_finding_explains_is_raised():
    with pytest.raises(ShapeError, match="5: linear|linear"):
        diagnose(net(), (X[:, :, 1:], T))


# ---------------------------------------------------------------- the callback


class Order:
    """Batches in the order of the data."""

    def __init__(self, images, labels, size=16):
        self.images, self.labels, self.size = images, labels, size

    def __len__(self):
        return len(self.labels) // self.size

    def __iter__(self):
        for i in range(len(self)):
            batch = slice(i * self.size, (i + 1) * self.size)
            yield tc.tensor(self.images[batch]), tc.tensor(self.labels[batch])

    def state_dict(self):
        return {}


def fitted(model=None, data=None, optimizer=None, epochs=1, callbacks=(), every=1, ignore=(), kind=Trainer, **options):
    model = model or net()
    doctor = Doctor(every, ignore)
    optimizer = optimizer or optim.SGD(model.parameters(), lr=0.01)
    trainer = kind(model, optimizer, data or Order(X, T), callbacks=[doctor, *callbacks], **options)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer.fit(epochs)
    assert [str(w.message) for w in caught] == [str(finding) for finding in doctor.findings]
    assert all(w.category is TrainingWarning for w in caught)
    return doctor


def found(**arguments):
    return [finding.kind for finding in fitted(**arguments).findings]


def test_the_warning_says_what_why_and_how():
    model = net(nn.Softmax(1))
    doctor = Doctor()
    text = r"softmax_twice: each picture's 4 outputs are .*\n  Why it matters: .*\n  Cure: Leave out"
    with pytest.warns(TrainingWarning, match=text):
        Trainer(model, optim.SGD(model.parameters()), Order(X, T), callbacks=[doctor]).fit(1)
    assert [finding.kind for finding in doctor.findings] == ["softmax_twice"]


def test_each_kind_is_told_once_and_not_if_it_is_ignored():
    model = net(nn.Softmax(1))
    assert found(model=model, epochs=12) == ["softmax_twice"]  # 48 batches, so two looks
    assert found(model=model, ignore=["softmax_twice"]) == []
    with pytest.raises(UnknownNameError, match="no kind of finding 'softmax_twize'. Did you mean 'softmax_twice'"):
        Doctor(ignore=["softmax_twize"])
    with pytest.raises(ArgumentError, match="every is 0; it must be at least 1"):
        Doctor(every=0)


def test_training_with_a_doctor_has_the_same_bits():
    def trained(callbacks):
        tc.manual_seed(5)
        model = net()
        loader = DataLoader(Dataset(X, T, K), batch_size=8, shuffle=True)
        held_out = DataLoader(Dataset(X, T, K), batch_size=32)
        Trainer(model, optim.Adam(model.parameters()), loader, val_loader=held_out, callbacks=callbacks).fit(2)
        return everything(model)

    assert trained([Doctor(every=2)]) == trained([])


def test_an_order_that_is_not_shuffled():
    x, t = pictures(800)
    order = np.argsort(t, kind="stable")
    # The changes are counted up to where chance is ruled out: 1 of about 4/9 of all expected.
    (finding,) = fitted(data=Order(x[order], t[order])).findings
    assert finding.kind == "order_not_shuffled"
    assert "the class changes 1 times" in finding.seen
    assert found(data=Order(x, t)) == []


def test_one_class_alone():
    data = Order(X, np.full(64, 2))
    assert found(data=data, ignore=["labels_all_equal"]) == ["one_class_alone"]


@pytest.mark.parametrize(("labels", "cure"), [(T % 3 + 1, "labels - 1"), (np.minimum(T, 2), "num_classes=3")])
def test_a_class_that_never_occurs(labels, cure):
    data = Order(np.concatenate([X, X]), np.concatenate([labels, labels]))
    (finding,) = fitted(data=data).findings
    assert finding.kind == "class_missing" and cure in finding.cure


def test_unbalanced_classes():
    x, t = pictures(640)
    few = np.flatnonzero(t == 3)[4:]
    t[few] = np.arange(len(few)) % 3
    (finding,) = fitted(data=Order(x, t)).findings
    assert finding.kind == "classes_unbalanced" and "class 3 has 4" in finding.seen


@pytest.mark.parametrize(
    ("lr", "kind", "seen"),
    [(1e-6, "updates_too_small", r"learning rate 1e-06"), (20, "updates_too_large", "learning rate 20")],
)
def test_updates(lr, kind, seen):
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Tanh(), nn.Linear(16, K))
    (finding,) = fitted(model=model, optimizer=optim.SGD(model.parameters(), lr=lr), epochs=2).findings
    assert finding.kind == kind and seen in finding.seen
    assert re.search(r"by \d\.\de[+-]\d\d of its size", finding.seen)


def test_updates_are_what_the_step_does_to_the_weights():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, K))
    before = model[1].weight.data.copy()
    doctor = fitted(model=model, data=Order(X, T, size=64))
    change = np.linalg.norm(model[1].weight.data - before) / np.linalg.norm(before)
    assert doctor.updates.ratios["1.weight"] == pytest.approx([change])


def test_a_schedule_that_comes_down_is_no_finding():
    model = net()
    optimizer = optim.SGD(model.parameters(), lr=0.05)
    schedule = CosineLR(optimizer, total=48, warmup=4)
    doctor = fitted(model=model, optimizer=optimizer, scheduler=schedule, epochs=12)
    assert doctor.findings == []


class Forgetful(Trainer):
    def train_step(self, images, labels):
        loss = self.loss_fn(self.model(images), labels)
        loss.backward()
        self.optimizer.step()
        self.step += 1
        self.running.add(len(images), 0.0, {"loss": (loss.item(), len(images))})


class Collecting(Forgetful):
    """Two batches a step, which is no mistake."""

    def train_step(self, images, labels):
        self.loss_fn(self.model(images), labels).backward()
        self.step += 1
        if self.step % 2 == 0:
            self.optimizer.step()
            self.optimizer.zero_grad()


def test_gradients_that_pile_up():
    assert found(kind=Forgetful) == ["gradients_pile_up"]
    assert found(kind=Collecting) == []


def test_a_loss_that_becomes_infinite():
    model = nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.Linear(16, K))
    with np.errstate(all="ignore"):
        doctor = fitted(model=model, optimizer=optim.SGD(model.parameters(), lr=1e25), epochs=2)
    assert doctor.findings[0].kind == "loss_not_finite"
    assert "the learning rate is 1e+25" in doctor.findings[0].seen


def test_a_last_batch_of_one():
    assert found(data=DataLoader(Dataset(X[:33], T[:33], K), batch_size=16), epochs=1)[0] == "last_batch_of_one"
    assert found(data=DataLoader(Dataset(X[:33], T[:33], K), batch_size=16, drop_last=True)) == []


def test_normalisations_that_differ():
    training, other = DataLoader(Dataset(X, T, K), batch_size=32), DataLoader(Dataset(X * 4, T, K), batch_size=32)
    (finding,) = fitted(data=training, val_loader=other).findings
    assert finding.kind == "normalisations_differ"
    assert re.search(r"standard deviation [\d.]+, those to evaluate on .* and [34]\b", finding.seen)
    assert found(data=training, val_loader=training) == []


class AtEpochEnd(Callback):
    def __init__(self, do):
        self.do = do

    def on_epoch_end(self, trainer):
        self.do(trainer.model)


def by_hand(model):
    with tc.no_grad():
        model(tc.tensor(X[:4]))


def test_evaluation_in_training_mode():
    (finding,) = fitted(callbacks=[AtEpochEnd(by_hand)]).findings
    assert finding.kind == "evaluation_in_training_mode"
    assert finding.seen.endswith("has 1 (BatchNorm2d), 4 (Dropout).")
    assert found(callbacks=[AtEpochEnd(lambda model: evaluate(model, Order(X, T)))]) == []
    assert found(callbacks=[AtEpochEnd(lambda model: update_bn(Order(X, T), model))]) == []
    dense = nn.Sequential(nn.Flatten(), nn.Linear(64, K))
    assert found(model=dense, callbacks=[AtEpochEnd(by_hand)]) == []


def test_evaluation_in_training_mode_after_the_fit():
    model = net()
    doctor = fitted(model=model)
    by_hand(model.eval())
    with pytest.warns(TrainingWarning, match="the net was run without recording"):
        by_hand(model.train())
    doctor.dismiss()
    assert not model._forward_hooks


def test_training_in_evaluation_mode():
    class Forget(Callback):
        def on_batch_end(self, trainer):
            trainer.model.eval()

    assert found(callbacks=[Forget()]) == ["training_in_evaluation_mode"]
