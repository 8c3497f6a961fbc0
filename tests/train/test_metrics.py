"""Metrics against counts done by hand, and the evaluation of models that are known through and through."""

import numpy as np
import pytest

from tinyconv import nn
from tinyconv.errors import ArgumentError, DataError, DTypeError, ShapeError
from tinyconv.tape import is_grad_enabled
from tinyconv.tensor import Tensor
from tinyconv.train.metrics import accuracy, classification_report, confusion_matrix, evaluate, top_k_accuracy

# ---------------------------------------------------------------- accuracy


def test_accuracy():
    logits = np.array([[0.1, 0.9], [3, -3], [-2, -1], [5, 4]], np.float32)
    assert accuracy(logits, np.array([1, 0, 0, 1])) == 0.5
    assert accuracy(Tensor(logits, requires_grad=True), Tensor(np.array([1, 0, 1, 1], np.uint8))) == 0.75
    assert accuracy(logits.tolist(), [1, 0, 1, 0]) == 1


def test_the_first_of_equal_logits_counts():
    assert accuracy([[1.0, 1.0, 0.0]], [0]) == 1
    assert accuracy([[1.0, 1.0, 0.0]], [1]) == 0


# ---------------------------------------------------------------- top k


def test_top_k_by_hand():
    z = [[4, 3, 2, 1], [1, 2, 3, 4], [0, 9, 0, 8]]
    assert [top_k_accuracy(z, [1, 1, 3], k) for k in (1, 2, 3, 4)] == [0, 2 / 3, 1, 1]
    assert top_k_accuracy(np.arange(10)[None], [5]) == 1  # 5 to 9 are the five largest
    assert top_k_accuracy(np.arange(10)[None], [4]) == 0


def test_the_first_of_equal_entries_come_first():
    z = np.array([[1, 2, 1, 1, 0]], np.uint8)  # in the order 1, 0, 2, 3, 4
    assert [[top_k_accuracy(z, [t], k) for k in (1, 2, 3, 4, 5)] for t in (1, 0, 2, 3, 4)] == np.triu(
        np.ones((5, 5))
    ).tolist()


def test_a_net_that_gives_nan_is_not_right_about_everything():
    z = np.full((10, 10), np.nan)
    assert top_k_accuracy(z, np.arange(10), 3) == 0.3
    assert top_k_accuracy(z, np.arange(10), 1) == accuracy(z, np.arange(10)) == 0.1


@pytest.mark.parametrize("k", [1, 2, 5])
def test_top_k_against_sorting_pairs(rng, k):
    z = rng.integers(0, 4, (200, 6)).astype(np.float32)  # with many equals
    t = rng.integers(0, 6, 200)
    order = [sorted(range(6), key=lambda j, row=row: (-row[j], j)) for row in z]
    assert top_k_accuracy(Tensor(z), Tensor(t), k) == pytest.approx(np.mean([t[i] in order[i][:k] for i in range(200)]))


# ---------------------------------------------------------------- confusion matrix


def test_confusion_matrix_by_hand():
    m = confusion_matrix(targets=[0, 0, 0, 1, 2, 2], predictions=[0, 2, 2, 1, 0, 2], num_classes=4)
    assert m.tolist() == [[1, 0, 2, 0], [0, 1, 0, 0], [1, 0, 1, 0], [0, 0, 0, 0]]
    assert m.dtype == np.int64


@pytest.mark.parametrize("dtype", [np.uint8, np.int8, np.int32])
def test_confusion_matrix_against_loops(rng, dtype):
    """With more than sixteen classes, a label of 8 bits times their number would overflow."""
    K = 100
    t, p = rng.integers(0, K, (2, 500)).astype(dtype)
    expected = np.zeros((K, K), int)
    for i in range(500):
        expected[t[i], p[i]] += 1
    np.testing.assert_array_equal(confusion_matrix(Tensor(t), Tensor(p), K), expected)


def test_confusion_matrix_of_nothing():
    assert confusion_matrix([], [], 2).tolist() == [[0, 0], [0, 0]]


