"""What the history says of several outputs, of pixels, and of metrics that users bring."""

from functools import partial

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, optim
from tinyconv.data import DataLoader
from tinyconv.errors import ArgumentError, DataError
from tinyconv.nn.functional import cross_entropy
from tinyconv.train import Trainer, evaluate, evaluate_heads, segmentation_report, top_k_accuracy
from tinyconv.train.judging import judge

# ---------------------------------------------------------------- several outputs


class Batches(DataLoader):
    """A DataLoader whose labels are numbers of pictures, each of which has several labels."""

    def __init__(self, labels, images, batch_size=4):
        self.by_name = labels
        super().__init__(Pictures(images), batch_size)

    def __iter__(self):
        for images, numbers in super().__iter__():
            yield images, {name: tc.tensor(each[numbers.data]) for name, each in self.by_name.items()}


class Pictures:
    def __init__(self, images, labels=None):
        self.images, self.labels = images, np.arange(len(images)) if labels is None else labels

    def __len__(self):
        return len(self.images)

    def batch(self, indices):
        return self.images[indices]


def log_softmax(z):
    z = z - z.max(1, keepdims=True)
    return z - np.log(np.exp(z).sum(1, keepdims=True))


def heads(rng, unknown=False):
    x = rng.standard_normal((10, 1, 8, 8)).astype(np.float32)
    labels = {"side": rng.integers(0, 3, 10), "time": rng.integers(0, 2, 10)}
    if unknown:
        labels["time"][[0, 1, 2, 7]] = -100
    features = nn.Sequential(nn.Flatten(), nn.Linear(64, 5))
    return models.MultiOutput(features, 5, {"side": 3, "time": 2}), x, labels


@pytest.mark.parametrize("own_loss", [True, False])
@pytest.mark.parametrize("unknown", [False, True])
def test_several_outputs_against_numpy(rng, own_loss, unknown):
    """With a rate of 0 the net stays as it is: what is said of the training is true of the evaluation."""
    net, x, labels = heads(rng, unknown)
    loader = Batches(labels, x)
    cross = nn.CrossEntropyLoss()
    loss_fn = net.loss if own_loss else nn.WeightedLoss({"side": cross, "time": cross}, {"time": 0.5})
    t = Trainer(net, optim.SGD(net.parameters(), 0.0), loader, loss_fn, val_loader=loader)
    (record,) = t.fit(1)
    with tc.no_grad():
        logits = {name: y.numpy().astype(float) for name, y in net(tc.tensor(x)).items()}
    for name, z in logits.items():
        known = labels[name] >= 0
        z, k = z[known], labels[name][known]
        assert record[f"{name}_accuracy"] == pytest.approx((z.argmax(1) == k).mean())
        assert record[f"{name}_loss"] == pytest.approx(-log_softmax(z)[np.arange(len(k)), k].mean(), rel=1e-4)
    if not unknown:
        weights = {"side": 1, "time": 1 if own_loss else 0.5}
        assert record["accuracy"] == pytest.approx((record["side_accuracy"] + record["time_accuracy"]) / 2)
        assert record["loss"] == pytest.approx(sum(w * record[f"{name}_loss"] for name, w in weights.items()), rel=1e-5)
    for figure in ("loss", "accuracy", "side_loss", "side_accuracy", "time_loss", "time_accuracy"):
        assert record[f"val_{figure}"] == pytest.approx(record[figure], rel=1e-5)


def test_pictures_without_a_label_do_not_count_for_that_output():
    class Known(nn.Module):
        def forward(self, x):
            return {"a": x, "b": x}

    z = tc.tensor([[1.0, 0], [1, 0], [0, 1]])
    labels = {"a": tc.tensor([0, -100, 0]), "b": tc.tensor([-100, -100, -100])}
    accuracies = evaluate_heads(Known(), [(z, labels), (z[:1], {"a": [0], "b": [-100]})])
    assert accuracies["a"] == pytest.approx(2 / 3)
    assert np.isnan(accuracies["b"])


def test_an_output_that_is_no_class_has_a_loss_alone(rng):
    net, x, labels = heads(rng)
    labels["time"] = rng.random((10, 2)).astype(np.float32)
    loss_fn = nn.WeightedLoss({"side": nn.CrossEntropyLoss(), "time": nn.MSELoss()})
    t = Trainer(net, optim.SGD(net.parameters(), 0.0), Batches(labels, x), loss_fn)
    (record,) = t.fit(1)
    assert {"side_loss", "side_accuracy", "time_loss"} <= record.keys()
    assert "time_accuracy" not in record
    assert record["accuracy"] == record["side_accuracy"]


def test_a_metric_gets_all_outputs(rng):
    net, x, labels = heads(rng)

    def both(outputs, targets):
        """Is everything right about a picture?"""
        return np.logical_and(*((outputs[k].data.argmax(1) == targets[k].data) for k in outputs)).mean()

    loader = Batches(labels, x)
    t = Trainer(net, optim.SGD(net.parameters(), 0.0), loader, net.loss, val_loader=loader, metrics={"both": both})
    (record,) = t.fit(1)
    with tc.no_grad():
        right = [y.numpy().argmax(1) == labels[name] for name, y in net(tc.tensor(x)).items()]
    assert record["both"] == record["val_both"] == pytest.approx((right[0] & right[1]).mean())


