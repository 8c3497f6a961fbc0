"""CUDA C on the CPU: it computes what a GPU would, and finds what a GPU would not tell."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from on_gpu import cuda_cpu
from on_gpu.conftest import needs_compiler

pytestmark = needs_compiler

TEXT = """
template <typename T, int THREADS> __global__ void sums(const T* x, T* y, int n) {
  __shared__ T s[THREADS];
  T a = 0;
  for (int i = threadIdx.x; i < n; i += THREADS) a += x[i];
  s[threadIdx.x] = a;
  __syncthreads();
  for (int k = THREADS / 2; k >= 32; k /= 2) {
    if (threadIdx.x < k) s[threadIdx.x] += s[threadIdx.x + k];
    __syncthreads();
  }
  if (threadIdx.x >= 32) return;
  a = s[threadIdx.x];
  for (int k = 16; k > 0; k /= 2) a += __shfl_down_sync(0xffffffffu, a, k);
  if (threadIdx.x == 0) *y = a;
}

extern "C" __global__ void reversed(const float* x, float* y) {  // each block turns its part around
  extern __shared__ float s[];
  s[threadIdx.x] = x[blockIdx.x * blockDim.x + threadIdx.x];
  __syncthreads();
  y[blockIdx.x * blockDim.x + threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

extern "C" __global__ void reversed_without_barrier(const float* x, float* y) {
  extern __shared__ float s[];
  s[threadIdx.x] = x[threadIdx.x];
  y[threadIdx.x] = s[blockDim.x - 1 - threadIdx.x];
}

extern "C" __global__ void some_never_arrive(float* x, int n) {
  if (threadIdx.x >= n) return;
  x[threadIdx.x] = 1;
  __syncthreads();
}

extern "C" __global__ void lanes_are_missing(float* x) {
  if (threadIdx.x % 32 < 7) x[threadIdx.x] = __shfl_sync(0xffffffffu, x[threadIdx.x], 0);
}

extern "C" __global__ void beyond_the_end(float* x, int n) { x[n] = 1; }

extern "C" __global__ void two_of_a_kind(float* x) {
  __shared__ float a[4], b[4][2];
  a[threadIdx.x] = threadIdx.x;
  b[threadIdx.x][1] = 10 * threadIdx.x;
  __syncthreads();
  x[threadIdx.x] = a[3 - threadIdx.x] + b[3 - threadIdx.x][1];
}
"""
ORDERS = ["forward", "reverse", "random:1", "random:2"]


@pytest.fixture(scope="module")
def module():
    return cuda_cpu.RawModule(code=TEXT, name_expressions=("sums<float, 128>", "sums<double, 64>"))


@pytest.fixture(params=ORDERS)
def order(request, monkeypatch):
    monkeypatch.setenv("CUDA_CPU_ORDER", request.param)


@pytest.mark.parametrize(("name", "dtype", "threads"), [("sums<float, 128>", "f", 128), ("sums<double, 64>", "d", 64)])
def test_templates_shared_memory_and_shuffles(module, order, name, dtype, threads):
    x, y = np.arange(1000, dtype=dtype), np.zeros(1, dtype)
    module.get_function(name)((1,), (threads,), (x, y, np.int32(1000)))
    assert y[0] == 499500


def test_dynamic_shared_memory(module, order):
    x, y = np.arange(12, dtype="f"), np.zeros(12, "f")
    module.get_function("reversed")((3,), (4,), (x, y), shared_mem=16)
    assert y.tolist() == [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8]


def test_several_shared_arrays_in_one_declaration(module, order):
    x = np.zeros(4, "f")
    module.get_function("two_of_a_kind")((1,), (4,), (x,))
    assert x.tolist() == [33, 22, 11, 0]


@pytest.mark.parametrize("order_name", ORDERS)
def test_a_missing_barrier_shows(module, order_name, monkeypatch):
    """What no thread has written yet is NaN, whichever thread comes first."""
    monkeypatch.setenv("CUDA_CPU_ORDER", order_name)
    y = np.zeros(64, "f")
    module.get_function("reversed_without_barrier")((1,), (64,), (np.arange(64, dtype="f"), y), shared_mem=256)
    assert np.isnan(y).any()


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("some_never_arrive", (np.zeros(64, "f"), np.int32(40)), "__syncthreads"),
        ("lanes_are_missing", (np.zeros(64, "f"),), "a warp intrinsic's mask names lanes that never arrive"),
    ],
)
def test_threads_that_wait_for_ever_are_an_error(module, order, name, arguments, message):
    with pytest.raises(RuntimeError, match=rf"{name}: .*{message}.*\[block \(0,0,0\), thread"):
        module.get_function(name)((1,), (64,), arguments)
    test_several_shared_arrays_in_one_declaration(module, order)  # nothing is left of it


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((np.zeros(4, "f"), np.zeros(1, "f"), 4), "argument 2 is int64, the parameter is 'i'"),
        ((np.zeros(4, "f"), np.zeros(1, "d"), np.int32(4)), "argument 1 is an array of float64, the parameter is 'Pf'"),
        ((np.zeros(4, "f"), np.float32(1), np.int32(4)), "argument 1 is float32, the parameter is 'Pf'"),
        ((np.zeros(4, "f"), np.zeros(1, "f"), np.zeros(1, "i")), "argument 2 is an array, the parameter is 'i'"),
        ((np.zeros(4, "f"), np.zeros(1, "f")), "2 arguments for 3 parameters"),
    ],
)
def test_arguments_of_other_types_are_refused(module, arguments, message):
    with pytest.raises(TypeError, match=message):
        module.get_function("sums<float, 128>")((1,), (128,), arguments)


@pytest.mark.parametrize(
    ("grid", "block", "shared"), [((0,), (1,), 0), ((1,), (1025,), 0), ((1,), (0,), 0), ((1,), (4,), 10**6)]
)
def test_launches_that_no_gpu_takes(module, grid, block, shared):
    with pytest.raises(RuntimeError, match="reversed: invalid launch"):
        module.get_function("reversed")(grid, block, (np.zeros(9, "f"), np.zeros(9, "f")), shared_mem=shared)


def test_text_that_does_not_compile():
    with pytest.raises(RuntimeError, match=r"kernel.cu:1:.*nonsense"):
        cuda_cpu.RawModule(code='extern "C" __global__ void f(float* x) { nonsense; }')


SANITIZED = """
import numpy as np
from on_gpu import cuda_cpu
from on_gpu.test_cuda_cpu import TEXT
cuda_cpu.RawModule(code=TEXT).get_function("beyond_the_end")((1,), (1,), (np.zeros(1000, "f"), np.int32(1000)))
"""


def test_the_address_sanitizer_finds_what_lies_beyond_the_end():
    done = sanitized("-c", SANITIZED)
    assert done.returncode != 0
    assert "heap-buffer-overflow" in done.stderr
    assert "beyond_the_end" in done.stderr


def sanitized(*arguments):
    """Python, with the address sanitizer watching what CUDA C does."""
    tests = Path(__file__).parents[1]
    runtime = subprocess.run(["g++", "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    environment = {
        "PATH": "/usr/bin:/bin",
        "LD_PRELOAD": runtime.stdout.strip(),
        "ASAN_OPTIONS": "detect_leaks=0,detect_stack_use_after_return=0",
        "CUDA_CPU_FLAGS": "-fsanitize=address",
        "PYTHONPATH": f"{tests.parent}:{tests}",
        "OPENBLAS_NUM_THREADS": "1",
    }
    return subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
