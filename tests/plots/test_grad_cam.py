"""Grad-CAM against its formula, worked out by hand and with nested loops."""

import numpy as np
import pytest

import tinyconv as tc
from tinyconv import models, nn, plots
from tinyconv.errors import ArgumentError, ShapeError, UnknownNameError


def pooled(w, extra=()):
    """A net whose score is linear in the means of its maps: conv, ReLU, mean, dense."""
    model = nn.Sequential(
        {
            "conv": nn.Conv2d(1, 2, 1, bias=False),
            "relu": nn.ReLU(),
            "pool": nn.AdaptiveAvgPool2d(1),
            "flat": nn.Flatten(),
            "fc": nn.Linear(2, 3),
        }
    ).double()
    with tc.no_grad():
        model.conv.weight.copy_(np.array([1.0, -1.0]).reshape(2, 1, 1, 1))
        model.fc.weight.copy_(np.asarray(w, float))
    return model


def test_a_case_by_hand():
    # Maps: A0 = max(0, x), A1 = max(0, -x). score_c = w[c,0] mean(A0) + w[c,1] mean(A1) + b, so the gradient at each
    # of the 4 places is w[c,k] / 4 and a_k = w[c,k] / 4:   L = max(0, (w[c,0] A0 + w[c,1] A1) / 4)
    x = np.array([[[[1.0, -2.0], [3.0, -4.0]]]])
    model = pooled([[4, 8], [4, -8], [-4, -8]])
    for target, expected in ((0, [[1, 4], [3, 8]]), (1, [[1, 0], [3, 0]]), (2, [[0, 0], [0, 0]])):
        cam = plots.grad_cam(model, x, [target])
        np.testing.assert_allclose(cam, [expected])
    assert model.training
    assert all(p.grad is None for p in model.parameters())
    assert not model.relu._forward_hooks


def test_the_predicted_class_unless_another_is_named():
    x = np.array([[[[1.0, 1.0], [1.0, 1.0]]], [[[-1.0, -1.0], [-1.0, -1.0]]]])
    model = pooled([[9, 0], [0, 0], [0, 8]])
    with tc.no_grad():
        model.fc.bias.copy_(np.zeros(3))
    np.testing.assert_allclose(plots.grad_cam(model, x)[:, 0, 0], [9 / 4, 8 / 4])
    np.testing.assert_allclose(plots.grad_cam(model, x, np.array([0, 0]))[:, 0, 0], [9 / 4, 0])


def test_maps_are_resized_to_the_picture(rng):
    # One map of 2x2 from a 4x4 picture; bilinear: centres at 0.5 and 2.5 of the picture's pixels.
    model = nn.Sequential(
        {"conv": nn.Conv2d(1, 1, 2, stride=2, bias=False), "flat": nn.Flatten(), "fc": nn.Linear(4, 2)}
    ).double()
    with tc.no_grad():
        model.conv.weight.copy_(np.full((1, 1, 2, 2), 0.25))
        model.fc.weight.copy_(np.ones((2, 4)))  # the gradient is 1 everywhere, so a = 1 and L = max(0, A)
    x = np.zeros((1, 1, 4, 4))
    x[0, 0, 2:, 2:] = 16
    weights = np.array([0, 0.25, 0.75, 1])  # of the lower right map at each of the four rows and columns
    np.testing.assert_allclose(plots.grad_cam(model, x, [0])[0], 16 * np.outer(weights, weights))


def by_loops(model, x, targets, layer):
    """The formula, with the slope of the score at each place of the maps by central differences."""
    A = plots.feature_maps(model, x, layer)[layer]
    N, K, h, w = A.shape

    def scores(maps):
        handle = dict(model.named_modules())[layer].register_forward_hook(lambda m, i, o: tc.tensor(maps))
        with handle, tc.no_grad():
            return model(tc.tensor(x)).numpy()

    L = np.zeros((N, h, w))
    for n in range(N):
        for k in range(K):
            slope = 0.0
            for i in range(h):
                for j in range(w):
                    up, down = A.copy(), A.copy()
                    up[n, k, i, j] += 1e-5
                    down[n, k, i, j] -= 1e-5
                    slope += (scores(up) - scores(down))[n, targets[n]] / 2e-5
            L[n] += slope / (h * w) * A[n, k]
    return np.maximum(L, 0)


@pytest.mark.parametrize("layer", ["1", "3"])
def test_the_formula_by_loops(rng, layer):
    model = nn.Sequential(
        *(nn.Conv2d(2, 3, 3), nn.Tanh(), nn.Conv2d(3, 2, 3), nn.Tanh()),
        *(nn.Flatten(), nn.Dropout(0.5), nn.Linear(2 * 3 * 3, 4)),
    ).double()
    x, targets = rng.normal(size=(2, 2, 7, 7)), [3, 1]
    model.eval()
    L = by_loops(model, x, targets, layer)
    expected = nn.functional.interpolate(L[:, None], size=(7, 7), mode="bilinear").numpy()[:, 0]
    model.train()  # the dropout must not be seen
    np.testing.assert_allclose(plots.grad_cam(model, x, targets, layer), expected, atol=1e-7)


