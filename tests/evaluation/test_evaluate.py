"""Errors over views, models averaged: by hand on nets whose answers are known."""

import numpy as np
import pytest

import tinyconv
from tinyconv import nn
from tinyconv.data import Dataset, Normalize
from tinyconv.errors import ArgumentError, ShapeError
from tinyconv.evaluation import (
    CenterView,
    DenseView,
    Ensemble,
    TenCropView,
    ViewEvaluation,
    as_fully_convolutional,
    averaged,
    evaluate_views,
)


class FirstPixels(nn.Module):
    """The logits are the first K pixels of a picture's first row, times a factor."""

    def __init__(self, K, factor=1.0):
        self.K, self.factor = K, factor

    def forward(self, x):
        return x[:, 0, 0, : self.K] * self.factor


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


def of_rows(rows, labels=None, K=None):
    """A picture of one row for each of these rows."""
    x = np.array(rows, np.float32)[:, None, None, :]
    return Dataset(x, np.zeros(len(x), int) if labels is None else labels, K or x.shape[-1])


# ---------------------------------------------------------------- errors


def test_errors_by_hand():
    """The class has rank 1, 2, 3, 4: top-1 error 3/4, top-2 error 2/4, top-3 error 1/4."""
    logits = [[9, 1, 2, 3], [3, 9, 1, 2], [2, 9, 3, 1], [0, 1, 2, 3]]
    result = evaluate_views(FirstPixels(4), of_rows(logits), CenterView(), topk=(1, 2, 3, 4, 5))
    assert result.errors == {1: 0.75, 2: 0.5, 3: 0.25, 4: 0, 5: 0}
    np.testing.assert_array_equal(result.predictions, [0, 1, 1, 3])
    np.testing.assert_allclose(result.probabilities, softmax(np.array(logits)), rtol=1e-6)
    np.testing.assert_array_equal(result.matrix, [[1, 2, 0, 1], [0] * 4, [0] * 4, [0] * 4])
    assert result.report.per_class.recall[0] == 0.25
    assert result.classes == ("0", "1", "2", "3")


def test_a_view_is_the_mean_of_its_probabilities():
    """Seen from the left and, mirrored, from the right: the probabilities are averaged, not the logits."""
    rows = np.array([[8.0, 0, 1], [0, 1, 2]])
    result = evaluate_views(FirstPixels(3), of_rows(rows), DenseLike(), topk=(1,))
    np.testing.assert_allclose(result.probabilities, (softmax(rows) + softmax(rows[:, ::-1])) / 2, rtol=1e-6)


class DenseLike(CenterView):
    """The whole picture and its mirror image."""

    def batches(self, pictures):
        return iter([pictures, pictures[..., ::-1]])


def test_views_count_alike_however_many_batches_they_have():
    """5 crops of a pixel more, and the middle alone: one half each."""
    rows = np.array([[4.0, 0, 1, 2, 0]])
    result = evaluate_views(FirstPixels(3), of_rows(rows, K=3), [TenCropView((1, 3), flip=False), CenterView((1, 3))])
    left, middle, right = (softmax(rows[:, k : k + 3]) for k in range(3))
    crops = (2 * left + 2 * right + middle) / 5
    np.testing.assert_allclose(result.probabilities, (crops + middle) / 2, rtol=1e-6)


def test_batches_change_nothing(rng):
    data = of_rows(rng.standard_normal((7, 5)), K=3)
    one, all_ = (evaluate_views(FirstPixels(3), data, TenCropView((1, 4)), batch_size=n) for n in (2, 100))
    np.testing.assert_array_equal(one.probabilities, all_.probabilities)


def test_no_more_pictures_than_asked_go_through_at_once(rng):
    seen = []

    class Watching(FirstPixels):
        def forward(self, x):
            seen.append(len(x))
            return super().forward(x)

    evaluate_views(Watching(3), of_rows(rng.standard_normal((7, 5)), K=3), TenCropView((1, 4)), batch_size=3)
    assert max(seen) == 3
    assert sum(seen) == 70


def test_pictures_of_bytes_are_normalised():
    data = Dataset(np.array([[[[255, 0]]], [[[51, 102]]]], np.uint8), [0, 1], 2)
    plain = evaluate_views(FirstPixels(2), data, CenterView())
    np.testing.assert_allclose(plain.probabilities, softmax(np.array([[1, 0], [0.2, 0.4]])), rtol=1e-6)
    normal = evaluate_views(FirstPixels(2), data, CenterView(), Normalize([0.5], [0.25]))
    np.testing.assert_allclose(normal.probabilities, softmax(np.array([[2, -2], [-1.2, -0.4]])), rtol=1e-6)