def test_training_of_several_outputs_resumes_to_the_same_bits(rng):
    net, x, labels = heads(rng, unknown=True)
    first = {name: w.numpy().copy() for name, w in net.state_dict().items()}

    def make():
        net.load_state_dict(first)
        return Trainer(net, optim.SGD(net.parameters(), 0.1), Batches(labels, x), net.loss)

    def figures(history):
        return [{k: v for k, v in record.items() if "second" not in k} for record in history]

    whole = figures(make().fit(2))
    t = make()
    t.tell = lambda event, *about: setattr(t, "stop", event == "on_batch_end" and t.step == 2 and t.epoch == 1)
    t.fit(2)
    state = {**t.state_dict(), "model": {k: w.numpy().copy() for k, w in t.model.state_dict().items()}}
    t = make()
    t.load_state_dict(state)
    assert figures(t.fit(2)) == whole


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        ({"side": np.zeros(10, int)}, "fit: labels have no 'time'; they have 'side'"),
        (None, "fit: the model gives the outputs 'side', 'time'; labels must be a dict of as many"),
    ],
)
def test_labels_that_do_not_fit_the_outputs(rng, labels, message):
    net, x, _ = heads(rng)
    loader = DataLoader(Pictures(x)) if labels is None else Batches(labels, x)
    t = Trainer(net, optim.SGD(net.parameters(), 0.1), loader, lambda outputs, labels: outputs["side"].sum())
    with pytest.raises(ArgumentError, match=message):
        t.fit(1)


# ---------------------------------------------------------------- a class for every pixel


@pytest.mark.parametrize("ignored", [-100, 255])
def test_pixels_against_numpy(rng, ignored):
    x = rng.standard_normal((7, 2, 5, 5)).astype(np.float32)
    labels = rng.integers(0, 3, (7, 5, 5))
    labels[rng.random(labels.shape) < 0.2] = ignored
    net = nn.Conv2d(2, 3, 1)
    loader = DataLoader(Pictures(x, labels), 3)
    loss_fn = cross_entropy if ignored == -100 else nn.CrossEntropyLoss(ignore_index=ignored)
    t = Trainer(net, optim.SGD(net.parameters(), 0.0), loader, loss_fn, val_loader=loader)
    (record,) = t.fit(1)
    with tc.no_grad():
        said = net(tc.tensor(x)).numpy().argmax(1)
    known = labels != ignored
    assert record["accuracy"] == record["val_accuracy"] == pytest.approx((said == labels)[known].mean())
    iou = [((said == k) & (labels == k)).sum() / (((said == k) | (labels == k)) & known).sum() for k in range(3)]
    assert record["val_mean_iou"] == pytest.approx(np.mean(iou))
    np.testing.assert_allclose(t.evaluation.iou, iou)
    assert type(t.evaluation) is type(segmentation_report(np.eye(2)))


def test_a_batch_without_a_labelled_pixel_counts_nothing():
    labels = np.full((4, 2, 2), -100)
    labels[0] = 1
    net = nn.Conv2d(1, 2, 1)
    with tc.no_grad():
        net.weight.fill_(0)
        net.bias[0], net.bias[1] = 0.0, 1.0
    loader = DataLoader(Pictures(np.zeros((4, 1, 2, 2), np.float32), labels), 2)
    loss_fn = partial(cross_entropy, reduction="sum")
    (record,) = Trainer(net, optim.SGD(net.parameters(), 0.0), loader, loss_fn).fit(1)
    assert record["accuracy"] == 1


# ---------------------------------------------------------------- metrics


def classifier(rng, **options):
    x, labels = rng.standard_normal((10, 1, 2, 2)).astype(np.float32), rng.integers(0, 4, 10)
    net = nn.Sequential(nn.Flatten(), nn.Linear(4, 4))
    loader = DataLoader(Pictures(x, labels), 4)
    with tc.no_grad():
        logits = net(tc.tensor(x)).numpy()
    t = Trainer(net, optim.SGD(net.parameters(), 0.0), loader, val_loader=loader, **options)
    return t, logits, labels


def test_a_metric_is_a_mean_in_training_and_sees_all_pictures_in_evaluation(rng):
    top2 = partial(top_k_accuracy, k=2)
    t, logits, labels = classifier(rng, metrics={"top2": top2, "pictures": lambda logits, targets: len(targets)})
    (record,) = t.fit(1)
    expected = np.mean([labels[i] in np.argsort(-logits[i])[:2] for i in range(10)])
    assert record["top2"] == record["val_top2"] == pytest.approx(expected)
    assert record["pictures"] == pytest.approx((4 * 4 + 4 * 4 + 2 * 2) / 10)  # each batch's, a picture one vote
    assert record["val_pictures"] == 10
    assert t.evaluation.metrics == {"top2": record["val_top2"], "pictures": 10}


def test_an_evaluation_has_its_confusion_matrix_and_report(rng):
    t, logits, labels = classifier(rng)
    t.fit(1)
    expected = np.zeros((4, 4), int)
    for i in range(10):
        expected[labels[i], logits[i].argmax()] += 1
    np.testing.assert_array_equal(t.evaluation.confusion_matrix, expected)
    report = t.evaluation.report()
    assert report.classes == ("0", "1", "2", "3")
    np.testing.assert_array_equal(report.support, expected.sum(1))
    assert t.evaluation.report("abcd").classes == tuple("abcd")
    assert evaluate(t.model, t.val_loader).metrics == {}


@pytest.mark.parametrize("name", ["loss", "accuracy", "epoch", "val_top5"])
def test_a_metric_with_the_name_of_another_figure(rng, name):
    with pytest.raises(ArgumentError, match=f"Trainer: a metric is called '{name}', as a figure that the history has"):
        classifier(rng, metrics={name: top_k_accuracy})


def test_a_loader_that_gives_nothing():
    with pytest.raises(DataError, match="evaluate: the loader gives no batches"):
        judge(nn.Flatten(), [], cross_entropy, {})
