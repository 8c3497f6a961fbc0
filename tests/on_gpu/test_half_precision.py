"""Training in float16: as in float32 but for rounding, with losses scaled so that gradients survive."""

import numpy as np
import pytest
from small_training import trainer

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError, UnknownNameError
from tinyconv.train import SaveCheckpoint, load_checkpoint


def fitted(epochs, **options):
    t = trainer(**options)
    t.fit(epochs)
    return t


def test_it_learns_about_the_same(device):
    exact, half = (fitted(3, device=device, precision=p) for p in ("float32", "float16"))
    assert half.half.skipped < 5
    assert half.history[-1]["loss"] == pytest.approx(exact.history[-1]["loss"], rel=0.1)
    assert {p.dtype for p in half.model.parameters()} == {np.dtype(np.float32)}
    assert {v.dtype for s in half.optimizer.state.values() for v in s.values() if hasattr(v, "dtype")} == {
        np.dtype("f")
    }


def test_activations_are_half_and_statistics_are_not(device):
    t = trainer(device=device, precision="float16", capture=False)
    seen = {}
    for name, layer in t.model.named_children():
        layer.register_forward_hook(lambda layer, x, y, name=name: seen.__setitem__(name, y.dtype))
    images, labels = next(iter(t.loader))
    t.train_step(images.to(device), labels.to(device))
    assert set(seen.values()) == {np.dtype(np.float16)}
    assert t.model[1].running_mean.dtype == np.float32
    assert {p.grad.dtype for p in t.model.parameters()} == {np.dtype(np.float32)}


def test_captured_or_not_it_is_the_same(device):
    plain, captured = (fitted(3, device=device, precision="float16", capture=c) for c in (False, True))
    assert captured._step._captured is not None
    assert [p.tolist() for p in captured.model.parameters()] == [p.tolist() for p in plain.model.parameters()]


def test_an_overflow_leaves_the_step_out_and_halves_the_scale(device):
    t = trainer(device=device, precision="float16")
    t.half._rescale(2.0**40)
    before = [p.tolist() for p in t.model.parameters()]
    images, labels = next(iter(t.loader))
    t.train_step(images.to(device), labels.to(device))
    assert [p.tolist() for p in t.model.parameters()] == before
    assert (t.half.scale, t.half.skipped) == (2.0**39, 1)
    for _ in range(40):
        t.train_step(images.to(device), labels.to(device))
    assert t.half.skipped < 40
    assert [p.tolist() for p in t.model.parameters()] != before


def test_the_scale_grows_while_all_goes_well(device):
    t = trainer(device=device, precision="float16", capture=True)
    t.half.patience = 5
    t.half._rescale(8.0)
    t.fit(3)
    assert t.half.scale == 8.0 * 2 ** (21 // 5)
    assert t.half.on_device.item() == t.half.scale


def test_small_gradients_survive(device):
    """1e-9 is nothing to float16, whose smallest number is 6e-8."""

    def net():
        return nn.Sequential(nn.Flatten(), nn.Linear(36, 3))

    t = trainer(device=device, model=net, precision="float16", capture=False)
    t.loss_fn = lambda y, labels: y.sum() * 1e-9
    images, labels = next(iter(t.loader))
    t.train_step(images.to(device), labels.to(device))
    np.testing.assert_allclose(t.model[1].bias.grad.cpu().numpy(), 8e-9, rtol=1e-2)


def test_gradients_are_accumulated_in_float32(device):
    whole, parts = (trainer(device=device, precision="float16", capture=False, accumulate=n) for n in (1, 3))
    for t in (whole, parts):
        tc.manual_seed(5)
        t.model.load_state_dict(whole.model.state_dict())
        t.model[5].p = 0.0
        t.model[1].eval()
        images, labels = next(iter(t.loader))
        t.optimizer.zero_grad()
        t.optimizer.step = lambda: None
        t.train_step(images.to(device), labels.to(device))
    for p, q in zip(whole.model.parameters(), parts.model.parameters(), strict=True):
        np.testing.assert_allclose(p.grad.cpu().numpy(), q.grad.cpu().numpy(), rtol=0.02, atol=2e-3)


def test_it_is_resumed_with_its_scale(device, tmp_path):
    t = trainer(device=device, precision="float16", callbacks=[SaveCheckpoint(tmp_path / "c.safetensors")])
    t.half._rescale(64.0)
    t.fit(1)
    again = trainer(device=device, precision="float16", seed=9)
    again.load_state_dict(load_checkpoint(tmp_path / "c.safetensors"))
    assert (again.half.scale, again.half.steps) == (64.0, 7)


def test_what_cannot_be_asked_for():
    with pytest.raises(ArgumentError, match=r"Trainer: precision='float16' is for a net on a GPU; move it there"):
        trainer(precision="float16")
    with pytest.raises(UnknownNameError, match=r"there is no precision 'half'.*Known: float16, float32"):
        trainer(precision="half")