def test_the_mode_is_put_back_and_dropout_does_not_drop():
    net = nn.Sequential(nn.Flatten(), nn.Dropout(0.5))
    result = evaluate_views(net, of_rows([[3, 1]] * 20), CenterView())
    np.testing.assert_allclose(result.probabilities, np.tile(softmax(np.array([3.0, 1])), (20, 1)), rtol=1e-6)
    assert net.training and net[1].training


# ---------------------------------------------------------------- pictures of different sizes


class Folder:
    """Pictures of different sizes, as a folder of them has."""

    def __init__(self, pictures, labels):
        self.pictures, self.labels, self.classes = pictures, np.array(labels), ("a", "b")

    def __len__(self):
        return len(self.labels)

    def batch(self, indices):
        return [self.pictures[i] for i in indices]


def test_pictures_of_different_sizes(rng):
    """Dense scores of each by itself; those of one size go through the net together."""
    net = nn.Sequential(nn.Conv2d(1, 3, 3), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    dense = as_fully_convolutional(net, (1, 4, 4))
    sizes = [(4, 6), (4, 4), (4, 6), (8, 4)]
    folder = Folder([rng.random((1, *size), dtype=np.float32) for size in sizes], [0, 1, 0, 1])
    result = evaluate_views(dense, folder, DenseView(flip=False))
    with tinyconv.no_grad():
        alone = [dense(tinyconv.tensor(x[None])).numpy()[0] for x in folder.pictures]
    np.testing.assert_allclose(result.probabilities, softmax(np.array(alone)), rtol=1e-5)
    cropped = evaluate_views(net, folder, CenterView(4))
    with tinyconv.no_grad():
        crops = [
            x[:, (h - 4) // 2 :, (w - 4) // 2 :][:, :4, :4] for x, (h, w) in zip(folder.pictures, sizes, strict=True)
        ]
        alone = net(tinyconv.tensor(np.array(crops))).numpy()
    np.testing.assert_allclose(cropped.probabilities, softmax(alone), rtol=1e-5)


# ---------------------------------------------------------------- dense


def test_dense_views_find_the_dense_form(rng):
    """A net of the zoo that would average its maps to 7x7 goes over them instead."""
    net = tinyconv.models.LeNet5().double()
    x = rng.random((3, 1, 32, 32))
    result = evaluate_views(net, Dataset(x, [1, 2, 3], 10), DenseView())
    dense = as_fully_convolutional(net)
    with tinyconv.no_grad():
        p = [softmax(dense(tinyconv.tensor(np.ascontiguousarray(y))).numpy()) for y in (x, x[..., ::-1])]
    np.testing.assert_allclose(result.probabilities, (p[0] + p[1]) / 2, rtol=1e-10)
    with pytest.raises(ArgumentError, match="LeNet5Of1998 has no dense form"):
        evaluate_views(tinyconv.models.lenet5_1998(), Dataset(x, [1, 2, 3], 10), DenseView())


def test_dense_without_padding_is_the_mean_over_all_crops_at_the_stride(rng):
    """Pictures of 6x7 hold 2x2 windows of 4x4 at steps of 2; of equal scores in all windows softmax is the mean's."""
    net = nn.Sequential(nn.Conv2d(1, 3, 2, stride=2), nn.Flatten(), nn.Linear(12, 2)).double()
    x = rng.random((5, 1, 6, 7))
    with tinyconv.no_grad():
        scores = [net(tinyconv.tensor(x[:, :, i : i + 4, j : j + 4])).numpy() for i in (0, 2) for j in (0, 2)]
    result = evaluate_views(as_fully_convolutional(net, (1, 4, 4)), Dataset(x, [0] * 5, 2), DenseView(flip=False))
    np.testing.assert_allclose(result.probabilities, softmax(np.mean(scores, 0)), rtol=1e-12)


# ---------------------------------------------------------------- models averaged


def test_an_ensemble_by_hand():
    """p = (1/4, 3/4) and (3/5, 2/5): their mean is (17/40, 23/40), and ln of that the logits."""
    a, b = FirstPixels(2, np.log(3.0)), FirstPixels(2, -np.log(1.5))
    x = tinyconv.tensor(np.array([[[[0.0, 1.0]]]]))
    np.testing.assert_allclose(Ensemble([a, b])(x).numpy(), np.log([[17 / 40, 23 / 40]]), rtol=1e-12)
    for models in ([a, b], Ensemble([a, b])):
        result = evaluate_views(models, of_rows([[0, 1]]), CenterView())
        np.testing.assert_allclose(result.probabilities, [[17 / 40, 23 / 40]], rtol=1e-6)


def test_an_ensemble_of_sure_nets_stays_finite():
    """Probabilities that float32 does not hold: e^-200."""
    x = tinyconv.tensor(np.array([[[[0.0, 200.0]]]], np.float32))
    y = Ensemble([FirstPixels(2), FirstPixels(2)])(x).numpy()
    np.testing.assert_allclose(y, [[-200, 0]], atol=1e-6)


def test_an_ensemble_can_be_trained(rng):
    nets = [nn.Linear(3, 4).double() for _ in range(3)]
    ensemble, x, t = Ensemble(nets), rng.standard_normal((5, 3)), rng.integers(0, 4, 5)
    nn.functional.cross_entropy(ensemble(tinyconv.tensor(x)), t).backward()

    def loss(delta):
        w = nets[1].weight.data.copy()
        w[2, 1] += delta
        z = [x @ n.weight.data.T + n.bias.data for n in nets]
        z[1] = x @ w.T + nets[1].bias.data
        return -np.log(np.mean([softmax(one) for one in z], 0)[range(5), t]).mean()

    slope = (loss(1e-5) - loss(-1e-5)) / 2e-5
    np.testing.assert_allclose(nets[1].weight.grad.numpy()[2, 1], slope, rtol=1e-6)


def test_results_are_averaged_as_models_are(rng):
    data = of_rows(rng.standard_normal((9, 3)), rng.integers(0, 3, 9))
    a, b = FirstPixels(3), FirstPixels(3, -2.0)
    together = averaged([evaluate_views(net, data, CenterView(), topk=(1, 2)) for net in (a, b)])
    at_once = evaluate_views([a, b], data, CenterView(), topk=(1, 2))
    np.testing.assert_allclose(together.probabilities, at_once.probabilities, rtol=1e-6)
    assert together.errors == at_once.errors


def a_result(targets=(0, 1), classes=("a", "b")):
    return ViewEvaluation({1: 0.5}, np.array(targets), np.array([[0.75, 0.25]] * 2), classes)


# ---------------------------------------------------------------- what does not fit


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net, data: evaluate_views(net, data, []), ArgumentError, "views is empty; give at least one"),
        (lambda net, data: evaluate_views(net, data, ["dense"]), ArgumentError, "'dense' is no view; give views such"),
        (lambda net, data: evaluate_views(net, data, CenterView(), batch_size=0), ArgumentError, "batch_size is 0"),
        (lambda net, data: evaluate_views(net, data, CenterView(), topk=(1, 0)), ArgumentError, "topk is 0"),
        (lambda net, data: evaluate_views([], data, CenterView()), ArgumentError, "Ensemble: models is empty"),
        (
            lambda net, data: evaluate_views(FirstPixels(2), data, CenterView()),
            ShapeError,
            "the net tells 2 classes apart, the data set has 3",
        ),
        (
            lambda net, data: evaluate_views(nn.Identity(), data, CenterView()),
            ShapeError,
            r"the net gives \(1, 1, 1, 3\); a classifier gives logits \(N, K\)",
        ),
        (
            lambda net, data: evaluate_views([net, FirstPixels(2)], data, CenterView()),
            ShapeError,
            r"the nets give \(1, 3\), \(1, 2\); all must give logits",
        ),
        (lambda net, data: averaged([]), ArgumentError, "results is empty; give at least one"),
        (
            lambda net, data: averaged([a_result(), a_result((1, 1))]),
            ArgumentError,
            "the results are of different pict",
        ),
        (
            lambda net, data: averaged([a_result(), a_result(classes=("a", "c"))]),
            ArgumentError,
            "or of different classes",
        ),
    ],
)
def test_what_does_not_fit(call, error, message):
    with pytest.raises(error, match=message):
        call(FirstPixels(3), of_rows([[1, 2, 3]]))