# ---------------------------------------------------------------- report


def test_classification_report_by_hand():
    #           predicted a  b  c
    m = np.array([[3, 1, 0],  # a: precision 3/4  recall 3/4  F1 3/4
                  [1, 4, 1],  # b: precision 4/5  recall 4/6  F1 8/11
                  [0, 0, 2]])  # c: precision 2/3  recall 2/2  F1 4/5  # fmt: skip
    report = classification_report(m, ["a", "b", "c"])
    np.testing.assert_allclose(report.per_class.precision, [3 / 4, 4 / 5, 2 / 3])
    np.testing.assert_allclose(report.per_class.recall, [3 / 4, 4 / 6, 1])
    np.testing.assert_allclose(report.per_class.f1, [3 / 4, 8 / 11, 4 / 5])
    assert report.support.tolist() == [4, 6, 2]
    assert report.accuracy == 9 / 12
    assert report.macro == pytest.approx(
        ((3 / 4 + 4 / 5 + 2 / 3) / 3, (3 / 4 + 4 / 6 + 1) / 3, (3 / 4 + 8 / 11 + 4 / 5) / 3)
    )
    assert report.weighted == pytest.approx(
        ((4 * 3 / 4 + 6 * 4 / 5 + 2 * 2 / 3) / 12, 9 / 12, (4 * 3 / 4 + 6 * 8 / 11 + 2 * 4 / 5) / 12)
    )
    assert report.classes == ("a", "b", "c")
    assert not np.any(report.undefined)


def test_zero_divided_by_zero_counts_as_zero_and_is_marked():
    #           predicted a  b  c  d
    m = np.array([[2, 0, 1, 0],
                  [1, 0, 0, 0],  # b: never predicted, so precision is 0/0
                  [0, 0, 0, 0],  # c: never occurs, so recall is 0/0
                  [0, 0, 0, 0]])  # d: neither, so F1 is 0/0 too  # fmt: skip
    report = classification_report(m, "abcd")
    np.testing.assert_allclose(report.per_class.precision, [2 / 3, 0, 0, 0])
    np.testing.assert_allclose(report.per_class.recall, [2 / 3, 0, 0, 0])
    np.testing.assert_allclose(report.per_class.f1, [2 / 3, 0, 0, 0])
    assert report.undefined.precision.tolist() == [False, True, False, True]
    assert report.undefined.recall.tolist() == [False, False, True, True]
    assert report.undefined.f1.tolist() == [False, False, False, True]


