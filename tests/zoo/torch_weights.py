"""Weights from the files that PyTorch wrote before version 1.6, read without PyTorch and without trusting them.

Such a file is five pickles (a magic number, the protocol's version, facts on the machine, the state, the keys of the
storages) and then for each storage a count, int64, and its numbers. A pickle can name any function and have it called:
here it gets an OrderedDict, the function `view`, or an error.
"""

import pickle
from collections import OrderedDict
from pathlib import Path

import numpy as np

MAGIC = 0x1950A86A20F9469CFC6C
DTYPES = {"FloatStorage": "<f4", "DoubleStorage": "<f8", "LongStorage": "<i8"}


class Unpickler(pickle.Unpickler):
    """What stands for a storage is noted, and filled when the numbers come."""

    def __init__(self, file):
        super().__init__(file)
        self.storages = {}

    def find_class(self, module, name):
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return view
        if module == "torch" and name in DTYPES:
            return DTYPES[name]
        raise pickle.UnpicklingError(f"a file of weights has no use for {module}.{name}")

    def persistent_load(self, pid):
        _, dtype, key, _, count, _ = pid
        return self.storages.setdefault(key, np.empty(count, dtype))


def view(storage, offset, shape, strides, requires_grad, hooks):
    """torch._utils._rebuild_tensor_v2: a tensor in a storage; as_strided would read beyond it."""
    array = storage[offset:]
    last = sum((n - 1) * stride for n, stride in zip(shape, strides, strict=True))
    if min(offset, *shape, *strides, 0) < 0 or last >= len(array):
        raise pickle.UnpicklingError(f"a tensor {shape} with strides {strides} does not fit its storage")
    return np.lib.stride_tricks.as_strided(array, shape, [array.itemsize * stride for stride in strides])


def read(path: str | Path) -> dict[str, np.ndarray]:
    """name -> array"""
    with open(path, "rb") as file:
        magic, _protocol, _machine = (Unpickler(file).load() for _ in range(3))
        if magic != MAGIC:
            raise pickle.UnpicklingError("not a file of PyTorch's before 1.6")
        unpickler = Unpickler(file)
        state = unpickler.load()
        for key in Unpickler(file).load():
            storage = unpickler.storages[key]
            (count,) = np.frombuffer(file.read(8), "<i8")
            if count != len(storage):
                raise pickle.UnpicklingError(f"storage {key} has {count} numbers, {len(storage)} are expected")
            storage[:] = np.frombuffer(file.read(storage.nbytes), storage.dtype)
    return dict(state)
