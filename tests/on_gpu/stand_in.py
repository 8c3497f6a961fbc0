"""A stand-in for CuPy that needs no GPU, and is as strict as CuPy about what is on it.

`installed()` puts it in CuPy's place. Arrays are NumPy arrays in a box that nothing opens by itself. It refuses
what CuPy refuses: conversion to NumPy, operations on arrays of both kinds or of another GPU than the current one, names
and arguments that CuPy lacks (cupy_names.json); also NumPy arrays as indices, and as values for elements, which CuPy
copies to the GPU without a word. New memory is full of NaN. RawModule runs CUDA C on the CPU (cuda_cpu.py). Transfers
are counted. There are as many GPUs as `installed(gpus)` says.
"""

import importlib.machinery
import json
import sys
import threading
import types
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from on_gpu import cuda_cpu

NAMES = json.loads(Path(__file__).with_name("cupy_names.json").read_text())
transfers = Counter()  # "to the GPU", "to the CPU"


# ---------------------------------------------------------------- arrays


class ndarray:  # noqa: N801
    """An array on a pretended GPU, the current one unless it shows the memory of `base`; `_a` is its memory."""

    __slots__ = ("_a", "_base", "_gpu")
    __module__ = "cupy"
    __hash__ = None

    def __init__(self, a, base=None):
        if a.dtype.kind not in "biufc":
            raise ValueError(f"Unsupported dtype {a.dtype}")
        self._a, self._base = a, base
        self._gpu = Device.current() if base is None else base._gpu

    _cuda_cpu_array = property(lambda self: self._a)  # where cuda_cpu finds the memory

    shape = property(lambda self: self._a.shape)
    dtype = property(lambda self: self._a.dtype)
    ndim = property(lambda self: self._a.ndim)
    size = property(lambda self: self._a.size)
    nbytes = property(lambda self: self._a.nbytes)
    itemsize = property(lambda self: self._a.itemsize)
    strides = property(lambda self: self._a.strides)
    base = property(lambda self: self._base)
    device = property(lambda self: Device(self._gpu))
    flags = property(lambda self: Flags(self._a.flags))
    data = property(lambda self: types.SimpleNamespace(ptr=self._a.ctypes.data))
    T = property(lambda self: _boxed(self._a.T, self))
    real = property(lambda self: _boxed(self._a.real, self))
    imag = property(lambda self: _boxed(self._a.imag, self))

    def __getattr__(self, name):
        if name not in NAMES["ndarray"]:
            raise AttributeError(f"'cupy.ndarray' object has no attribute '{name}'")
        return _function(getattr(self._a, name), name, NAMES["ndarray"][name], self)

    def __len__(self):
        return len(self._a)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __getitem__(self, index):
        index = _index(index)
        result = np.asarray(self._a[index])
        if not np.may_share_memory(result, self._a):
            _check_gpu(self)
            Graph.add_result(lambda: self._a[index], result)
        return _boxed(result, self)

    def __setitem__(self, index, value):
        _check_gpu(self, value)
        index, value = _index(index), _opened(value, "a value")
        Graph.add(lambda: self._a.__setitem__(index, value))

    def set(self, arr, stream=None):
        _transfer("to the GPU")
        self._a[...] = arr

    # ------------------------------------------------------------ to the CPU

    def get(self, stream=None, order="C", out=None, blocking=True):
        _transfer("to the CPU")
        if out is None:
            return self._a.copy(order)
        out[...] = self._a
        return out

    def item(self):
        _transfer("to the CPU")
        return self._a.item()

    def tolist(self):
        _transfer("to the CPU")
        return self._a.tolist()

    def __bool__(self):
        return bool(self.item())

    def __int__(self):
        return int(self.item())

    def __index__(self):
        return self.item().__index__()

    def __float__(self):
        return float(self.item())

    def __complex__(self):
        return complex(self.item())

    def __repr__(self):
        return repr(self.get())

    def __reduce__(self):
        return asarray, (self.get(),)

    def __copy__(self):
        return self.copy()

    def __deepcopy__(self, memo):
        return self.copy()

    # ------------------------------------------------------------ not without being asked

    def __array__(self, *args, **kwargs):
        raise TypeError("Implicit conversion to a NumPy array is not allowed. Please use `.get()`.")

    def __array_ufunc__(self, ufunc, method, *inputs, **kwargs):
        return _call(getattr(ufunc, method), ufunc.__name__, inputs, kwargs)

    def __array_function__(self, function, types_, args, kwargs):
        return _call(function, function.__name__, args, kwargs)


