"""Devices and engines: where arrays are, what computes on them, and asking for a GPU in vain."""

import importlib.util
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

import tinyconv
from tinyconv import backend
from tinyconv.errors import DeviceError, UnknownNameError

ROOT = Path(__file__).parents[1]
no_cupy = pytest.mark.skipif(importlib.util.find_spec("cupy") is not None, reason="CuPy is installed here")


def test_arrays_on_the_cpu():
    array = np.zeros(3)
    assert backend.array_module(array) is np
    assert backend.array_module(np.float32(1)) is np
    assert backend.device_of(array) == "cpu"
    assert backend.move(array, "cpu") is array


def test_what_is_an_array():
    assert backend.is_array(np.zeros(3))
    assert not backend.is_array([1.0])
    assert not backend.is_array(np.float32(1))
    pretended = type("ndarray", (), {"__module__": "cupy._core.core"})
    assert backend.is_array(pretended())


@no_cupy
@pytest.mark.parametrize("device", ["cuda", "cuda:0", "cuda:3"])
def test_a_missing_gpu_is_one_clear_error(device):
    x = tinyconv.tensor([1.0])
    for ask in (
        lambda: x.to(device),
        lambda: tinyconv.tensor([1.0], device=device),
        lambda: tinyconv.zeros(2, device=device),
        lambda: tinyconv.randn(2, device=device),
    ):
        with pytest.raises(
            DeviceError, match=r"CuPy is not installed. Install it with: pip install 'tinyconv\[cuda13\]'"
        ):
            ask()


@no_cupy
def test_cuda_method():
    with pytest.raises(DeviceError, match="CuPy is not installed"):
        tinyconv.tensor([1.0]).cuda()


@pytest.mark.parametrize("device", ["cdua", "gpu", "cuda:x", "cuda:-1", "cpu:0", ""])
def test_unknown_devices(device):
    with pytest.raises(UnknownNameError, match=rf"there is no device '{device}'.*Known: cpu, cuda, cuda:0"):
        backend.check_device(device)


def test_a_misspelt_device_is_corrected():
    with pytest.raises(UnknownNameError, match="there is no device 'cdua'. Did you mean 'cuda'"):
        tinyconv.tensor([1.0], device="cdua")


# ---------------------------------------------------------------- engines


def test_engines_nest_and_end():
    before = backend.current_engine()
    with tinyconv.engine("loops"):
        with tinyconv.engine("numpy"):
            assert backend.current_engine() == "numpy"
        assert backend.current_engine() == "loops"
    assert backend.current_engine() == before


def test_an_error_ends_the_engine():
    before = backend.current_engine()
    with pytest.raises(ZeroDivisionError), tinyconv.engine("loops"):
        1 / 0  # noqa: B018
    assert backend.current_engine() == before


def test_cuda_is_for_arrays_on_a_gpu():
    with tinyconv.engine("cuda"):
        assert backend.current_engine(np.zeros(1)) == "numpy"


def test_a_thread_does_not_see_the_engine_of_another():
    seen = []
    with tinyconv.engine("loops"):
        thread = threading.Thread(target=lambda: seen.append(backend.current_engine()))
        thread.start()
        thread.join()
    assert seen == [backend.current_engine()]
    assert seen != ["loops"]


def test_unknown_engine():
    with pytest.raises(UnknownNameError, match=r"there is no engine 'nunba'. Did you mean 'numba'"):
        tinyconv.engine("nunba").__enter__()


@pytest.mark.parametrize(("value", "printed"), [("loops", "loops"), ("", "numba"), ("loop", "Did you mean 'loops'")])
def test_environment_variable(value, printed, monkeypatch):
    monkeypatch.setenv("TINYCONV_ENGINE", value)
    code = "from tinyconv import backend as b\ntry: print(b.current_engine())\nexcept LookupError as e: print(e)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert printed in done.stdout


def test_without_numba_it_warns_once_and_runs_on_numpy():
    code = (
        "import sys; sys.modules['numba'] = None  # as if it were not installed\n"
        "import tinyconv as tc\n"
        "x, w = tc.ones(1, 1, 3, 3), tc.ones(1, 1, 3, 3)\n"
        "print([tc.nn.functional.conv2d(x, w).item() for _ in range(2)], tc.relu(x).sum().item())"
    )
    environment = os.environ | {"TINYCONV_ENGINE": ""}
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert run.stdout == "[9.0, 9.0] 9.0\n", run.stderr
    assert run.stderr.count("tinyconv runs on plain NumPy, several times slower") == 1
    assert "pip install --upgrade numba" in run.stderr
