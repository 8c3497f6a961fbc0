"""In a source checkout, link the folder kernels/ as tinyconv.kernels."""

import importlib.util
import sys
from pathlib import Path


def link_kernels() -> None:
    """Does nothing in an installed package, where tinyconv/kernels/ is in its place.

    An editable install maps the folder too, but perhaps that of another checkout than this one.
    """
    here = Path(__file__).parent
    folder = here.parent / "kernels"
    if (here / "kernels").is_dir() or not (here.parent / "setup.py").is_file():
        return
    name = "tinyconv.kernels"
    spec = importlib.util.spec_from_file_location(
        name, folder / "__init__.py", submodule_search_locations=[str(folder)]
    )
    assert spec and spec.loader
    module = sys.modules[name] = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    sys.modules["tinyconv"].kernels = module  # type: ignore[attr-defined]
