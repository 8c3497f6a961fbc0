"""Boxes, what a detector is taught, and Fast R-CNN: by hand, against loops, and on real digits."""

from math import e, log

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, optim, train
from tinyconv.errors import ArgumentError, DTypeError, ShapeError
from tinyconv.models.boxes import box_iou, clip_boxes_to_image, decode_boxes, encode_boxes, nms
from tinyconv.models.detection import Targets, detections, sampled, targets_of
from tinyconv.models.weights import he_
from zoo.scenes import scenes, small_features


def random_boxes(rng, count, size=20):
    corners = rng.uniform(0, size, (count, 2, 2))
    return np.concatenate([corners.min(1), corners.max(1)], 1)


# ---------------------------------------------------------------- boxes


def test_box_iou_by_hand():
    """2x2 boxes that share 1x1, the same box, boxes that touch, one in the other, and boxes without area."""
    a = [[0, 0, 2, 2], [0, 0, 4, 4], [5, 5, 5, 5]]
    b = [[1, 1, 3, 3], [0, 0, 2, 2], [2, 0, 4, 2], [5, 5, 5, 5]]
    expected = [[1 / 7, 1, 0, 0], [4 / 16, 4 / 16, 4 / 16, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(box_iou(a, b), expected)


def test_box_iou_by_counting_pixels(rng):
    """Of boxes with whole corners, painted."""
    boxes = random_boxes(rng, 12).round()
    painted = np.zeros((12, 20, 20), bool)
    for i, (x1, y1, x2, y2) in enumerate(boxes.astype(int)):
        painted[i, y1:y2, x1:x2] = True
    for i in range(12):
        for j in range(12):
            either = (painted[i] | painted[j]).sum()
            expected = (painted[i] & painted[j]).sum() / either if either else 0
            assert box_iou(boxes[[i]], boxes[[j]])[0, 0] == pytest.approx(expected)


def test_encoding_by_hand():
    """From a 4x2 proposal around (2, 1) to a box twice as wide and e times as high around (4, 2)."""
    box, proposal = [[0.0, 2 - e, 8.0, 2 + e]], [[0.0, 0.0, 4.0, 2.0]]
    np.testing.assert_allclose(encode_boxes(box, proposal), [[10 * 2 / 4, 10 * 1 / 2, 5 * log(2), 5.0]], atol=1e-6)
    np.testing.assert_allclose(decode_boxes([[5.0, 5.0, 5 * log(2), 5.0]], proposal), box, atol=1e-5)
    np.testing.assert_array_equal(decode_boxes(np.zeros((1, 4)), proposal), proposal)


def test_decoding_undoes_encoding(rng):
    boxes, proposals = random_boxes(rng, 30), random_boxes(rng, 30)
    boxes[:, 2:] += 1
    proposals[:, 2:] += 1
    np.testing.assert_allclose(decode_boxes(encode_boxes(boxes, proposals), proposals), boxes, rtol=1e-8, atol=1e-8)


def test_a_wild_guess_does_not_overflow():
    x1, _, x2, _ = decode_boxes([[0.0, 0.0, 1e9, -1e9]], [[0.0, 0.0, 16.0, 16.0]])[0]
    assert x2 - x1 == pytest.approx(1000)


def test_clipping():
    found = clip_boxes_to_image([[-1, -2, 30, 5], [3, 4, 5, 60]], (10, 20))
    np.testing.assert_array_equal(found, [[0, 0, 20, 5], [3, 4, 5, 10]])


def test_nms_by_hand():
    """The second is too much like the first, the third like the second alone, which is gone; equal scores in order."""
    boxes = [[0, 0, 10, 10], [0, 0, 10, 6], [0, 5, 10, 6], [20, 20, 30, 30], [20, 20, 30, 30]]
    assert nms(boxes, [0.9, 0.8, 0.7, 0.5, 0.5], 0.5).tolist() == [0, 2, 3]
    assert nms(boxes, [0.9, 0.8, 0.7, 0.5, 0.5], 0.6).tolist() == [0, 1, 2, 3]  # exactly 0.6 is not too much
    assert nms(boxes, [0.1, 0.8, 0.7, 0.4, 0.5], 0.5).tolist() == [1, 2, 4]
    assert nms([], [], 0.5).tolist() == []


def test_nms_against_loops(rng):
    boxes, scores = random_boxes(rng, 60), rng.permutation(60)
    expected = []
    for i in np.argsort(-scores):
        if all(box_iou(boxes[[i]], boxes[[j]])[0, 0] <= 0.3 for j in expected):
            expected.append(i)
    assert nms(boxes, scores, 0.3).tolist() == expected


# ---------------------------------------------------------------- what the net is taught


def test_targets_by_hand():
    """IoU with the objects: 1 and 0; 1/2, just enough; 4/9; 0."""
    objects, labels = [[0, 0, 4, 4], [10, 10, 13, 13]], [7, 3]
    proposals = [[0, 0, 4, 4], [0, 0, 4, 2], [10, 10, 12, 12], [20, 20, 24, 24]]
    u, v, overlap = targets_of(proposals, objects, labels)
    assert u.tolist() == [7, 7, 0, 0]
    np.testing.assert_allclose(overlap, [1, 1 / 2, 4 / 9, 0])
    np.testing.assert_allclose(v, [[0, 0, 0, 0], [0, 10 * 1 / 2, 0, 5 * log(2)], [0] * 4, [0] * 4], rtol=1e-6)


def test_a_picture_without_objects_is_background():
    u, v, overlap = targets_of([[0, 0, 4, 4]], [], [])
    assert (u.tolist(), v.tolist(), overlap.tolist()) == ([0], [[0, 0, 0, 0]], [0])


def test_sampling():
    """A quarter objects, the others background with an IoU of at least 0.1; fewer, where there are not enough."""
    labels, overlap = np.repeat([1, 0, 0], 40), np.repeat([0.7, 0.3, 0.05], 40)
    found = sampled(Targets(labels, np.zeros((120, 4)), overlap))
    assert len(found) == len(set(found.tolist())) == 16 + 40
    assert (labels[found] == 1).sum() == 16
    assert overlap[found].min() == 0.3
    few = sampled(Targets(labels, np.zeros((120, 4)), overlap), count=20, share=0.5)
    assert np.bincount(labels[few]).tolist() == [10, 10]
    tc.manual_seed(3)
    first = sampled(Targets(labels, np.zeros((120, 4)), overlap))
    tc.manual_seed(3)
    assert sampled(Targets(labels, np.zeros((120, 4)), overlap)).tolist() == first.tolist()


# ---------------------------------------------------------------- the net


def small_net(hidden=64):
    features = small_features(16, 32)
    he_(features)
    return models.FastRCNN(features, 32, 1 / 4, 10, hidden, dropout=0.0, output_size=4)


def test_loss_by_hand():
    """Box 0 is background, so its offsets count nothing; box 1 is of class 2 and off by (0.5, -3, 0, 1).

    -ln(1/2) and -ln(1/4), and smooth L1 of 0.125 + 2.5 + 0 + 0.5, over two boxes
    """
    scores = np.log([[2.0, 1.0, 1.0], [1.0, 2.0, 1.0]])
    offsets = np.array([[[9.0] * 4] * 2, [[9.0] * 4, [1.5, -2.0, 3.0, 5.0]]])
    outputs = tc.tensor(scores, requires_grad=True), tc.tensor(offsets, requires_grad=True)
    targets = np.array([0, 2]), np.array([[7.0] * 4, [1.0, 1.0, 3.0, 4.0]])
    loss = small_net().loss(outputs, targets)
    assert loss.item() == pytest.approx((log(2) + log(4) + 3.125) / 2)
    assert small_net().loss(outputs, targets, weight=2).item() == pytest.approx((log(2) + log(4) + 2 * 3.125) / 2)
    loss.backward()
    expected = np.zeros((2, 2, 4))
    expected[1, 1] = np.array([0.5, -1, 0, 1]) / 2  # the others are not asked
    np.testing.assert_allclose(outputs[1].grad.numpy(), expected)


def test_loss_of_background_alone_is_the_entropy():
    outputs = tc.zeros(3, 11), tc.ones(3, 10, 4)
    assert small_net().loss(outputs, targets_of(np.ones((3, 4)), [], [])).item() == pytest.approx(log(11))


def test_without_boxes_the_whole_picture_is_one(rng):
    x = tc.tensor(rng.standard_normal((2, 1, 24, 32)).astype(np.float32))
    net = small_net(hidden=8).eval()
    scores, offsets = net(x)
    assert (scores.shape, offsets.shape) == ((2, 11), (2, 10, 4))
    table = net(x, np.array([[1, 0, 0, 32, 24], [0, 0, 0, 32, 24]], np.float32))
    np.testing.assert_array_equal(table[0].detach().numpy(), scores.detach().numpy()[::-1])


def test_the_head_sees_its_box_alone(rng):
    """Other pixels of the features than those under the box change nothing."""
    net = models.FastRCNN(nn.Identity(), 1, 1.0, 2, hidden=8, dropout=0.0, output_size=3)
    x = rng.standard_normal((1, 1, 12, 12)).astype(np.float32)
    y = x.copy()
    y[:, :, :, 8:] += 5
    box = [np.array([[1.0, 2.0, 7.0, 9.0]])]
    np.testing.assert_array_equal(
        net(tc.tensor(x), box)[0].detach().numpy(), net(tc.tensor(y), box)[0].detach().numpy()
    )


def test_detections_by_hand():
    """Class 1: the second box is like the first, and less sure. Class 2: the first is moved by 1, and cut off."""
    proposals = np.array([[0.0, 0.0, 10.0, 10.0], [1.0, 0.0, 11.0, 10.0]])
    p = np.array([[0.1, 0.6, 0.3], [0.5, 0.4, 0.1]])
    offsets = np.zeros((2, 2, 4))
    offsets[0, 1, 0] = 10 * 1 / 10
    found = detections(proposals, p, offsets, (10, 10), score=0.2, iou=0.3)
    assert found.labels.tolist() == [1, 2]
    assert found.scores.tolist() == [0.6, 0.3]
    np.testing.assert_allclose(found.boxes, [[0, 0, 10, 10], [1, 0, 10, 10]])


def test_detect_keeps_pictures_apart(rng):
    """One picture with two boxes, one without any, one with one."""
    net = small_net(hidden=8).eval()
    x = tc.tensor(rng.standard_normal((3, 1, 24, 24)).astype(np.float32))
    boxes = [np.array([[0, 0, 8, 8], [10, 10, 20, 20]]), np.empty((0, 4)), np.array([[4, 4, 24, 24]])]
    together = net.detect(x, boxes, score=0.0, iou=1.0)
    assert [len(found.labels) for found in together] == [20, 0, 10]
    alone = net.detect(x[2:], boxes[2:], score=0.0, iou=1.0)[0]
    for a, b in zip(together[2], alone, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5)


def test_fast_rcnn_learns_scenes_by_heart():
    """Proposals are each digit's box, moved about, and a grid of others; all digits are found, and nothing else."""
    tc.manual_seed(1)
    s = scenes(2)
    grid = np.array([[x, y, x + 20, y + 28] for x in range(0, 41, 10) for y in range(0, 37, 12)])
    moves = np.array([[x, y, x + w, y] for x in (-3, 3) for y in (-3, 3) for w in (-3, 3)])
    proposals = [np.concatenate([(b[:, None] + moves).reshape(-1, 4), grid]).clip(0, 64) for b in s.boxes]
    taught = [targets_of(*of_picture) for of_picture in zip(proposals, s.boxes, s.labels, strict=True)]
    u, v = (np.concatenate([getattr(t, name) for t in taught]) for name in ("labels", "offsets"))
    net = small_net()
    optimizer = optim.Adam(net.parameters(), lr=3e-3)
    truth = list(zip(s.boxes, s.labels, strict=True))
    assert train.mean_average_precision(net.detect(s.images, proposals), truth) < 0.5
    for _ in range(80):
        optimizer.zero_grad()
        loss = net.loss(net(s.images, proposals), (u, v))
        if loss.item() < 0.01:
            break
        loss.backward()
        optimizer.step()
    found = net.detect(s.images, proposals, score=0.5)
    assert [sorted(of_picture.labels) for of_picture in found] == [sorted(labels) for labels in s.labels]
    assert train.mean_average_precision(found, truth) == 1
    assert (
        train.mean_average_precision(found, truth, iou_threshold=0.75) > 0.7
    )  # moved by at most 3, they were 0.6 to 0.8


def test_fast_rcnn_has_vggs_names():
    """Weights of VGG-16 fit, without its last pooling and dense layer."""
    net = models.create("fast_rcnn", width=4, hidden=4)
    features = [type(layer).__name__ for layer in net.features]
    assert features.count("Conv2d") == 13
    assert features.count("MaxPool2d") == 4
    assert features[-1] == "ReLU"
    assert net.features[28].weight.shape == (32, 32, 3, 3)
    assert net(tc.zeros(0, 3, 64, 64))[1].shape == (0, 20, 4)


# ---------------------------------------------------------------- bad input


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (
            lambda: box_iou([[0, 0, 1]], [[0, 0, 1, 1]]),
            ShapeError,
            r"box_iou: boxes1 has shape \(1, 3\); it must be \(R, 4\): \(x1, y1, x2, y2\)",
        ),
        (
            lambda: box_iou([[0, 0, 1, 1]], [[0, 0, 1, 1], [3, 0, 2, 1]]),
            ArgumentError,
            r"box_iou: boxes2\[1\] is \(3, 0, 2, 1\); .* needs x1 <= x2 and y1 <= y2",
        ),
        (lambda: nms([[0, 0, np.nan, 1]], [1], 0.5), ArgumentError, r"nms: boxes\[0\] is \(0, 0, nan, 1\)"),
        (lambda: nms([[0, 0, 1, 1]], [1, 2], 0.5), ShapeError, r"nms: scores have shape \(2,\); 1 boxes need \(1,\)"),
        (lambda: nms([[0, 0, 1, 1]], [1], 2), ArgumentError, "nms: iou_threshold is 2; .* between 0 and 1"),
        (
            lambda: encode_boxes([[0, 0, 1, 1]], [[0, 0, 1, 1]] * 2),
            ShapeError,
            "encode_boxes: there are 1 boxes, but 2 proposals",
        ),
        (
            lambda: encode_boxes([[0, 0, 1, 1]], [[0, 0, 1, 0]]),
            ArgumentError,
            "encode_boxes: proposals contain one without area",
        ),
        (
            lambda: decode_boxes(np.zeros((1, 3)), [[0, 0, 1, 1]]),
            ShapeError,
            r"decode_boxes: offsets have shape \(1, 3\); 1 proposals need \(1, 4\)",
        ),
        (
            lambda: targets_of([[0, 0, 1, 1]], [[0, 0, 1, 1]], [1, 2]),
            ShapeError,
            r"targets_of: labels have shape \(2,\); 1 boxes need \(1,\)",
        ),
        (
            lambda: small_net().loss((tc.zeros(2, 11), tc.zeros(2, 10, 4)), ([0, 1], [[0.0] * 4])),
            ShapeError,
            r"FastRCNN.loss: targets' offsets have shape \(1, 4\); 2 labels need \(2, 4\)",
        ),
        (
            lambda: small_net().loss((tc.zeros(1, 11), tc.zeros(1, 10, 4)), ([11], [[0.0] * 4])),
            ArgumentError,
            r"target\[0\] is 11; 11 classes have labels from 0 to 10",
        ),
        (
            lambda: small_net().loss((tc.zeros(1, 11), tc.zeros(1, 10, 4)), ([1.0], [[0.0] * 4])),
            DTypeError,
            r"target \(1,\) holds class labels, but is float32",
        ),
        (
            lambda: small_net().loss((tc.zeros(1, 11), tc.zeros(1, 10, 4)), ([1], [[0.0] * 4]), weight=-1),
            ArgumentError,
            "FastRCNN.loss: weight is -1; it must be a finite number of at least 0",
        ),
        (
            lambda: small_net().detect(tc.zeros(1, 1, 8, 8), np.zeros((1, 5))),
            ArgumentError,
            r"FastRCNN.detect: boxes is ndarray; it must be a list with \(R, 4\) for each picture",
        ),
        (
            lambda: small_net()(tc.zeros(2, 1, 8, 8), [np.zeros((1, 4))]),
            ShapeError,
            r"roi_pool \(roi_pool\): boxes are for 1 pictures, input has 2",
        ),
        (
            lambda: small_net()(tc.zeros(1, 1, 3, 3)),
            ShapeError,
            r"The smallest picture that FastRCNN works on is 4x4\.",
        ),
    ],
)
def test_what_does_not_fit_is_refused(call, error, message):
    with pytest.raises(error, match=message):
        call()