# ---------------------------------------------------------------- wrong input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: accuracy([1.0, 2.0], [0]),
            ShapeError,
            r"accuracy: logits have shape \(2,\); they must be \(N, K\)",
        ),
        (
            lambda: accuracy(np.zeros((0, 3)), []),
            ShapeError,
            r"logits have shape \(0, 3\).* at least one entry",
        ),
        (lambda: accuracy([[1.0, 2.0]], [0, 1]), ShapeError, "there are 1 rows of logits, but 2 targets"),
        (
            lambda: accuracy([[1.0, 2.0]], [[0]]),
            ShapeError,
            r"targets have shape \(1, 1\); they must be \(N,\)",
        ),
        (
            lambda: accuracy([[1.0, 2.0]], [2]),
            ArgumentError,
            "targets contain 2; with 2 classes they must be 0 to 1",
        ),
        (lambda: accuracy([[1.0, 2.0]], [-1]), ArgumentError, "targets contain -1; with 2 classes"),
        (
            lambda: accuracy([[1.0, 2.0]], [0.5]),
            DTypeError,
            "targets are float64; they must be whole numbers",
        ),
        (lambda: top_k_accuracy([[1.0, 2.0]], [0]), ArgumentError, "k is 5; with 2 classes .* from 1 to 2"),
        (lambda: top_k_accuracy([[1.0, 2.0]], [0], 0), ArgumentError, "top_k_accuracy: k is 0"),
        (lambda: top_k_accuracy([[1.0, 2.0]], [0], 1.0), ArgumentError, "top_k_accuracy: k is 1.0"),
        (lambda: top_k_accuracy([1.0, 2.0], [0], 1), ShapeError, r"top_k_accuracy: logits have shape \(2,\)"),
        (lambda: confusion_matrix([0], [0, 1], 2), ShapeError, "there are 1 targets, but 2 predictions"),
        (
            lambda: confusion_matrix([0], [3], 3),
            ArgumentError,
            "confusion_matrix: predictions contain 3; with 3 classes",
        ),
        (lambda: confusion_matrix([0], [0], 0), ArgumentError, "num_classes is 0; it must be a whole number"),
        (lambda: confusion_matrix([0], [0], 2.0), ArgumentError, "num_classes is 2.0"),
        (
            lambda: classification_report(np.ones((2, 3)), "ab"),
            ShapeError,
            r"matrix has shape \(2, 3\).* is square",
        ),
        (
            lambda: classification_report(np.ones((2, 2)), "abc"),
            ShapeError,
            "matrix has 2 classes, but there are 3 names",
        ),
        (lambda: classification_report(np.zeros((2, 2)), "ab"), DataError, "matrix counts no pictures"),
    ],
)
def test_wrong_input(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---------------------------------------------------------------- evaluate


class Scale(nn.Module):
    """Pixels, flat, times a weight: the logits; it notes the circumstances in which it is run."""

    def __init__(self, weight=1.0):
        self.weight = nn.Parameter(np.array(weight, np.float32))
        self.frozen = nn.Dropout()
        self.seen = []

    def forward(self, x):
        self.seen.append((self.training, self.frozen.training, is_grad_enabled()))
        return x.flatten(1) * self.weight


def batches(x, t, size):
    return [(Tensor(x[i : i + size]), Tensor(t[i : i + size])) for i in range(0, len(x), size)]


@pytest.mark.parametrize("size", [1, 3, 7, 100])
def test_means_are_over_pictures_whatever_the_batches(rng, size):
    x = rng.standard_normal((7, 1, 2, 2)).astype(np.float32)
    t = rng.integers(0, 4, 7)
    result = evaluate(Scale(2), batches(x, t, size))

    logits = 2 * x.reshape(7, 4).astype(np.float64)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert result.loss == pytest.approx(-np.log(p[np.arange(7), t]).mean(), rel=1e-5)
    assert result.accuracy == sum(p[i].argmax() == t[i] for i in range(7)) / 7
    np.testing.assert_array_equal(result.targets, t)
    np.testing.assert_array_equal(result.predictions, p.argmax(1))
    np.testing.assert_allclose(result.probabilities, p, rtol=1e-5)


def test_another_loss():
    x = np.zeros((3, 1, 1, 2), np.float32)
    result = evaluate(Scale(), batches(x, np.array([0, 1, 1]), 2), lambda logits, labels: Tensor(labels.data.mean()))
    assert result.loss == pytest.approx(2 / 3)


def test_the_model_is_evaluated_without_recording_and_left_as_it_was():
    model = Scale()
    model.frozen.eval()
    evaluate(model, batches(np.zeros((2, 1, 1, 2), np.float32), np.array([0, 1]), 1))
    assert model.seen == [(False, False, False)] * 2
    assert model.training
    assert not model.frozen.training
    assert model.eval().training is False
    evaluate(model, batches(np.zeros((2, 1, 1, 2), np.float32), np.array([0, 1]), 1))
    assert model.training is False


@pytest.mark.parametrize("labels", [[0, 2], [0, -1]])
def test_the_model_is_left_as_it_was_after_an_error(labels):
    model = Scale()
    with pytest.raises(ArgumentError, match=f"{labels[1]}"):
        evaluate(model, batches(np.zeros((2, 1, 1, 2), np.float32), np.array(labels), 1))
    assert model.training
    assert model.frozen.training
    assert is_grad_enabled()


def test_a_loader_that_gives_nothing():
    with pytest.raises(DataError, match="evaluate: the loader gives no batches"):
        evaluate(Scale(), [])
