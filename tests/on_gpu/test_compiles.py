"""Every CUDA kernel compiles for every architecture that is supported, for each of its data types."""

import importlib
from pathlib import Path

import pytest
from on_gpu import nvrtc

from tinyconv import kernels
from tinyconv.kernels._cuda import Program

FOLDER = Path(kernels.__file__).parent
for path in FOLDER.glob("*_cuda.py"):
    importlib.import_module(f"tinyconv.kernels.{path.stem}")
ALL = [pytest.param(p, dtype, id=f"{p.name}-{dtype}") for p in Program.all.values() for dtype in p.dtypes]


@pytest.fixture(scope="module")
def compiler():
    path = nvrtc.library()
    if path is None:
        pytest.skip("NVIDIA's compiler is not installed: pip install nvidia-cuda-nvrtc-cu12")
    return nvrtc.Compiler(path)


@pytest.mark.parametrize(
    "options",
    [pytest.param(nvrtc.QUICKLY, id="quickly"), pytest.param((), id="as CuPy does it", marks=pytest.mark.long)],
)
@pytest.mark.parametrize("architecture", nvrtc.ARCHITECTURES)
@pytest.mark.parametrize(("program", "dtype"), ALL)
def test_it_compiles(program, dtype, architecture, options, compiler):
    assert compiler.cubin(program.text(), architecture, program.names(dtype), options)[:4] == b"\x7fELF"


def test_every_text_is_a_programs_and_every_kernel_in_it_is_used():
    texts = {path.stem: path.read_text(encoding="utf-8") for path in FOLDER.glob("[!_]*.cu")}
    assert texts.keys() == Program.all.keys()
    for name, program in Program.all.items():
        used = {template.partition("<")[0] for template in program.kernels}
        assert used == set(kernels_in(texts[name]))


def kernels_in(text):
    from on_gpu.cuda_cpu import KERNEL

    return [found[2] for found in KERNEL.finditer(text)]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("nonsense;", r'kernel.cu\(1\): error: identifier "nonsense" is undefined'),
        ("__shared__ T s[20000]; s[threadIdx.x] = *x; *x = s[0];", r"uses too much shared data"),
        ('asm volatile("mma.sync.nonsense;");', r"ptxas"),
    ],
)
def test_mistakes_are_found(body, message, compiler):
    """Those of the language, those of the machine, those of its assembler."""
    with pytest.raises(RuntimeError, match=message):
        compiler.cubin(f"template <typename T> __global__ void f(T* x) {{ {body} }}", 90, ["f<float>"], nvrtc.QUICKLY)
