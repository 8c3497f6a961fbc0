"""Tensors on a GPU: getting there and back, what may not mix, and what says that there is no GPU."""

import sys
import types

import numpy as np
import pytest
from on_gpu import stand_in
from on_gpu.conftest import needs_compiler

import tinyconv
from tinyconv import backend, nn
from tinyconv.errors import DeviceError


def test_there_and_back(device):
    x = tinyconv.tensor([[1.0, 2.0], [3.0, 4.0]])
    y = x.to(device)
    assert (x.device, y.device) == ("cpu", "cuda:0")
    assert y.to("cuda:0") is y
    assert y.cpu().tolist() == x.cuda().tolist() == x.tolist()
    assert "device='cuda:0'" in repr(y)


@pytest.mark.parametrize("axes", [(0, 1, 2, 3), (0, 2, 3, 1), (3, 0, 1, 2)])
def test_the_order_of_memory_is_kept(axes, device, rng):
    x = rng.standard_normal((2, 3, 4, 5)).transpose(axes).astype(np.float32, order="K")
    there = backend.move(x, device)
    back = backend.move(there, "cpu")
    assert there.strides == back.strides == x.strides
    np.testing.assert_array_equal(back, x)


@pytest.mark.parametrize(
    "create",
    [
        lambda device: tinyconv.tensor([1.0, 2.0], device=device),
        lambda device: tinyconv.zeros(2, 3, device=device),
        lambda device: tinyconv.ones(2, device=device),
        lambda device: tinyconv.full((2,), 3.0, device=device),
        lambda device: tinyconv.arange(3, device=device),
        lambda device: tinyconv.randn(2, device=device),
        lambda device: tinyconv.zeros_like(tinyconv.ones(2, device=device)),
    ],
)
def test_creation_on_a_device(create, device):
    assert create(device).device == "cuda:0"
    np.testing.assert_array_equal(create("cpu").shape, create(device).shape)


def test_random_numbers_are_those_of_the_cpu(device):
    tinyconv.manual_seed(3)
    there = tinyconv.randn(4, device=device).tolist()
    tinyconv.manual_seed(3)
    assert there == tinyconv.randn(4).tolist()


def test_a_gradient_comes_back_to_where_its_tensor_is(device):
    x = tinyconv.tensor([1.0, 2.0], requires_grad=True)
    (x.to(device) * 3).sum().backward()
    assert x.grad.device == "cpu"
    assert x.grad.tolist() == [3, 3]


def test_a_layer_moves_with_all_it_has(device):
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2)).to(device)
    assert {p.device for p in model.parameters()} == {b.device for b in model.buffers()} == {"cuda:0"}
    assert model(tinyconv.zeros(1, 1, 5, 5, device=device)).device == "cuda:0"
    assert {p.device for p in model.cpu().parameters()} == {"cpu"}


@pytest.mark.parametrize(
    ("operation", "name"),
    [
        (lambda a, b: a + b, "add"),
        (lambda a, b: a @ b, "matmul"),
        (lambda a, b: tinyconv.nn.functional.linear(a, b), "linear"),
        (lambda a, b: a.copy_(b), "copy_"),
        (lambda a, b: tinyconv.cat([a, b]), "cat"),
        (lambda a, b: tinyconv.nn.functional.mse_loss(a, b), "mse_loss"),
    ],
)
def test_devices_do_not_mix(operation, name, device):
    a = tinyconv.ones(2, 2)
    for x, y in ((a, a.to(device)), (a.to(device), a)):
        with pytest.raises(DeviceError, match=rf"{name}.*: .*on cpu and cuda:0; move one with x.to"):
            operation(x, y)


def test_numpy_does_not_reach_there(device):
    x = tinyconv.ones(2, device=device)
    with pytest.raises(DeviceError, match=r"on cuda:0; write x.cpu\(\).numpy\(\)"):
        x.numpy()


def test_a_number_beside_a_tensor_is_no_transfer():
    with stand_in.installed():
        x = tinyconv.ones(2, device="cuda")
        stand_in.transfers.clear()
        y = (2 * x + 1.5) / 3 - x**2
        assert stand_in.transfers == {}
        assert y.tolist() == pytest.approx([1 / 6, 1 / 6])


# ---------------------------------------------------------------- no GPU


class Failing:
    """CuPy on a machine where something is missing."""

    def __init__(self, count, driver, runtime=13000):
        def get_device_count():
            if isinstance(count, str):
                raise RuntimeError(count)
            return count

        self.cuda = types.SimpleNamespace(
            runtime=types.SimpleNamespace(
                getDeviceCount=get_device_count, driverGetVersion=lambda: driver, runtimeGetVersion=lambda: runtime
            )
        )
        self.__spec__ = stand_in.module.__spec__


@pytest.mark.parametrize(
    ("cupy", "message"),
    [
        (Failing("cudaErrorInsufficientDriver", 0), r"there is no NVIDIA driver. Install one, until nvidia-smi"),
        (
            Failing("cudaErrorInsufficientDriver", 12040),
            r"driver is too old: it is of CUDA 12.4, and this CuPy is for CUDA 13. Update the driver, or .*cuda12",
        ),
        (Failing("cudaErrorNoDevice", 13000), r"shows no GPU. See what nvidia-smi lists, and whether CUDA_VISIBLE"),
        (Failing(0, 13000), r"shows no GPU"),
    ],
)
def test_what_is_missing_is_said(cupy, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "cupy", cupy)
    backend.cupy.cache_clear()
    for ask in (lambda: tinyconv.zeros(2, device="cuda"), lambda: nn.Linear(2, 2).cuda()):
        with pytest.raises(DeviceError, match=f"^cuda: .*{message}"):
            ask()
    backend.cupy.cache_clear()


def test_a_cupy_that_does_not_load(monkeypatch, tmp_path):
    (tmp_path / "cupy.py").write_text("raise ImportError('libcublas.so.12: cannot open shared object file')")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "cupy", raising=False)
    backend.cupy.cache_clear()
    with pytest.raises(DeviceError, match=r"CuPy does not load \(libcublas.*\). Install it with: pip install"):
        tinyconv.zeros(2, device="cuda")
    backend.cupy.cache_clear()


@needs_compiler
def test_a_gpu_beyond_the_last():
    with stand_in.installed():
        assert backend.check_device("cuda:0") == "cuda:0"
        with pytest.raises(DeviceError, match=r"there is no 'cuda:1': the last one of this machine is cuda:0"):
            backend.check_device("cuda:1")


def test_no_compiler_on_the_machine(monkeypatch):
    def missing(**kwargs):
        raise RuntimeError("CuPy failed to load libnvrtc.so.13: cannot open shared object file")

    with stand_in.installed() as cp:
        monkeypatch.setattr(cp, "RawModule", missing)
        from tinyconv.kernels import _cuda

        _cuda._compiled.cache_clear()
        with pytest.raises(
            DeviceError, match=r"NVRTC, which compiles the kernels of activation.cu, is missing.*pip install"
        ):
            tinyconv.relu(tinyconv.ones(2, device="cuda"))
