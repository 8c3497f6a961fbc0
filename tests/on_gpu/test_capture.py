"""A training step captured as a CUDA graph is the step that it was made of, and plays no other."""

import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from small_training import net, trainer

import tinyconv as tc
from tinyconv import nn
from tinyconv.errors import ArgumentError
from tinyconv.train import Callback, Doctor


def fitted(epochs, **options):
    t = trainer(**options)
    t.fit(epochs)
    return t


def bits(t):
    return [w.cpu().numpy().tobytes() for w in t.model.state_dict().values()]


def figures(t):
    return [{k: v for k, v in r.items() if "second" not in k} for r in t.history]


def test_it_computes_the_same_bits(device):
    """Three epochs of seven batches, the last of which is smaller; with dropout, which draws anew each time."""
    plain, captured = (fitted(3, device=device, capture=capture) for capture in (False, True))
    assert captured._step._captured.keys > 0
    assert bits(captured) == bits(plain)
    assert figures(captured) == figures(plain)


@needs_compiler
def test_it_is_played_and_moves_the_batch_and_the_keys_alone(monkeypatch):
    launches = []
    launch = stand_in.Graph.launch
    monkeypatch.setattr(stand_in.Graph, "launch", lambda graph: launches.append(graph) or launch(graph))
    with stand_in.installed():
        t = trainer(device="cuda")
        t.fit(1)
        assert len(launches) == 6 - 2  # of six whole batches; two came before
        batches = iter(t.loader)
        t.model.train()
        stand_in.transfers.clear()
        for _ in range(3):
            images, labels = next(batches)
            t.train_step(images.to(t.device), labels.to(t.device))
        assert len(set(launches)) == 1
        assert stand_in.transfers == {"to the GPU": 3 * 3}


class ChangesTheNet(Callback):
    """After two epochs, something that a graph takes for granted is no longer so."""

    def __init__(self, change):
        self.change = change

    def on_epoch_begin(self, t):
        if t.epoch == 2:
            self.change(t.model)


def freeze(model):
    model[0].weight.requires_grad_(False)


def replace(model):
    model[6].bias.data = model[6].bias.data * 0.5


def keep_statistics(model):
    model[1].eval()


def drop_less(model):
    model[5].p = 0.1


@pytest.mark.parametrize("change", [freeze, replace, keep_statistics, drop_less])
def test_what_has_changed_is_captured_anew(change, device):
    found = []
    for capture in (False, True):
        found.append(bits(fitted(5, device=device, capture=capture, callbacks=[ChangesTheNet(change)])))
    assert found[0] == found[1]


class Looks(nn.Module):
    """A layer of a user's, which reads a number in the forward pass."""

    def forward(self, x):
        self.seen = float(x.sum())
        return x


class Counts(nn.Module):
    """One that does something else each time."""

    calls = 0

    def forward(self, x):
        self.calls += 1
        return x * (1 / self.calls)


def with_layer(layer):
    return lambda: nn.Sequential(*net().children(), layer())


@pytest.mark.parametrize("layer", [Looks, Counts])
def test_a_layer_of_ones_own_is_left_alone_unless_asked_for(layer, device):
    t = trainer(device=device, model=with_layer(layer))
    t.fit(1)
    assert t._step._captured is None
    assert t._step.refused is None


def test_what_cannot_be_captured_says_why(device):
    t = trainer(device=device, model=with_layer(Looks), capture=True)
    before = tc.random.get_state()["dropout"]
    with pytest.raises(ArgumentError, match=r"fit: this step cannot be captured \(.*apturing.*\).*capture=False"):
        t.fit(1)
    assert t.step == 2
    assert tc.random.get_state()["dropout"] != before
    assert all(p.grad is None for p in t.model.parameters())


def with_cumulative_means():
    """BatchNorm2d(momentum=None) asks how many batches there were."""
    return nn.Sequential(nn.Conv2d(1, 3, 3), nn.BatchNorm2d(3, momentum=None), nn.Flatten(), nn.Linear(48, 3))


def test_one_that_waits_within_tinyconv_goes_on_without(device):
    t, plain = (fitted(2, device=device, model=with_cumulative_means, capture=c) for c in (None, False))
    assert "apturing" in t._step.refused
    assert bits(t) == bits(plain)


def test_hooks_are_called_each_time(device):
    calls = []
    t = trainer(device=device)
    t.model[0].register_forward_hook(lambda *_: calls.append(1))
    t.fit(1)
    assert len(calls) == 7 + 3  # batches to train on and to evaluate


def test_the_doctor_does_not_stand_in_the_way(device):
    t = trainer(device=device, callbacks=[Doctor()])
    t.fit(1)
    assert t._step._captured is not None


def test_watching_operations_takes_them_apart(device):
    t = trainer(device=device)
    t.fit(1)
    seen = []
    with tc.on_operation(lambda name, *_: seen.append(name)):
        t.fit(2)
    assert seen.count("conv2d") >= 7


def test_what_cannot_be_asked_for(device):
    with pytest.raises(ArgumentError, match=r"Trainer: capture=True is for a net on a GPU; move it there: model.to"):
        trainer(capture=True)
    with pytest.raises(ArgumentError, match=r"Trainer: capture=True takes a batch in one piece; accumulate is 2"):
        trainer(capture=True, device=device, accumulate=2)
