"""`import tinyconv` is light, and what the modules export is there and documented."""

import importlib
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest

import tinyconv


def top_level_names_loaded_by(code: str) -> set[str]:
    """The packages that a fresh interpreter has loaded after running the code."""
    code = f"{code}\nimport sys\nprint(*sys.modules)"
    root = Path(tinyconv.__file__).parents[1]
    command = [sys.executable, "-W", "error", "-c", code]
    loaded = subprocess.run(command, cwd=root, check=True, capture_output=True, text=True).stdout
    return {name.partition(".")[0] for name in loaded.split()}


def test_import_loads_numpy_alone():
    numpy = top_level_names_loaded_by("import numpy.random")
    loaded = top_level_names_loaded_by("import tinyconv")
    assert loaded - numpy - set(sys.stdlib_module_names) == {"tinyconv"}


def test_the_zoo_and_the_training_loop_are_loaded_when_asked_for():
    code = (
        "import sys, tinyconv as t; print(sys.modules.keys() & {'tinyconv.models', 'tinyconv.data', 'tinyconv.train'}, "
        "t.models.names()[0], t.data.names()[0], t.train.fit)"
    )
    root = Path(tinyconv.__file__).parents[1]
    said = subprocess.run([sys.executable, "-c", code], cwd=root, check=True, capture_output=True, text=True).stdout
    assert said.startswith("set() alexnet cifar10 <function fit")
    with pytest.raises(AttributeError, match="module 'tinyconv' has no attribute 'zoos'"):
        _ = tinyconv.zoos


def modules():
    yield "tinyconv"
    for package in (tinyconv, tinyconv.kernels):
        for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            yield module.name


@pytest.mark.parametrize("name", sorted(set(modules()) - {"tinyconv.__main__"}))
def test_exported_names_exist_and_have_docstrings(name):
    try:
        module = importlib.import_module(name)
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] != "numba":
            raise
        pytest.skip("Numba is not installed")
    assert module.__doc__, f"{name} does not say what it is"
    for exported in getattr(module, "__all__", ()):
        value = getattr(module, exported)
        assert not callable(value) or value.__doc__, f"{name}.{exported} has no docstring"
