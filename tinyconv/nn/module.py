"""Module: a layer, or a net of layers; it owns parameters, buffers and other modules as plain attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np

from tinyconv import tape
from tinyconv.backend import move
from tinyconv.errors import ArgumentError, ShapeError, TinyconvError, UnknownNameError
from tinyconv.tensor import Tensor, array_of, as_dtype


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

    A Parameter or a Module assigned to an attribute belongs to the module, under that name.
    `training` is True after `train()` (and at first), False after `eval()`.
    """

    training = True
    name = ""  # the attribute of the parent that holds this module
    _buffers: tuple[str, ...] = ()
    _forward_hooks: list[Callable] | None = None

    def forward(self, *inputs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} does not define forward()")

    def __call__(self, *inputs: Any) -> Any:
        try:
            if tape.observed():
                with tape.inside_module(self.name):
                    output = self.forward(*inputs)
            else:
                output = self.forward(*inputs)
        except TinyconvError as error:  # say which layer it was: "block2.conv1"
            error.module = ".".join(filter(None, (self.name, error.module)))
            raise
        for hook in self._forward_hooks or ():
            changed = hook(self, inputs, output)
            output = output if changed is None else changed
        return output

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, Module):
            value.name = name
        object.__setattr__(self, name, value)

    def register_forward_hook(self, hook: Callable) -> tape.Handle:
        """Call `hook(module, inputs, output)` after each forward pass; what it returns, if anything, replaces the output."""
        if self._forward_hooks is None:
            self._forward_hooks = []
        return tape.Handle(self._forward_hooks, hook)

    # ------------------------------------------------------------ what it owns

    def register_buffer(self, name: str, tensor: Tensor) -> None:
        """Own a tensor that is saved and moved with the module but not learned (a running mean, say)."""
        self._buffers = (*self._buffers, name)
        setattr(self, name, tensor)

    def named_children(self) -> Iterator[tuple[str, Module]]:
        """(name, module) of the modules directly inside this one."""
        return ((name, m) for name, m in vars(self).items() if isinstance(m, Module))

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
        seen: set[int] = set()
        for path, module in self.named_modules():
            for name, value in vars(module).items():
                if isinstance(value, Parameter) and id(value) not in seen:
                    seen.add(id(value))
                    yield _join(path, name), value

    def parameters(self) -> Iterator[Parameter]:
        return (p for _, p in self.named_parameters())

    def named_buffers(self) -> Iterator[tuple[str, Tensor]]:
        """(path, tensor) of everything saved but not learned."""
        for path, module in self.named_modules():
            for name in module._buffers:
                yield _join(path, name), getattr(module, name)

    def buffers(self) -> Iterator[Tensor]:
        return (b for _, b in self.named_buffers())

    # ------------------------------------------------------------ changing it as a whole

    def train(self, mode: bool = True) -> Module:
        """Training mode (dropout drops, batch norm uses the batch) for this module and all inside it."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """Evaluation mode: dropout passes everything, batch norm uses the running statistics."""
        return self.train(False)

    def apply(self, function: Callable[[Module], Any]) -> Module:
        """Call `function` on every module inside, then on this one."""
        for module in reversed(list(self.modules())):
            function(module)
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

    def to(self, *targets: Any) -> Module:
        """Move parameters and buffers to a device, or floating-point ones to a dtype; in place."""
        for tensor in [*self.parameters(), *self.buffers()]:
            for target in targets:
                if isinstance(target, str) and target.partition(":")[0] in ("cpu", "cuda"):
                    tensor.data = move(tensor.data, target)
                elif tensor.dtype.kind == "f":
                    tensor.data = tensor.data.astype(as_dtype("to", target), copy=False)
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
        """Path -> tensor for all parameters and buffers; they share memory with the module."""
        tensors = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        return {path: tensor.detach() for path, tensor in tensors.items()}

    def load_state_dict(self, state: Mapping[str, Any], strict: bool = True) -> None:
        """Copy values in by path. Nothing changes unless everything fits.

        strict=False ignores missing and unexpected paths; shapes must agree all the same.
        """
        own = {**dict(self.named_parameters()), **dict(self.named_buffers())}
        name = "load_state_dict"
        missing = [path for path in own if path not in state]
        unexpected = [path for path in state if path not in own]
        if strict and unexpected:
            raise UnknownNameError(name, "parameter or buffer", unexpected[0], own)
        if strict and missing:
            raise ArgumentError(name, f"the state has no {', '.join(missing)}; strict=False would leave them as they are.")
        for path in own.keys() & state.keys():
            if tuple(state[path].shape) != own[path].shape:
                raise ShapeError(name, f"{path} has shape {tuple(state[path].shape)}, the module's has {own[path].shape}.")
        with tape.no_grad():
            for path in own.keys() & state.keys():
                value = array_of(state[path])
                own[path].copy_(move(value, own[path].device) if isinstance(state[path], Tensor) else value)

    # ------------------------------------------------------------ looking at it

    def extra_repr(self) -> str:
        """The layer's own arguments, for its repr."""
        return ""

    def __repr__(self) -> str:
        children = list(self.named_children())
        if not children:
            return f"{type(self).__name__}({self.extra_repr()})"
        lines = [f"({name}): {module!r}".replace("\n", "\n  ") for name, module in children]
        return "\n  ".join([f"{type(self).__name__}(", *lines]) + "\n)"


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name