def test_agrees_with_pytorch(rng):
    torch = pytest.importorskip("torch", reason="the twin is PyTorch's")
    ours = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Conv2d(4, 5, 3), nn.ReLU(), nn.Flatten(), nn.Linear(80, 6))
    theirs = torch.nn.Sequential(
        *(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Conv2d(4, 5, 3), torch.nn.ReLU()),
        *(torch.nn.Flatten(), torch.nn.Linear(80, 6)),
    )
    theirs.load_state_dict({path: torch.from_numpy(np.array(t)) for path, t in ours.state_dict().items()})
    x = rng.normal(size=(3, 3, 8, 8)).astype(np.float32)
    maps = theirs[:4](torch.from_numpy(x)).detach().requires_grad_()
    theirs[4:](maps)[[0, 1, 2], [5, 0, 2]].sum().backward()
    cam = (maps.grad.mean((2, 3), keepdim=True) * maps).sum(1, keepdim=True).relu()
    expected = torch.nn.functional.interpolate(cam, size=(8, 8), mode="bilinear")[:, 0].detach().numpy()
    np.testing.assert_allclose(plots.grad_cam(ours, x, [5, 0, 2]), expected, rtol=1e-4, atol=1e-6)


def test_frozen_models_and_no_grad(rng):
    x = rng.normal(size=(1, 1, 4, 4))
    model = pooled([[1, 2], [3, 4], [5, 6]])
    expected = plots.grad_cam(model, x, [0])
    with tc.no_grad():
        np.testing.assert_array_equal(plots.grad_cam(model.requires_grad_(False), x, [0]), expected)


def test_of_a_layer_that_runs_twice_the_last_maps_count(rng):
    def net(first, second):
        model = nn.Sequential({"conv1": nn.Conv2d(1, 2, 2), "a": first, "conv2": nn.Conv2d(2, 2, 2), "b": second})
        model.flat, model.fc = nn.Flatten(), nn.Linear(2 * 2 * 2, 3)
        return model.double()

    apart, shared = net(nn.ReLU(), nn.ReLU()), nn.ReLU()
    twice = net(shared, shared)
    twice.load_state_dict(apart.state_dict())
    x = rng.normal(size=(2, 1, 4, 4))
    expected = plots.grad_cam(apart, x, [0, 2], "b")
    np.testing.assert_allclose(plots.grad_cam(twice, x, [0, 2], "a"), expected, atol=1e-12)


def test_a_layer_without_influence_on_the_scores():
    class Net(nn.Module):
        def __init__(self):
            self.conv, self.side, self.fc = nn.Conv2d(1, 1, 1), nn.Conv2d(1, 1, 1), nn.Linear(4, 2)

        def forward(self, x):
            self.side(x)
            return self.fc(self.conv(x).flatten(1))

    with pytest.raises(ArgumentError, match="grad_cam: the scores do not depend on what layer 'side' gives"):
        plots.grad_cam(Net(), tc.zeros(1, 1, 2, 2), layer="side")


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda net, x: plots.grad_cam(net, x[0]), ShapeError, r"images have shape \(1, 28, 28\); they must be"),
        (lambda net, x: plots.grad_cam(net, x[:0]), ShapeError, r"images have shape \(0, .* at least one"),
        (lambda net, x: plots.grad_cam(net, x, [10, 0]), ArgumentError, r"targets are \[10, 0\]; .* from 0 to 9"),
        (lambda net, x: plots.grad_cam(net, x, [1]), ArgumentError, r"targets are \[1\]; they must be 2 whole"),
        (lambda net, x: plots.grad_cam(net, x, layer="features.9"), UnknownNameError, "no layer 'features.9'"),
        (
            lambda net, x: plots.grad_cam(net, x, layer="classifier.1"),
            ShapeError,
            r"layer 'classifier.1' gives shape \(2, 120\); maps are",
        ),
        (lambda net, x: plots.grad_cam(net.features, x), ShapeError, r"the model gives shape .* logits \(N, K\)"),
    ],
)
def test_arguments_that_cannot_be(call, error, message):
    with pytest.raises(error, match=message):
        call(models.create("lenet5"), tc.zeros(2, 1, 28, 28))


def test_a_layer_that_does_not_run():
    model = pooled([[1, 1]] * 3)
    model.idle = nn.Conv2d(1, 1, 1)
    model.forward = lambda x: nn.Sequential(model.conv, model.pool, model.flat, model.fc)(x)
    with pytest.raises(ArgumentError, match="grad_cam: layer 'idle' does not run in evaluation"):
        plots.grad_cam(model, np.ones((1, 1, 2, 2)), layer="idle")


# ---------------------------------------------------------------- drawn


def test_maps_lie_over_their_pictures(tmp_path, saved, rng):
    images = [rng.uniform(0, 1, (3 if n % 2 else 1, 6, 6)) for n in range(5)]
    maps = rng.uniform(0, 9, (5, 6, 6))
    maps[4] = 0
    plots.plot_grad_cam(images, maps, [f"$c{n}" for n in range(5)], tmp_path / "g.png", "Grad-CAM of a_b")
    (figure,) = saved
    assert figure.get_suptitle() == "Grad-CAM of a_b"
    axes = [a for a in figure.axes if a.images]
    assert len(axes) == 10
    for n, (left, right) in enumerate(zip(axes[::2], axes[1::2], strict=True)):
        assert left.get_title(loc="left") == f"$c{n}"
        shown = images[n].transpose(1, 2, 0) if n % 2 else images[n][0]
        np.testing.assert_allclose(left.images[0].get_array(), shown)
        grey, cam = (image.get_array() for image in right.images)
        np.testing.assert_allclose(grey, images[n].mean(0))
        np.testing.assert_allclose(cam, maps[n] / maps[n].max() if n < 4 else 0)


def test_as_many_maps_as_pictures(tmp_path):
    with pytest.raises(ShapeError, match="plot_grad_cam: there are 1 images, 0 maps and 1 captions"):
        plots.plot_grad_cam([np.zeros((1, 3, 3))], [], ["a"], tmp_path / "g.png")
