"""Two GPUs: what is on the second is computed there, whichever is the current one."""

from collections import Counter

import numpy as np
import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from on_gpu.test_operations import results
from registry import all_ops, tensors_of
from small_training import digits, trainer

import tinyconv
from tinyconv import cuda, nn, optim, random
from tinyconv.backend import array_module
from tinyconv.data import Compose, DataLoader, Normalize, RandomCrop
from tinyconv.errors import DeviceError
from tinyconv.kernels import _cuda
from tinyconv.optim import EMA
from tinyconv.train import AverageWeights
from tinyconv.train.precision import HalfPrecision

pytestmark = needs_compiler


@pytest.fixture
def cp():
    with stand_in.installed(gpus=2) as module:
        yield module


@pytest.mark.parametrize(
    "use",
    [
        lambda cp, a: a + 1,
        lambda cp, a: a.__iadd__(1),
        lambda cp, a: cp.exp(a),
        lambda cp, a: a.sum(),
        lambda cp, a: a.copy(),
        lambda cp, a: cp.concatenate([a, a]),
        lambda cp, a: a.fill(0),
        lambda cp, a: a.__setitem__(0, 1),
        lambda cp, a: cp.zeros(2) + a,
        lambda cp, a: cp.add(cp.zeros(2), 1, out=a),
    ],
)
def test_the_stand_in_refuses_arrays_of_another_gpu_than_the_current_one(cp, use):
    with cp.cuda.Device(1):
        a = cp.zeros(2)
    with pytest.raises(ValueError, match="array device = 1 while current = 0"):
        use(cp, a)


def test_the_stand_ins_views_and_copies_to_the_cpu_go_from_everywhere(cp):
    with cp.cuda.Device(1):
        a = cp.zeros((2, 3))
    assert a.T.device.id == a[0].device.id == a.reshape(-1).device.id == 1
    assert a.get().tolist() == a.tolist() == np.zeros((2, 3)).tolist()
    assert cp.asarray(a).device.id == 0


@pytest.mark.parametrize("op", all_ops(), ids=lambda op: op.name)
def test_every_operation_on_the_second_gpu(op, cp, rng):
    """With the first one the current one before it, and all its gradients."""
    sample = op.samples[0]
    arguments = tensors_of(sample.draw(rng, np.float32))
    drawn = {}

    def upstream(outputs):
        return [drawn.setdefault(i, rng.standard_normal(y.shape)) for i, y in enumerate(outputs)]

    with tinyconv.engine("numpy"):
        expected = results(op, arguments, sample, upstream)
    found = results(op, arguments, sample, upstream, "cuda:1", create_graph=True, before=cp.cuda.Device(0).use)
    for y, y0 in zip([*found[0], *found[1]], [*expected[0], *expected[1]], strict=True):
        assert (y.shape, y.dtype) == (y0.shape, y0.dtype)
        np.testing.assert_allclose(y, y0, rtol=1e-4, atol=1e-5 * np.abs(y0).max(initial=1))


def test_whoever_asks_for_the_array_module_is_on_the_arrays_gpu(cp):
    with cp.cuda.Device(1):
        a = cp.zeros(2)
    assert array_module(a).exp(a).device.id == 1


# ---------------------------------------------------------------- training


def bits(t):
    return [w.cpu().numpy().tobytes() for w in t.model.state_dict().values()]


@pytest.mark.parametrize(
    "options",
    [
        {"capture": False, "clip_grad_norm": 1.0},
        {"capture": True, "callbacks": lambda model, _: [AverageWeights(model, decay=0.9)]},
        {"precision": "float16", "optimizer": lambda p: optim.Adam(p, lr=0.01)},
    ],
    ids=["plain", "captured", "half"],
)
def test_two_trainings_step_by_step_in_turn(options, cp):
    """On one GPU each: both learn the same."""
    both = [trainer(device=device, **options) for device in ("cuda:0", "cuda:1")]
    loader = both[0].loader
    for t in both:
        t.model.train()
    for _ in range(5):
        streams = random.get_state()
        images, labels = next(iter(loader))
        there = [(images.to(t.device), labels.to(t.device)) for t in both]
        for t, batch in zip(both, there, strict=True):
            random.set_state(streams)
            t.train_step(*batch)
            t.tell("on_batch_end")
    assert bits(both[0]) == bits(both[1])
    assert both[0].running.means() == both[1].running.means()
    assert {w.device for w in both[1].model.state_dict().values()} == {"cuda:1"}


