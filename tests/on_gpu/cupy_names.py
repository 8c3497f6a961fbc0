"""What the real CuPy has: its names, and the arguments that its functions and methods take.

    python tests/on_gpu/cupy_names.py        # writes cupy_names.json; needs CuPy, and no GPU

The stand-in has these names and takes these arguments, and no others.
"""

import inspect
import json
import re
from pathlib import Path

FILE = Path(__file__).with_suffix(".json")
UFUNC = ["out", "where", "dtype", "casting"]


def names():
    """{"cupy": {name: arguments}, "ndarray": {name: arguments}}; arguments are None where CuPy does not tell."""
    import cupy

    public = {name: getattr(cupy, name) for name in dir(cupy) if name[0] != "_"}
    methods = {name: getattr(cupy.ndarray, name) for name in dir(cupy.ndarray) if name[0] != "_"}
    return {
        "version": cupy.__version__,
        "cupy": {name: arguments(thing) for name, thing in public.items()},
        "ndarray": {name: arguments(thing) for name, thing in methods.items()},
    }


def arguments(thing):
    if isinstance(thing, type) or not callable(thing):
        return None
    if type(thing).__name__ == "ufunc":
        return UFUNC
    try:
        return [re.match(r"\**\w+", str(p))[0] for p in inspect.signature(thing).parameters.values()]
    except ValueError:  # compiled code: the first line of its documentation has them
        found = re.match(r"\w+(?:\.\w+)?\(self,? ?(.*?)\)", thing.__doc__ or "")
        return re.findall(r"(?:^|, ?)(\**\w+)", found[1]) if found else None


if __name__ == "__main__":
    FILE.write_text(json.dumps(names(), indent=0, sort_keys=True) + "\n")
