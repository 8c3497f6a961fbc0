"""Imports go one way: each part of tinyconv uses only parts that stand before it in this list."""

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LAYERS = [
    {
        "errors",
        "geometry",
        "filters",
        "backend",
        "cuda",
        "dtypes",
        "_arena",
        "memory",
        "random",
        "rehearsal",
        "threads",
        "_checkout",
        "_version",
    },
    {"kernels"},
    {"observe", "tape", "tensor", "creation"},
    {"ops"},
    {"nn", "optim", "ledger"},
    {"gradcheck", "anomaly", "stepping"},
    {"explaining", "graph", "notebook"},
    {"models"},
    {"data"},
    {"plots", "train"},
    {"evaluation"},
    {"page"},
    {"zoo"},
    {"warmup"},
    {"checkup"},
    {
        "cli",
        "cli_doctor",
        "cli_eval",
        "cli_explain",
        "cli_gradcheck",
        "cli_models",
        "cli_plot",
        "cli_predict",
        "cli_report",
        "cli_step",
        "cli_subject",
        "cli_summary",
        "cli_train",
    },
    {"__init__", "__main__"},  # these gather the others
]
HEAVY = {
    "numba",
    "llvmlite",
    "cupy",
    "cupyx",
    "matplotlib",
    "PIL",
    "pooch",
    "rich",
    "safetensors",
    "tensorboard",
    "threadpoolctl",
}
ALWAYS = {"tinyconv", "numpy", *sys.stdlib_module_names}

FILES = sorted([*ROOT.glob("tinyconv/**/*.py"), *ROOT.glob("kernels/**/*.py")])


def module_of(path: Path) -> str:
    """tinyconv/nn/conv.py -> tinyconv.nn.conv; kernels/pool.py -> tinyconv.kernels.pool; __init__ is kept."""
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts if parts[0] == "tinyconv" else ("tinyconv", *parts))


def layer_of(module: str) -> int:
    """The place in LAYERS of a module inside tinyconv, by the first part of its path."""
    part = module.split(".")[1]
    (place,) = [i for i, layer in enumerate(LAYERS) if part in layer] or [None]
    assert place is not None, f"{module} is in no layer: give a new module its place, import a name from its module"
    return place


def imports(tree: ast.AST, module: str):
    """(imported module, line, is it at module level?) of every import outside `if TYPE_CHECKING`."""

    def visit(node, top):
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.If) and "TYPE_CHECKING" in ast.unparse(child.test):
                continue
            if isinstance(child, ast.Import):
                for alias in child.names:
                    yield alias.name, child.lineno, top
            elif isinstance(child, ast.ImportFrom):
                package = module.split(".")[: -child.level] if child.level else []
                base = ".".join([*package, *([child.module] if child.module else [])])
                for alias in child.names:  # `from . import tape` names a module, `from .tape import walk` does not
                    yield (f"{base}.{alias.name}" if base == "tinyconv" else base), child.lineno, top
            inside = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
            yield from visit(child, top and not inside)

    yield from visit(tree, True)


def of_compiled(module: str) -> bool:
    """Is this a file of compiled kernels, or one of those that only they use?"""
    name = module.rpartition(".")[2]
    return module.startswith("tinyconv.kernels.") and (name.endswith("_numba") or name.startswith("_"))


def violations(source: str, module: str) -> list[str]:
    """What is wrong with the imports of one module."""
    wrong = []
    for name, line, top in imports(ast.parse(source), module):
        package = name.partition(".")[0]
        if package == "tinyconv" and "." in name and layer_of(name) > layer_of(module):
            wrong.append(f"line {line}: {name} stands above {module}")
        if name == "tinyconv" and layer_of(module) < len(LAYERS) - 1:
            wrong.append(f"line {line}: import the part that is needed, not the whole of tinyconv")
        if package in ("cupy", "cupyx") and module != "tinyconv.backend":
            wrong.append(f"line {line}: only backend.py imports CuPy")
        if package in HEAVY and top and not (package in ("numba", "llvmlite") and of_compiled(module)):
            wrong.append(f"line {line}: {package} is imported inside functions, so that `import tinyconv` is fast")
        if package not in ALWAYS | HEAVY:
            wrong.append(f"line {line}: {package} is not a dependency of tinyconv")
    return wrong


@pytest.mark.parametrize("path", FILES, ids=module_of)
def test_imports(path):
    assert violations(path.read_text(encoding="utf-8"), module_of(path)) == []


def test_there_are_files_to_test():
    assert {"tinyconv.tensor", "tinyconv.kernels.__init__"} <= {module_of(path) for path in FILES}


@pytest.mark.parametrize(
    ("source", "module", "message"),
    [
        ("from .ops import conv", "tinyconv.tensor", "tinyconv.ops stands above"),
        ("from . import nn", "tinyconv.tape", "tinyconv.nn stands above"),
        ("from ..train.loop import fit", "tinyconv.nn.module", "tinyconv.train.loop stands above"),
        ("from tinyconv.tensor import Tensor", "tinyconv.kernels.pool", "tinyconv.tensor stands above"),
        (
            "def f():\n    from .tensor import Tensor",
            "tinyconv.backend",
            "line 2: tinyconv.tensor stands above",
        ),
        ("import tinyconv", "tinyconv.nn.conv", "not the whole of tinyconv"),
        ("def f():\n    import cupy", "tinyconv.tensor", "only backend.py imports CuPy"),
        ("import rich.progress", "tinyconv.train.console", "rich is imported inside functions"),
        ("from PIL import Image", "tinyconv.data.image", "PIL is imported inside functions"),
        (
            "try:\n    import numba\nexcept ImportError:\n    pass",
            "tinyconv.kernels.pool",
            "numba is imported inside",
        ),
        ("def f():\n    import torch", "tinyconv.nn.conv", "torch is not a dependency"),
    ],
)
def test_a_wrong_import_is_found(source, module, message):
    (found,) = violations(source, module)
    assert message in found


@pytest.mark.parametrize(
    ("source", "module"),
    [
        ("from .tape import walk\nfrom . import tape", "tinyconv.tensor"),
        ("from ..tensor import Tensor\nfrom .module import Module", "tinyconv.nn.conv"),
        ("if TYPE_CHECKING:\n    from .tensor import Tensor", "tinyconv.tape"),
        ("import numba", "tinyconv.kernels.pool_numba"),
        ("def f():\n    import cupy", "tinyconv.backend"),
        ("def f():\n    import matplotlib.pyplot as plt", "tinyconv.plots.style"),
        ("from . import nn, ops", "tinyconv.__init__"),
    ],
)
def test_a_right_import_passes(source, module):
    assert violations(source, module) == []
