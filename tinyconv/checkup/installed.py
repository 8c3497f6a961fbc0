"""Which packages are installed. Asking does not load them."""

from __future__ import annotations

import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from tinyconv._version import __version__

from .facts import NOTE, WRONG, Fact

# What tinyconv is installed with, and what each is for. (A test holds it to setup.py.)
NEEDED = {
    "numpy": "arrays",
    "numba": "compiled kernels",
    "llvmlite": "compiled kernels",
    "safetensors": "weights and checkpoints",
    "threadpoolctl": "the number of threads",
    "rich": "progress bars and tables",
    "pillow": "picture files",
    "pooch": "downloads",
    **({"tomli": "configuration files"} if sys.version_info < (3, 11) else {}),
}
# What may be added: the packages that do it, what for, and the extra of tinyconv that brings it.
OPTIONAL = (
    (("matplotlib",), "plots and drawings of nets", "viz"),
    (("cupy-cuda13x", "cupy-cuda12x", "cupy"), "NVIDIA GPUs", "cuda13"),
    (("tensorboard",), "files for TensorBoard", "tensorboard"),
)


def installed(name: str) -> str | None:
    """The version of a package, or None."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def versions() -> list[Fact]:
    place = Path(__file__).parents[1]
    return [
        Fact("tinyconv", f"{__version__} in {place}"),
        Fact("Python", f"{platform.python_version()} ({platform.python_implementation()}), {platform.platform()}"),
    ]


def packages() -> list[Fact]:
    """Those that are needed, on a line; a line for each that is missing, and for each that could be added."""
    there = {name: installed(name) for name in NEEDED}
    facts = [Fact("needed", ", ".join(f"{name} {found}" for name, found in there.items() if found))]
    for name, found in there.items():
        if found is None:
            facts.append(Fact(name, f"not installed: {NEEDED[name]}", WRONG, f"pip install {name}"))
    for names, purpose, extra in OPTIONAL:
        have = next((f"{name} {installed(name)}" for name in names if installed(name)), None)
        if have is None:
            facts.append(Fact(names[-1], f"not installed: {purpose}", NOTE, f"pip install 'tinyconv[{extra}]'"))
        else:
            facts.append(Fact(names[-1], f"{have}: {purpose}"))
    return facts
