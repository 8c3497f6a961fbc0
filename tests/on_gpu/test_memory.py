"""What is known of a GPU's memory, and what is said when it is not enough."""

from collections import Counter

import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler
from small_training import trainer

import tinyconv as tc
from tinyconv import backend, cuda
from tinyconv.errors import OutOfMemoryError


def test_what_is_there(device):
    assert cuda.is_available()
    assert cuda.device_count() >= 1
    assert cuda.get_device_name(device)
    cuda.synchronize()
    free, total = cuda.mem_get_info("cuda:0")
    assert 0 < free <= total
    x = tc.zeros(1000, device=device)
    assert cuda.memory_reserved() >= cuda.memory_allocated() >= 0
    del x
    cuda.empty_cache()


def test_no_gpu(monkeypatch):
    def missing():
        raise tc.errors.DeviceError("cuda", "CuPy is not installed.")

    monkeypatch.setattr(cuda, "cupy", missing)
    assert not cuda.is_available()
    assert cuda.device_count() == 0


@pytest.fixture
def little(monkeypatch):
    """A GPU with so little memory that a batch of 8 does not fit, but some of them do."""
    with stand_in.installed():
        tc.relu(tc.ones(1, device="cuda"))
        monkeypatch.setattr(stand_in.pool, "limit", 6_000)
        monkeypatch.setattr(stand_in.pool, "taken_on", Counter())
        yield


@needs_compiler
def test_a_batch_that_does_not_fit_is_explained(little):
    t = trainer(device="cuda", capture=False)
    weights = [p.tolist() for p in t.model.parameters()]
    images, labels = next(iter(t.loader))
    message = (
        r"fit: a batch of 8 does not fit\. Out of memory allocating [\d,]+ bytes; arrays occupy 0 MiB, "
        r"and 0 MiB of the GPU's 64.0 GiB are free\. About [1-7] would fit: lower batch_size, or accumulate gradients "
        r"\(accumulate=2\)\."
    )
    with pytest.raises(OutOfMemoryError, match=message) as caught:
        t.train_step(images.to("cuda"), labels.to("cuda"))
    assert isinstance(caught.value, MemoryError)
    assert [p.tolist() for p in t.model.parameters()] == weights


@needs_compiler
def test_when_not_even_one_fits(little, monkeypatch):
    monkeypatch.setattr(stand_in.pool, "limit", 100)
    t = trainer(device="cuda", capture=False)
    images, labels = next(iter(t.loader))
    with pytest.raises(OutOfMemoryError, match="Not even a batch of 1 would fit: take smaller pictures"):
        t.train_step(images.to("cuda"), labels.to("cuda"))


@needs_compiler
def test_a_forward_pass_that_does_not_fit_is_explained(little):
    net = tc.nn.Sequential(tc.nn.Conv2d(1, 4, 3, padding=1), tc.nn.Flatten()).to("cuda")
    x = tc.zeros(8, 1, 16, 16).to("cuda")
    message = (
        r"Conv2d \(0\): Out of memory allocating [\d,]+ bytes; arrays occupy 0 MiB, and 0 MiB of the GPU's 64.0 GiB "
        r"are free\. Take fewer or smaller pictures at a time; .* under tinyconv\.no_grad\(\)"
    )
    with pytest.raises(OutOfMemoryError, match=message) as caught, tc.no_grad():
        net(x)
    assert caught.value.__cause__ is None


@needs_compiler
def test_a_backward_pass_that_does_not_fit_is_explained(little, monkeypatch):
    w = tc.ones(300).to("cuda").requires_grad_()
    loss = tc.relu(w).sum()
    monkeypatch.setattr(stand_in.pool, "limit", 100)
    with pytest.raises(OutOfMemoryError, match=r"backward: Out of memory allocating [\d,]+ bytes; arrays occupy"):
        loss.backward()


def test_the_processors_own_error_stays_as_it_is():
    error = MemoryError("Unable to allocate 1.0 TiB")
    with pytest.raises(MemoryError) as caught, backend.memory_explained("backward"):
        raise error
    assert caught.value is error
