"""GPUs, and what is known of them: `tinyconv.cuda.is_available()`. The names are those of `torch.cuda`."""

from __future__ import annotations

from .backend import check_device, cupy
from .errors import DeviceError


def is_available() -> bool:
    """Is there a GPU to compute on, and CuPy for it? (Asking for one that is missing says what is missing.)"""
    try:
        cupy()
    except DeviceError:
        return False
    return True


def device_count() -> int:
    """How many GPUs there are; 0 if none can be used."""
    return cupy().cuda.runtime.getDeviceCount() if is_available() else 0


def get_device_name(device: str = "cuda") -> str:
    """ "NVIDIA H100", say."""
    return cupy().cuda.runtime.getDeviceProperties(_index(device))["name"].decode()


def synchronize(device: str = "cuda") -> None:
    """Wait until the GPU has done all that it was told to do."""
    cupy().cuda.Device(_index(device)).synchronize()


# ---------------------------------------------------------------- memory


def memory_allocated(device: str = "cuda") -> int:
    """Bytes that arrays on the GPU occupy now."""
    with cupy().cuda.Device(_index(device)):  # the pool tells of the current GPU
        return cupy().get_default_memory_pool().used_bytes()


def memory_reserved(device: str = "cuda") -> int:
    """Bytes that CuPy's pool has taken from the GPU: those of arrays, and those that wait for the next ones."""
    with cupy().cuda.Device(_index(device)):
        return cupy().get_default_memory_pool().total_bytes()


def mem_get_info(device: str = "cuda") -> tuple[int, int]:
    """Bytes of the GPU's memory that are free, and all that it has."""
    return cupy().cuda.Device(_index(device)).mem_info


def empty_cache(device: str = "cuda") -> None:
    """Give the memory that waits for the next arrays back to the GPU."""
    with cupy().cuda.Device(_index(device)):
        cupy().get_default_memory_pool().free_all_blocks()


def _index(device: str) -> int:
    return int(check_device(device).partition(":")[2] or 0)
