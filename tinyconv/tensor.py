"""Tensor: an array, and where it came from."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from . import observe, tape
from .backend import Array, array_module, check_device, device_of, is_array, is_cupy, move, on_its_gpu
from .dtypes import KINDS, NAMES, as_dtype, number_beside
from .errors import ArgumentError, DeviceError, DTypeError, GraphError, ShapeError, UnknownNameError
from .tape import Handle, Operation, Rule, Version

if TYPE_CHECKING:  # the operators and methods that ops/methods.py attaches
    from .signatures import Signatures
else:
    Signatures = object

Number = bool | int | float | complex
Operand = Any  # Tensor | Array | Number


class Tensor(Signatures):
    """An array on a device that can take part in differentiation.

    data           the NumPy or CuPy array itself (not a copy). Its memory order is free: never assume
                   C-contiguous. Changing it directly goes unseen by the backward pass.
    requires_grad  does a gradient flow here?
    grad           for leaves: the sum of all gradients since it was last None; same shape and dtype as data
    grad_fn        the Operation it came out of; None for a leaf

    Arithmetic, indexing and methods such as `sum` or `reshape` are those of PyTorch.
    """

    __slots__ = ("__weakref__", "data", "grad", "grad_fn", "hooks", "requires_grad", "version")
    __array_ufunc__ = None  # `array * tensor` is the tensor's business

    def __init__(self, data: Array, requires_grad: bool = False):
        self.data = (
            data if type(data) is np.ndarray or is_cupy(data) else np.asarray(data)
        )  # np.matrix multiplies with *
        self.grad: Tensor | None = None
        self.grad_fn: Operation | None = None
        self.hooks: list[Callable] | None = None
        self.version = Version()
        self.requires_grad = False
        if requires_grad:
            self.requires_grad_()

    # ------------------------------------------------------------ what it is

    @property
    def shape(self) -> tuple[int, ...]:
        return self.data.shape

    @property
    def dtype(self) -> np.dtype:
        return self.data.dtype

    @property
    def device(self) -> str:
        """ "cpu", or "cuda:0", ..."""
        return device_of(self.data)

    @property
    def ndim(self) -> int:
        return self.data.ndim

    def dim(self) -> int:
        """How many axes it has: ndim."""
        return self.data.ndim

    def size(self, dim: int | None = None) -> Any:
        """The shape, or the size of one axis."""
        return self.shape if dim is None else self.shape[dim]

    def numel(self) -> int:
        """How many elements it has."""
        return self.data.size

    @property
    def is_leaf(self) -> bool:
        """True if it did not come out of a recorded operation."""
        return self.grad_fn is None

    @property
    def source(self) -> Operation | Tensor | None:
        """Where its gradient goes: the Operation behind it, itself if it is a leaf, None if nowhere."""
        return self.grad_fn or (self if self.requires_grad else None)

    def __len__(self) -> int:
        if not self.shape:
            raise ShapeError("len", "a 0-d tensor has no length.")
        return self.shape[0]

    def __bool__(self) -> bool:
        return bool(self.item())

    def __float__(self) -> float:
        return float(self.item())

    def __int__(self) -> int:
        return int(self.item())

    def __index__(self) -> int:
        if self.dtype.kind not in "iu":
            raise DTypeError("index", f"a position must be a whole number, this tensor is {self.dtype}.")
        return int(self.item())

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else repr(self)

    __hash__ = object.__hash__

    def __repr__(self) -> str:
        text = np.array2string(move(self.data, "cpu"), separator=", ", precision=4, prefix="tensor(")
        notes = [] if self.numel() else [f"shape={self.shape}"]
        notes += [] if self.dtype == np.float32 else [f"dtype={self.dtype}"]
        notes += [] if self.device == "cpu" else [f"device={self.device!r}"]
        if self.grad_fn is not None:
            notes.append(f"grad_fn={self.grad_fn.name}")
        elif self.requires_grad:
            notes.append("requires_grad=True")
        return f"tensor({', '.join([text, *notes])})"

    def __reduce__(self) -> tuple:
        if self.grad_fn is not None:
            raise GraphError("pickle", "a tensor with a graph behind it cannot be copied; detach() it.")
        return type(self), (self.data, self.requires_grad)

    # ------------------------------------------------------------ out of tinyconv

    def item(self) -> Any:
        """The one element, as a Python number."""
        if self.numel() != 1:
            raise ShapeError("item", f"a tensor of shape {self.shape} has {self.numel()} elements, not one.")
        return self.data.item()

    def numpy(self) -> np.ndarray:
        """The array itself, on the CPU and free of any graph."""
        if self.requires_grad:
            raise GraphError("numpy", "this tensor requires a gradient; write x.detach().numpy().")
        if self.device != "cpu":
            raise DeviceError("numpy", f"this tensor is on {self.device}; write x.cpu().numpy().")
        return self.data

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        return np.array(self.numpy(), dtype=dtype, copy=copy)

    def tolist(self) -> Any:
        return self.data.tolist()

    # ------------------------------------------------------------ differentiation

    def requires_grad_(self, requires_grad: bool = True) -> Tensor:
        """Ask for (or do without) a gradient here; in place."""
        if requires_grad and self.dtype.kind not in "fc":
            raise DTypeError("requires_grad", f"only floating-point tensors have gradients, this is {self.dtype}.")
        if not requires_grad and self.grad_fn is not None:
            raise GraphError("requires_grad_", "this tensor came out of an operation; use x.detach().")
        self.requires_grad = requires_grad
        return self

    def detach(self) -> Tensor:
        """The same memory without the history."""
        x = Tensor(self.data)
        x.version = self.version
        return x

    def backward(self, gradient: Operand = None, create_graph: bool = False, retain_graph: bool | None = None) -> None:
        """Add d(self)/d(leaf), weighted by `gradient`, to the `.grad` of every leaf behind this tensor.

        gradient      same shape as self; not needed for a single element (it is 1 then)
        create_graph  record the backward pass too, so that gradients can be differentiated again
        retain_graph  keep the graph for another backward pass (otherwise it is freed on the way)
        """
        dy = upstream("backward", self, gradient)
        found = tape.walk([(self.source, dy)], None, create_graph, retain_graph)
        with tape.set_grad_enabled(create_graph):
            tape.accumulate(found, dy)

    def register_hook(self, hook: Callable[[Tensor], Tensor | None]) -> Handle:
        """Call `hook(gradient)` when this gradient is known; what it returns, if anything, replaces it."""
        if not self.requires_grad:
            raise GraphError("register_hook", "this tensor does not require a gradient.")
        owner = self.grad_fn
        if owner is None:
            self.hooks = self.hooks or []
            return Handle(self.hooks, hook)
        owner.grad_hooks = owner.grad_hooks or []
        return Handle(owner.grad_hooks, hook)

    def retain_grad(self) -> None:
        """Keep `.grad` here too, though this is not a leaf."""
        if self.grad_fn is not None:
            self.grad_fn.keeper = weakref.ref(self)  # the Operation must not own its Tensor

    def like_output_of(self, operation: Operation, data: Array) -> Tensor:
        """The output of a recorded operation again, for rules written with y (d e^x = e^x dx)."""
        y = Tensor(data)
        if tape.is_grad_enabled():
            y.grad_fn, y.requires_grad = operation, True
        return y

    # ------------------------------------------------------------ devices and data types

    def to(self, *targets: Any, device: str | None = None, dtype: Any = None) -> Tensor:
        """The tensor on another device or with another dtype: x.to("cuda"), x.to(np.float64).

        Itself if nothing changes. The gradient comes back to this device and dtype.
        Complex to real keeps the real part.
        """
        for target in targets:
            if isinstance(target, str) and target.partition(":")[0] in ("cpu", "cuda"):
                device = target
            elif isinstance(target, str) and target not in NAMES:
                raise UnknownNameError("to", "device or data type", target, ("cpu", "cuda", "cuda:0", *NAMES))
            else:
                dtype = target
        data = self.data if device is None else move(self.data, check_device(device))
        if dtype is not None and data.dtype != (dtype := as_dtype("to", dtype)):
            data = on_its_gpu(data.real if data.dtype.kind == "c" and dtype.kind != "c" else data).astype(dtype)
        if data is self.data:
            return self
        old_device, old_dtype = self.device, self.dtype
        if data.dtype.kind not in "fc":
            return Tensor(data)
        return record("to", data, (self, lambda dy: dy.to(device=old_device, dtype=old_dtype)))

    def cpu(self) -> Tensor:
        return self.to("cpu")

    def cuda(self) -> Tensor:
        return self.to("cuda")

    def float(self) -> Tensor:
        return self.to(np.float32)

    def double(self) -> Tensor:
        return self.to(np.float64)

    def long(self) -> Tensor:
        return self.to(np.int64)

    # ------------------------------------------------------------ changes in place

    def change(self, operation: str, value: Operand = None) -> Array:
        """The array, to be changed in place; counted, so that a backward pass that needed it notices."""
        self.check_changeable(operation, value)
        self.version.count += 1
        return self.data

    def check_changeable(self, operation: str, value: Operand = None) -> None:
        """Refuse to overwrite what a recorded graph is made of, or memory that cannot be written."""
        recorded = self.requires_grad or getattr(value, "requires_grad", False)
        if recorded and tape.is_grad_enabled():
            raise GraphError(
                operation,
                "a tensor that takes part in differentiation cannot be changed in place. "
                "Make a new one (x = x + 1), or change it under tinyconv.no_grad().",
            )
        if not getattr(self.data.flags, "writeable", True):
            raise GraphError(
                operation,
                "this tensor is read-only memory, such as expand() gives; change a copy: x.clone().",
            )


def record(name: str, data: Array, *rules: tuple[Any, Callable[..., Any]], **arguments: Any) -> Tensor:
    """Wrap an operation's result, and remember how to go back.

    rules      pairs (input, rule), a rule being a function from dy, the gradient of the result, to that
               input's gradient, both Tensors; `lambda dy, y: ...` is also given the result. A rule that
               serves several inputs at once stands with a tuple of them and returns a tuple.
               Rules are written in tinyconv's own operations and so can be differentiated themselves.
    arguments  what else the operation was called with, for whoever looks at the record
    """
    y = Tensor(data)
    if y.data.base is not None:
        _share_version(y, _inputs(rules))
    if tape.is_grad_enabled():
        kept = []
        for group, function in rules:
            if type(group) is not tuple:
                group = (group,)
            for x in group:
                if x is not None and x.requires_grad:
                    kept.append(Rule(group, function))
                    break
        if kept:
            y.grad_fn = Operation(name, y, kept, arguments)
            y.requires_grad = True
    if observe.observed():
        observe.show_operation(name, _inputs(rules), y, arguments)
    return y


def _inputs(rules: Sequence[tuple[Any, Callable]]) -> list[Tensor]:
    return [x for group, _ in rules for x in (group if isinstance(group, tuple) else (group,)) if x is not None]


def _share_version(y: Tensor, inputs: list[Tensor]) -> None:
    """A view of an input is the same memory: they count changes together."""
    for x in inputs:
        if y.data.base is x.data or y.data.base is x.data.base:
            y.version = x.version


def grad(
    outputs: Tensor | Sequence[Tensor],
    inputs: Tensor | Sequence[Tensor],
    grad_outputs: Any = None,
    create_graph: bool = False,
    retain_graph: bool | None = None,
    allow_unused: bool = False,
) -> tuple[Tensor | None, ...]:
    """The gradients of the outputs (summed) with respect to the inputs; no `.grad` is touched.

    Only the rules on the way to the inputs are run. An input that the outputs do not depend on is
    an error, or None with allow_unused=True.
    """
    outputs = [outputs] if isinstance(outputs, Tensor) else list(outputs)
    inputs = [inputs] if isinstance(inputs, Tensor) else list(inputs)
    if not isinstance(grad_outputs, (list, tuple)):
        grad_outputs = [grad_outputs] + [None] * (len(outputs) - 1)
    if len(grad_outputs) != len(outputs):
        raise ArgumentError("grad", f"{len(outputs)} outputs, but {len(grad_outputs)} grad_outputs.")
    seeds = [(y.source, upstream("grad", y, dy)) for y, dy in zip(outputs, grad_outputs, strict=True)]
    for i, x in enumerate(inputs):
        if x.source is None:
            raise GraphError("grad", f"input {i} needs requires_grad=True, set before it is used.")
    results = tape.walk(seeds, [x.source for x in inputs], create_graph, retain_graph)
    found = tuple(results.get(x.source) for x in inputs)
    unused = [i for i, dx in enumerate(found) if dx is None]
    if unused and not allow_unused:
        raise GraphError("grad", f"the outputs do not use input {unused[0]}; allow_unused=True gives None.")
    return found


def upstream(operation: str, y: Tensor, dy: Operand) -> Tensor:
    """The gradient that a backward pass starts from, checked against y."""
    if not y.requires_grad:
        raise GraphError(operation, "this tensor needs no gradient: no input of it has requires_grad=True.")
    if dy is None:
        if y.numel() != 1:
            raise ShapeError(operation, f"shape {y.shape} needs a gradient of that shape, or sum() first.")
        return Tensor(array_module(y.data).ones_like(y.data))
    dy = as_tensor(dy, like=y)
    same_device(operation, y, dy)
    if dy.shape != y.shape:
        raise ShapeError(operation, f"gradient has shape {dy.shape}, the tensor {y.shape}.")
    return dy.to(y.dtype)


# ---------------------------------------------------------------- arguments of operations


def as_tensor(value: Operand, like: Tensor | None = None) -> Tensor:
    """A Tensor as it is; an array wrapped; a number as a 0-d tensor of the dtype and device of `like`."""
    if isinstance(value, Tensor):
        on_its_gpu(value.data)
        return value
    if isinstance(value, (bool, int, float, complex, np.generic)) and like is not None:
        return Tensor(number_beside(like.data, value))
    try:
        array = value if is_array(value) else np.asarray(value)
    except ValueError:  # NumPy: "inhomogeneous shape"
        raise ShapeError("tensor", "nested lists must have rows of equal lengths.") from None
    if array.dtype.kind not in KINDS:
        raise DTypeError(
            "tensor",
            f"{type(value).__name__} {value!r} is not a number, an array or nested lists of numbers.",
        )
    if array.dtype == np.float64 and not is_array(value) and not isinstance(value, np.generic):
        array = array.astype(np.float32)  # Python floats are float32, as everywhere
    return Tensor(array)


def array_of(value: Any) -> Any:
    """The array inside a Tensor; anything else, also inside an index tuple, as it is."""
    if isinstance(value, tuple):
        return tuple(array_of(v) for v in value)
    return value.data if isinstance(value, Tensor) else value


def same_device(operation: str, *tensors: Tensor) -> None:
    """Refuse to mix arrays on different devices."""
    if any(x.device != tensors[0].device for x in tensors):
        names = " and ".join(sorted({x.device for x in tensors}))
        raise DeviceError(operation, f"its inputs are on {names}; move one with x.to(...).")


def same_dtype(operation: str, *tensors: Tensor) -> None:
    """Refuse to mix data types, where a silent promotion would cost time and memory."""
    if any(x.dtype != tensors[0].dtype for x in tensors):
        names = " and ".join(str(x.dtype) for x in tensors)
        raise DTypeError(operation, f"its inputs are {names}; convert with x.float(), x.double() or x.to(dtype).")
