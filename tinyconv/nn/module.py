"""Module: a layer, or a net of layers; it owns parameters, buffers and other modules as plain attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextvars import ContextVar
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from tinyconv import observe, tape
from tinyconv.backend import memory_error
from tinyconv.errors import ArgumentError, DTypeError, TinyconvError
from tinyconv.tensor import Tensor, array_of

from .state import Unmatched, values_for

if TYPE_CHECKING:
    from tinyconv.ledger import Summary

_running: ContextVar[tuple[Module, ...]] = ContextVar("tinyconv_running", default=())  # outermost first


class Parameter(Tensor):
    """A Tensor that a module learns: it requires a gradient unless told otherwise."""

    __slots__ = ()

    def __init__(self, data: Any, requires_grad: bool = True):
        super().__init__(array_of(data), requires_grad)

    def __repr__(self) -> str:
        return f"Parameter {super().__repr__()}"


class Module:
    """Base of all layers and nets. Subclasses set attributes in `__init__` and define `forward`.

        class Net(nn.Module):
            def __init__(self):
                self.conv = nn.Conv2d(1, 8, kernel_size=3)
                self.head = nn.Linear(8 * 26 * 26, 10)

            def forward(self, x):
                return self.head(self.conv(x).relu().flatten(1))

    A Parameter or a Module assigned to an attribute belongs to the module, under that name. Those in a
    list or a dict do not (as in PyTorch): use Sequential, ModuleList or ModuleDict.
    `super().__init__()` need not be called.
    `training` is True at first and after `train()`, False after `eval()`.
    """

    training = True
    stays_in_evaluation = False  # also after train(), until somebody changes it: a norm whose statistics are frozen
    _buffers: tuple[str, ...] = ()
    _forward_hooks: list[Callable] | None = None

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        running = (*_running.get(), self)
        token = _running.set(running)
        try:
            if observe.observed():
                with observe.inside_module(_path(running[-2:]), type(self).__name__):
                    output = self.forward(*inputs, **options)
            else:
                output = self.forward(*inputs, **options)
        except TinyconvError as error:
            error.module = error.module or _path(running)
            raise
        except MemoryError as error:
            raise memory_error(type(self).__name__, error, _path(running)) from None
        finally:
            _running.reset(token)
        for hook in tuple(self._forward_hooks or ()):  # a hook may take itself off
            changed = hook(self, inputs, output)
            output = output if changed is None else changed
        return output

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, (Module, Parameter)):
            _check_name(self, name)
        elif value is not None:
            _check_replacement(self, name, value)
        object.__setattr__(self, name, value)

    def register_forward_hook(self, hook: Callable) -> tape.Handle:
        """Call `hook(module, inputs, output)` after each forward pass; what it returns replaces the output.

        Nothing returned, nothing replaced.
        """
        if self._forward_hooks is None:
            self._forward_hooks = []
        return tape.Handle(self._forward_hooks, hook)

    # ------------------------------------------------------------ what it owns

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """Own a tensor that is saved and moved with the module but not learned (a running mean, say)."""
        _check_name(self, name)
        if tensor is not None and not isinstance(tensor, Tensor):
            kind = type(tensor).__name__
            raise ArgumentError("register_buffer", f"{name} is {kind}; wrap it with tinyconv.tensor(...).")
        if name not in self._buffers:
            self._buffers = (*self._buffers, name)
        setattr(self, name, tensor)

    def _owned(self, kind: type) -> list[tuple[str, Any]]:
        return [(name, value) for name, value in vars(self).items() if isinstance(value, kind)]

    def _owned_buffers(self) -> list[tuple[str, Tensor]]:
        return [(name, vars(self)[name]) for name in self._buffers if vars(self).get(name) is not None]

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules directly inside this one; a shared one comes once."""
        return _once(self._owned(Module))

    def children(self) -> Iterator[Module]:
        return (m for _, m in self.named_children())

    def named_modules(self, prefix: str = "") -> Iterator[tuple[str, Module]]:
        """(path, module) of this module and of all inside it, parents first; a shared one comes once."""
        seen: set[int] = set()
        stack = [(prefix, self)]
        while stack:
            path, module = stack.pop()
            if id(module) in seen:
                continue
            seen.add(id(module))
            yield path, module
            stack += reversed([(_join(path, name), child) for name, child in module.named_children()])

    def modules(self) -> Iterator[Module]:
        return (m for _, m in self.named_modules())

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter) of everything learned, in the order of definition; a shared one comes once."""
        return _once((_join(path, name), p) for path, m in self.named_modules() for name, p in m._owned(Parameter))

    def parameters(self) -> Iterator[Parameter]:
        return (p for _, p in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """(path, tensor) of everything saved but not learned; a shared one comes once."""
        return _once((_join(path, name), b) for path, m in self.named_modules() for name, b in m._owned_buffers())

    def buffers(self) -> Iterator[Tensor]:
        return (b for _, b in self.named_buffers())

    # ------------------------------------------------------------ changing it as a whole

    def train(self, mode: bool = True) -> Module:
        """Training mode (dropout drops, batch norm uses the batch) for this module and all inside it."""
        for module in self.modules():
            module.training = mode and not module.stays_in_evaluation
        return self

    def eval(self) -> Module:
        """Evaluation mode: dropout passes everything, batch norm uses the running statistics."""
        return self.train(False)

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call `function` on every module inside, then on this one."""
        for child in self.children():
            child.apply(function)
        function(self)
        return self

    def zero_grad(self) -> None:
        """Forget all gradients."""
        for p in self.parameters():
            p.grad = None

    def requires_grad_(self, requires_grad: bool = True) -> Module:
        """Freeze (False) or unfreeze all parameters."""
        for p in self.parameters():
            p.requires_grad_(requires_grad)
        return self

    def to(self, *targets: Any, device: str | None = None, dtype: Any = None) -> Module:
        """Move everything to a device, or what is floating point to a dtype; in place, gradients too."""
        targets += tuple(target for target in (device, dtype) if target is not None)
        devices = [t for t in targets if isinstance(t, str) and t.partition(":")[0] in ("cpu", "cuda")]
        kind = Tensor(np.empty(0, np.float32)).to(*targets).dtype  # refuses what cannot be, before anything changes
        if kind.kind not in "fc":
            raise DTypeError("Module.to", f"parameters are floating-point numbers; they cannot be {kind}.")
        gradients = [p.grad for p in self.parameters() if p.grad is not None]
        with tape.no_grad():
            for tensor in (*self.parameters(), *self.buffers(), *gradients):
                data = tensor.to(*(targets if tensor.dtype.kind in "fc" else devices)).data
                if data is not tensor.data:
                    tensor.data = data
                    tensor.version.count += 1
        return self

    def cpu(self) -> Module:
        return self.to("cpu")

    def cuda(self) -> Module:
        return self.to("cuda")

    def float(self) -> Module:
        return self.to(np.float32)

    def double(self) -> Module:
        return self.to(np.float64)

    # ------------------------------------------------------------ saving and loading

    def state_dict(self) -> dict[str, Tensor]:
        """Path -> tensor for all parameters and buffers. They share memory with the module.

        What is shared inside the module stands under each of its paths, as in PyTorch.
        """
        return {path: tensor.detach() for path, tensor in self._named_tensors()}

    def _named_tensors(self, prefix: str = "") -> Iterator[tuple[str, Tensor]]:
        for name, tensor in self._owned(Parameter) + self._owned_buffers():
            yield _join(prefix, name), tensor
        for name, child in self._owned(Module):
            yield from child._named_tensors(_join(prefix, name))

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> Unmatched:
        """Copy values in by path, arrays or tensors of any precision. Nothing changes unless everything fits.

        strict=False passes over paths that only one side has, and returns them; shapes must agree even so.
        """
        own = dict(self._named_tensors())
        values = values_for(own, state, type(self).__name__, strict)
        with tape.no_grad():
            for path, value in values.items():
                own[path].copy_(value)
        return Unmatched([path for path in own if path not in state], [path for path in state if path not in own])

    # ------------------------------------------------------------ looking at it

    def extra_repr(self) -> str:
        """The layer's own arguments, for its repr."""
        return ""

    def summary(self, input_size: Iterable[int] | None = None, batch_size: int = 1, optimizer: Any = "sgd") -> Summary:
        """A table by layer: output shape, parameters, multiply-adds, receptive field, memory; and their totals.

        input_size  (C, H, W) of a picture; a model of the zoo knows its own
        batch_size, optimizer  of the training step whose memory is predicted: "sgd" (with momentum), "adam", ..., or
                    what makes an optimiser of parameters, such as optim.SGD
        The net is not changed, and next to nothing computed. `str()` of the result is the table, `rows`,
        `parameters`, `peak`, ... are the numbers. Raises ArgumentError, and what the net raises for such a picture.
        """
        from tinyconv.ledger import summary

        return summary(self, input_size, batch_size, optimizer)

    def __repr__(self) -> str:
        name, own, children = type(self).__name__, self.extra_repr(), self._owned(Module)
        if not children:
            return f"{name}({own})"
        lines = [f"({path}): {module!r}" for path, module in children]
        if own:
            lines.insert(0, own)
        inside = "\n".join(lines).replace("\n", "\n  ")
        return f"{name}(\n  {inside}\n)"