@pytest.mark.parametrize("capture", [False, True])
def test_a_whole_training_there(capture, cp):
    found = []
    for device in ("cuda:0", "cuda:1"):
        t = trainer(device=device, capture=capture)
        cp.cuda.Device(0).use()
        t.fit(2)
        found.append((bits(t), t.history[-1]["loss"], t.history[-1]["val_loss"]))
    assert found[0] == found[1]


def test_an_average_of_weights_there(cp):
    layer = nn.Linear(2, 1).to("cuda:1")
    cp.cuda.Device(0).use()
    ema = EMA(layer, decay=0.5)
    layer.weight.data += 1
    cp.cuda.Device(0).use()
    ema.update()
    cp.cuda.Device(0).use()
    ema.load_state_dict(ema.state_dict())
    assert {tinyconv.tensor(e).device for e in ema.average.values()} == {"cuda:1"}
    np.testing.assert_allclose(ema.average["weight"].get(), layer.weight.cpu().detach().numpy() - 0.5, atol=1e-6)


def test_the_scale_of_gradients_there(cp):
    half = HalfPrecision(nn.Linear(2, 1).to("cuda:1"))
    cp.cuda.Device(0).use()
    half.load_state_dict({"scale": 8.0, "steps": 3, "skipped": 0})
    assert half.on_device.item() == 8


@pytest.mark.parametrize("workers", [0, 2])
def test_batches_come_there(workers, cp):
    transform = Compose([RandomCrop(6, padding=1), Normalize([0.5], [0.25])])
    loader = DataLoader(digits(), 8, transform=transform, num_workers=workers, device="cuda:1")
    for images, _ in loader:
        assert images.device == "cuda:1"
        assert np.isfinite(images.sum().item())
        cp.cuda.Device(0).use()


# ---------------------------------------------------------------- what is known of it


def test_memory_is_that_of_the_gpu_that_is_asked_about(cp, monkeypatch):
    monkeypatch.setattr(stand_in.pool, "limit", 10**6)
    monkeypatch.setattr(stand_in.pool, "taken_on", Counter({1: 4000}))
    assert (cuda.memory_allocated("cuda:0"), cuda.memory_reserved("cuda:1")) == (0, 4000)
    assert cuda.mem_get_info("cuda:1")[0] == 10**6 - 4000
    cuda.empty_cache("cuda:1")
    assert cuda.memory_allocated("cuda:1") == 0


def test_each_gpu_has_its_own_compute_capability(cp, monkeypatch):
    monkeypatch.setattr(stand_in.Device, "compute_capability", property(lambda self: ("75", "90")[self.id]))
    _cuda._capability.cache_clear()
    found = []
    for device in ("cuda:0", "cuda:1"):
        tinyconv.ones(1, device=device)
        found.append(_cuda.compute_capability())
    _cuda._capability.cache_clear()
    assert found == [75, 90]


def test_there_and_back_and_from_one_to_the_other(cp):
    x = tinyconv.tensor([1.0, 2.0], requires_grad=True)
    y = (x.cuda() * 2).to("cuda:1") * 3
    assert y.device == "cuda:1"
    y.sum().backward()
    assert x.grad.tolist() == [6, 6]
    with pytest.raises(DeviceError, match="on cuda:0 and cuda:1; move one"):
        x.cuda() + y
    with pytest.raises(DeviceError, match="there is no 'cuda:2': the last one of this machine is cuda:1"):
        x.to("cuda:2")
