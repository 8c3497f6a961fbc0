"""A GPU for the tests in this folder: the stand-in, and with `-m gpu` the real one."""

import pytest
from on_gpu import cuda_cpu, stand_in

needs_compiler = pytest.mark.skipif(cuda_cpu.COMPILER is None, reason="CUDA C is run on the CPU by way of g++")


@pytest.fixture(
    params=[
        pytest.param("stand-in", marks=needs_compiler),
        pytest.param("GPU", marks=pytest.mark.gpu),
    ]
)
def device(request):
    """The name of a device that is there."""
    if request.param == "GPU":
        pytest.importorskip("cupy", reason="CuPy is not installed")
        yield "cuda"
    else:
        with stand_in.installed():
            yield "cuda"