# ---------------------------------------------------------------- paths


def _path(running: Sequence[Module]) -> str:
    """ "block2.conv1": where each of these modules lies inside the one before it, which called it."""
    return ".".join(filter(None, (_place(inner, outer) for outer, inner in pairwise(running))))


def path_of_running(tensor: Tensor) -> str:
    """ "block2.conv1.weight": where a parameter or buffer lies in the net that is being run; "" if nowhere."""
    running = _running.get()
    named = running[0]._named_tensors() if running else ()
    return next((path for path, own in named if own is tensor), "")


def buffers_of_running() -> list[tuple[str, Tensor]]:
    """The buffers of the layer that is being run."""
    running = _running.get()
    return running[-1]._owned_buffers() if running else []


def _place(inner: Module, outer: Module) -> str:
    """The path from one module to another; the class name for one that does not belong to it."""
    return next((path for path, module in outer.named_modules() if module is inner), type(inner).__name__)


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _once(named: Iterable[tuple[str, Any]]) -> Iterator[tuple[str, Any]]:
    """The pairs whose second part has not come before."""
    seen: set[int] = set()
    for path, thing in named:
        if id(thing) not in seen:
            seen.add(id(thing))
            yield path, thing


# ---------------------------------------------------------------- checks


def _check_name(module: Module, name: str) -> None:
    if hasattr(Module, name):
        problem = f"{name!r} belongs to every Module and cannot name a part; choose another name."
        raise ArgumentError(type(module).__name__, problem)
    if not name or "." in name:
        raise ArgumentError(type(module).__name__, f"{name!r} cannot name a part: paths are made with dots.")


def _check_replacement(module: Module, name: str, value: Any) -> None:
    """A number or array in the place of a parameter would silently no longer be learned, or saved."""
    old = vars(module).get(name)
    kind: type | None = next((k for k in (Module, Parameter) if isinstance(old, k)), None)
    if kind is None and name in module._buffers:
        kind = Tensor
    if kind is not None and not isinstance(value, kind):
        raise ArgumentError(
            type(module).__name__,
            f"{name} is a {kind.__name__}, and {type(value).__name__} cannot take its place. "
            f"Assign a {kind.__name__}, or None.",
        )