def _operator(name):
    def operator(self, *others):
        if any(isinstance(other, np.ndarray) for other in others):
            raise TypeError(f"Unsupported type {np.ndarray}")
        _check_gpu(self, *others)
        others = [_opened(other, name) for other in others]
        if any(not isinstance(other, (np.ndarray, np.generic, int, float, complex)) for other in others):
            return NotImplemented
        operation = getattr(self._a, name)
        if name.startswith("__i") and name != "__invert__":
            Graph.add(lambda: _quietly(operation, *others))
            return self
        result = _quietly(operation, *others)
        if result is NotImplemented:
            return result
        Graph.add_result(lambda: operation(*others), result := _writable(result))
        return _boxed(result)

    return operator


BINARY = ["add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "matmul", "and", "or", "xor", "lshift", "rshift"]
OTHERS = ["divmod", "rdivmod", "neg", "pos", "abs", "invert", "lt", "le", "gt", "ge", "eq", "ne"]
for _name in BINARY:
    for _prefix in ("", "r", "i"):
        setattr(ndarray, f"__{_prefix}{_name}__", _operator(f"__{_prefix}{_name}__"))
for _name in OTHERS:
    setattr(ndarray, f"__{_name}__", _operator(f"__{_name}__"))


class Flags:
    """CuPy's: no more than these three."""

    def __init__(self, flags):
        self.c_contiguous, self.f_contiguous, self.owndata = flags.c_contiguous, flags.f_contiguous, flags.owndata


# ---------------------------------------------------------------- graphs


class Graph:
    """What was done while it was captured, to be done again in the same memory. Capturing computes nothing."""

    capturing = None

    def __init__(self):
        self.work, self.gpu = [], Device.current()

    def launch(self, stream=None):
        assert self.gpu == Device.current(), "it was captured on another GPU"
        for again in self.work:
            again()

    @classmethod
    def add(cls, work):
        """Do it now; or, while a graph is captured, whenever that is launched."""
        if cls.capturing is None:
            work()
        else:
            cls.capturing.work.append(work)

    @classmethod
    def add_result(cls, function, result):
        """While a graph is captured, let it write what the function gives to where the result is now."""
        if cls.capturing is None:
            return

        def again():
            with np.errstate(all="ignore"):
                for old, new in zip(_arrays_of(result), _arrays_of(function()), strict=True):
                    old[...] = new

        cls.capturing.work.append(again)


def _arrays_of(result):
    return [a for one in result for a in _arrays_of(one)] if isinstance(result, (tuple, list)) else [result]


def _transfer(where):
    if Graph.capturing is not None:
        raise RuntimeError("cudaErrorStreamCaptureUnsupported: operation not permitted when stream is capturing")
    transfers[where] += 1


class Stream:
    def __init__(self, null=False, non_blocking=False, ptds=False, priority=None):
        self.gpu = Device.current()

    def __enter__(self):
        if self.gpu != Device.current():
            raise RuntimeError("this stream was not created on the current device")
        return self

    def __exit__(self, *error):
        pass

    def begin_capture(self, mode=None):
        Graph.capturing = Graph()

    def end_capture(self):
        graph, Graph.capturing = Graph.capturing, None
        return graph

    def synchronize(self):
        pass

    def wait_event(self, event):
        assert event.recorded and self.gpu == event.gpu


class Event:
    def __init__(self, block=False, disable_timing=False, interprocess=False):
        self.recorded, self.gpu = False, Device.current()

    def record(self, stream=None):
        assert self.gpu == (Device.current() if stream is None else stream.gpu)
        self.recorded = True

    def synchronize(self):
        assert self.recorded


class MemoryPool:
    """It counts what `empty` gives out while it has a limit, and takes nothing back before `free_all_blocks`."""

    limit = None

    def __init__(self):
        self.taken_on = Counter()  # by the GPU's number

    @property
    def taken(self):
        return self.taken_on[Device.current()]

    def malloc(self, size):
        raise AssertionError("the stand-in's memory comes from NumPy")

    def lend(self, size):
        if self.limit is not None:
            if self.taken + size > self.limit:
                raise OutOfMemoryError(
                    f"Out of memory allocating {size:,} bytes (allocated so far: {self.taken:,} bytes)."
                )
            self.taken_on[Device.current()] += size

    def used_bytes(self):
        return self.taken

    total_bytes = used_bytes

    def free_all_blocks(self, stream=None):
        self.taken_on[Device.current()] = 0


pool = MemoryPool()


@contextmanager
def using_allocator(allocator=None):
    yield


# ---------------------------------------------------------------- in and out of the box


def _opened(value, where):
    if isinstance(value, ndarray):
        return value._a
    if isinstance(value, np.ndarray):
        raise TypeError(f"{where}: Unsupported type {np.ndarray}: it would be copied to the GPU unseen")
    if isinstance(value, (list, tuple)):
        return type(value)(_opened(item, where) for item in value)
    return value


def _boxed(a, *sources):
    """The result in a box; a view remembers the array whose memory it shows, as CuPy's do."""
    if isinstance(a, np.generic):
        a = np.asarray(a)
    if isinstance(a, np.ndarray):
        for source in sources:
            if isinstance(source, ndarray) and a.size and np.may_share_memory(a, source._a):
                return ndarray(a, source if source._base is None else source._base)
        return ndarray(a)
    return type(a)(_boxed(item, *sources) for item in a) if isinstance(a, (list, tuple)) else a


def _check_gpu(*values):
    """Refuse arrays that are not on the current GPU, as CuPy does where one GPU cannot read another's memory."""
    for value in values:
        if isinstance(value, (list, tuple)):
            _check_gpu(*value)
        elif isinstance(value, ndarray) and value._gpu != Device.current():
            problem = f"array device = {value._gpu} while current = {Device.current()}"
            raise ValueError(f"Array device must be same as the current device: {problem}")


def _call(function, name, args, kwargs, *sources):
    opened = [_opened(arg, name) for arg in args]
    keywords = {key: _opened(value, name) for key, value in kwargs.items()}
    if isinstance(keywords.get("out"), tuple):
        (keywords["out"],) = keywords["out"]
    out = kwargs.get("out")
    if out is not None or name in IN_PLACE:
        _check_gpu(*sources, *args, *kwargs.values())
        Graph.add(lambda: _quietly(function, *opened, **keywords))
        return out[0] if isinstance(out, tuple) else out
    result = _writable(_quietly(function, *opened, **keywords))
    inside = [s._a for s in (*sources, *args) if isinstance(s, ndarray)]
    if not any(np.may_share_memory(a, b) for a in _arrays_of(result) if isinstance(a, np.ndarray) for b in inside):
        _check_gpu(*sources, *args, *kwargs.values())
        Graph.add_result(lambda: function(*opened, **keywords), result)
    return _boxed(result, *sources, *args)


IN_PLACE = {"fill", "sort", "put", "cupy.put_along_axis", "cupy.copyto", "cupy.fill_diagonal"}


def _quietly(function, *args, **kwargs):
    with np.errstate(all="ignore"):  # a GPU does not tell
        return function(*args, **kwargs)


def _writable(result):
    """NumPy's scalars as arrays without dimensions, which a graph can write to."""
    if isinstance(result, (tuple, list)):
        return type(result)(_writable(one) for one in result)
    return np.array(result) if isinstance(result, np.generic) else result


def _index(index):
    """Opened; to count where a mask is true, CuPy waits for the GPU."""
    index = _opened(index, "an index")
    if any(
        isinstance(part, np.ndarray) and part.dtype == bool
        for part in (index if isinstance(index, tuple) else (index,))
    ):
        _transfer("to the CPU")
    return index


def _function(function, name, parameters, *sources):
    """A function of arrays that takes what CuPy's does, by the list of its parameters, if that is known."""

    def call(*args, **kwargs):
        unknown = set() if parameters is None or "**kwargs" in parameters else kwargs.keys() - set(parameters)
        if unknown:
            raise TypeError(f"{name}() got an unexpected keyword argument '{unknown.pop()}'")
        return _call(function, name, args, kwargs, *sources)

    return call


# ---------------------------------------------------------------- the module


def asarray(a, dtype=None, order=None, *, blocking=False):
    if isinstance(a, ndarray):
        a = a if a._gpu == Device.current() else ndarray(a._a.copy("K"))
        return a if dtype is None or a.dtype == dtype else a.astype(dtype)
    if isinstance(a, (list, tuple)) and any(isinstance(item, ndarray) for item in a):
        return _boxed(np.array(_opened(a, "asarray"), dtype))
    _transfer("to the GPU")
    a = np.asarray(a)
    return ndarray(np.array(a, dtype=dtype, order="F" if np.isfortran(a) else "C"))  # no host memory, no other order


def array(obj, dtype=None, copy=True, order="K", subok=False, ndmin=0, *, blocking=False):
    if isinstance(obj, ndarray):
        return ndarray(np.array(obj._a, dtype=dtype, order=order))
    return asarray(obj, dtype)


def asnumpy(a, stream=None, order="C", out=None, *, blocking=True):
    return a.get(out=out) if isinstance(a, ndarray) else np.asarray(a)


def _filled(a):
    """With bits that are a NaN, where it is floating-point."""
    if a.dtype != bool:
        np.lib.stride_tricks.as_strided(a, (a.size,), (a.itemsize,)).view(np.uint8).fill(0xFF)
    return ndarray(a)


def empty(shape, dtype=float, order="C"):
    a = np.empty(shape, dtype, order)
    pool.lend(a.nbytes)
    return _filled(a)


def empty_like(prototype, dtype=None, order="K", subok=None, shape=None):
    return _filled(np.empty_like(_opened(prototype, "empty_like"), dtype, order, shape=shape))


def get_array_module(*args):
    return module if any(isinstance(arg, ndarray) for arg in args) else np


class Linalg:
    """How CuPy's products compute. `products` counts those of each compute type."""

    COMPUTE_TYPE_DEFAULT, COMPUTE_TYPE_TF32 = 0, 3
    compute_type = 0

    def get_compute_type(self, dtype):
        return self.compute_type

    def set_compute_type(self, dtype, compute_type):
        self.compute_type = compute_type


class Ogrid:
    def __getitem__(self, slices):
        return _boxed(np.ogrid[slices])


class RawModule:
    """CUDA C, run on the CPU."""

    def __init__(self, *, code=None, path=None, options=(), backend="nvrtc", name_expressions=None, **kwargs):
        names = tuple(name_expressions or ())
        self.module = cuda_cpu.RawModule(code=code, options=options, name_expressions=compiled_together(code, names))

    def get_function(self, name):
        kernel, gpu = self.module.get_function(name), Device.current()

        def launch(grid, block, args, *, shared_mem=0):
            if any(isinstance(a, np.ndarray) and a.dtype.kind != "V" for a in args):
                raise TypeError(f"{name}: Unsupported type {np.ndarray}")
            assert gpu == Device.current(), f"{name} was loaded on another GPU"
            _check_gpu(*args)
            Graph.add(lambda: kernel(grid, block, args, shared_mem=shared_mem))

        return launch


def compiled_together(code, names):
    """All kernels of tinyconv's file for a data type, if it is one: g++ takes long to start."""
    from tinyconv.kernels._cuda import Program

    for program in Program.all.values():
        for together in map(program.names, program.dtypes):
            if set(names) <= set(together) and program.text() == code:
                return tuple(together)
    return names


class Device:
    """A GPU by its number, the current one by default. Each thread has its own current one."""

    compute_capability = "75"  # no TF32 unless a test asks for it
    in_threads = threading.local()
    count = 1
    mem_info = property(lambda self: (2**36 if pool.limit is None else pool.limit - pool.taken_on[self.id], 2**36))

    def __init__(self, device=None):
        self.id = self.current() if device is None else int(device)
        self.before = []

    @classmethod
    def current(cls):
        return getattr(cls.in_threads, "id", 0)

    def use(self):
        assert self.id < self.count, "cudaErrorInvalidDevice"
        Device.in_threads.id = self.id

    def __enter__(self):
        self.before.append(self.current())
        self.use()
        return self

    def __exit__(self, *error):
        Device.in_threads.id = self.before.pop()

    def synchronize(self):
        pass


class OutOfMemoryError(MemoryError):
    __module__ = "cupy.cuda.memory"


ATOMIC = {"add", "subtract", "maximum", "minimum", "bitwise_and", "bitwise_or", "bitwise_xor"}


def _made_module():
    """The stand-in as a module: what stands above, and NumPy's functions under CuPy's names."""
    module = types.ModuleType("cupy")
    module.__spec__ = importlib.machinery.ModuleSpec("cupy", None)
    module.__version__ = NAMES["version"]
    for thing in (ndarray, asarray, array, asnumpy, empty, empty_like, get_array_module, RawModule):
        setattr(module, thing.__name__, thing)
    module.cuda = types.SimpleNamespace(
        is_available=lambda: True,
        Device=Device,
        Stream=Stream,
        Event=Event,
        get_current_stream=Stream,
        MemoryPool=MemoryPool,
        using_allocator=using_allocator,
        runtime=types.SimpleNamespace(
            getDevice=Device.current,
            getDeviceCount=lambda: Device.count,
            driverGetVersion=lambda: 13000,
            runtimeGetVersion=lambda: 13000,
            getDeviceProperties=lambda index: {"name": b"a stand-in"},
        ),
        memory=types.SimpleNamespace(OutOfMemoryError=OutOfMemoryError),
    )

    as_strided = np.lib.stride_tricks.as_strided
    module.lib = types.SimpleNamespace(
        stride_tricks=types.SimpleNamespace(
            as_strided=lambda x, shape=None, strides=None: _boxed(as_strided(x._a, shape, strides), x)
        )
    )

    module.ogrid = Ogrid()
    module.get_default_memory_pool = lambda: pool
    module._core = types.SimpleNamespace(_routines_linalg=Linalg())

    def missing(name):
        if name not in NAMES["cupy"]:
            raise AttributeError(f"module 'cupy' has no attribute '{name}'")
        thing = getattr(np, name)
        if isinstance(thing, type) or not callable(thing):
            return thing
        function = _function(thing, f"cupy.{name}", NAMES["cupy"][name])
        if name in ATOMIC:
            function.at = lambda x, index, values: Graph.add(
                lambda: thing.at(x._a, _opened(index, name), _opened(values, name))
            )
        return function

    module.__getattr__ = missing
    return module


module = _made_module()


@contextmanager
def installed(gpus=1):
    """The stand-in in CuPy's place, with so many GPUs, of which the first is the current one."""
    from tinyconv import backend

    before = {name: sys.modules.get(name) for name in ("cupy", "cupyx")}
    sys.modules["cupy"] = module
    sys.modules["cupyx"] = types.SimpleNamespace(empty_pinned=np.empty)
    backend.cupy.cache_clear()
    transfers.clear()
    Device.count, Device.in_threads.id = gpus, 0
    try:
        yield module
    finally:
        for name, own in before.items():
            sys.modules.pop(name)
            if own is not None:
                sys.modules[name] = own
        backend.cupy.cache_clear()
        backend._several_gpus = False
        Device.count, Device.in_threads.id = 1, 0
