"""Transfer learning: weights of another model, a new head, what is learned and how fast."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

import numpy as np

from tinyconv import nn
from tinyconv.errors import ArgumentError, DataError, UnknownNameError
from tinyconv.geometry import whole
from tinyconv.ledger.trace import Trace, trace
from tinyconv.models.network import smallest_picture
from tinyconv.tensor import as_tensor

from .files import load_tensors

# ---------------------------------------------------------------- weights of another model


@dataclass(frozen=True)
class Matched:
    """What `load_matching` did: paths that were loaded, and what was left out on either side.

    missing     the model has it, the state has not: it stays as it was
    unexpected  the state has it, the model has not
    different   path -> why it does not fit, "shape (1000, 512) there, (10, 512) here"
    """

    loaded: list[str]
    missing: list[str]
    unexpected: list[str]
    different: dict[str, str]

    def __str__(self) -> str:
        lines = [f"loaded {len(self.loaded)} tensors"]
        lines += [f"  left out: {path}: {why}" for path, why in self.different.items()]
        lines += [f"  left out: {path}: the model has no such tensor" for path in self.unexpected]
        lines += [f"  as it was: {path}: nothing to load" for path in self.missing]
        return "\n".join(lines)


def load_matching(source: str | os.PathLike[str] | Mapping[str, Any], model: nn.Module) -> Matched:
    """Load every tensor whose path and shape fit, and say what was left out and why.

    source  a file of weights or a checkpoint of a run (safetensors), or a state_dict
    Raises DataError, and nothing changes, if no parameter fits.   All or nothing: `load_weights`
    """
    state: Mapping[str, Any] = source if isinstance(source, Mapping) else _tensors_of(source)
    own = model.state_dict()
    given = {path: as_tensor(value) for path, value in state.items() if path in own}
    different = {path: why for path, value in given.items() if (why := _misfit(value, own[path]))}
    loaded = [path for path in given if path not in different]
    if {path for path, _ in model.named_parameters()}.isdisjoint(loaded):
        raise DataError(
            "load_matching",
            f"no parameter of this {type(model).__name__} fits. It has {_some(own)}; the source has {_some(state)}."
            + "".join(f"\n  {path}: {why}" for path, why in list(different.items())[:5]),
        )
    model.load_state_dict({path: given[path] for path in loaded}, strict=False)
    missing = [path for path in own if path not in state]
    return Matched(loaded, missing, [path for path in state if path not in own], different)


def _tensors_of(path: str | os.PathLike[str]) -> dict[str, np.ndarray]:
    """The weights in a file; a checkpoint has them under "model/"."""
    tensors, metadata = load_tensors(path)
    if "state" not in metadata:
        return tensors
    return {name.removeprefix("model/"): x for name, x in tensors.items() if name.startswith("model/")}


def _misfit(theirs: Any, ours: Any) -> str:
    if theirs.shape != ours.shape:
        return f"shape {theirs.shape} there, {ours.shape} here"
    return "" if np.can_cast(theirs.dtype, ours.dtype, "same_kind") else f"{theirs.dtype} there, {ours.dtype} here"


def _some(paths: Iterable[str]) -> str:
    names = list(paths)
    return ", ".join(names[:3]) + (f", ... ({len(names)} tensors)" if len(names) > 3 else "") or "nothing"


# ---------------------------------------------------------------- a new head


def replace_head(model: nn.Module, num_classes: int, layer: str | Sequence[str] | None = None) -> list[str]:
    """Put fresh layers for `num_classes` classes in the place of those that give the classes; returns their paths.

    layer  path of the Linear or Conv2d to replace, or several; found by `find_head` unless given
    The new ones are drawn as by nn.Linear and nn.Conv2d, on the device and in the precision of the old.
    Make the optimiser afterwards: it would go on with the old ones.   Raises what `find_head` raises, ArgumentError.
    """
    K = whole("replace_head", "num_classes", num_classes, least=1)
    paths = find_head(model, layer)
    modules = _modules(model)
    fresh = {id(modules[path]): _like(modules[path], K) for path in paths}
    for owner in list(modules.values()):
        for name, part in list(vars(owner).items()):  # a layer may be in several places
            if id(part) in fresh:
                setattr(owner, name, fresh[id(part)])
    return paths


def _like(old: nn.Module, K: int) -> nn.Module:
    """A layer with K outputs that takes what the old one takes."""
    new: nn.Module
    if isinstance(old, nn.Linear):
        new = nn.Linear(old.in_features, K, bias=old.bias is not None)
    else:
        assert isinstance(old, nn.Conv2d)  # for mypy: find_head gives no others
        window = old.kernel_size, old.stride, old.padding, old.dilation, old.groups
        new = nn.Conv2d(old.in_channels, K, *window, bias=old.bias is not None, padding_mode=old.padding_mode)
    weight: Any = old.weight
    return new.to(weight.device, weight.dtype).train(old.training)


def find_head(model: nn.Module, layer: str | Sequence[str] | None = None) -> list[str]:
    """The paths of the layers that give the classes, the main one first, then those of auxiliary classifiers.

    It is the Linear or Conv2d that the output comes from, with nothing that learns behind it; auxiliary ones are the
    last layers with as many outputs in parts that do not run in evaluation mode.
    layer  a path, or several, to be checked only
    Raises ArgumentError where that cannot be told, UnknownNameError for a path that is not there.
    """
    modules = _modules(model)
    if layer is not None:
        paths = [layer] if isinstance(layer, str) else list(layer)
        for path in paths:
            _check_layer(path, modules)
        return paths
    if not any(isinstance(m, (nn.Linear, nn.Conv2d)) for m in modules.values()):
        raise _cannot_tell(model, "it has no Linear and no Conv2d")
    try:
        t = trace(model, *_picture(model))
    except Exception as error:  # a net of the user's may raise anything
        raise _cannot_tell(model, f"it could not be run by itself ({error})") from error
    found = sorted(set(_sources(t, modules)))
    if len(found) != 1 or not found[0] or not isinstance(modules[found[0]], (nn.Linear, nn.Conv2d)):
        layers = ", ".join(f"{path or 'the net itself'} ({type(modules[path]).__name__})" for path in found)
        raise _cannot_tell(model, f"its output comes from {layers or 'no layer that learns'}")
    K = _outputs(modules[found[0]])
    classes = t.steps[t.outputs[0] - 1].shape[0]
    if classes != K:
        raise _cannot_tell(model, f"it gives {classes} numbers, and its last layer, {found[0]}, {K}")
    return [*found, *_auxiliary(t, modules, K)]


def _modules(model: nn.Module, path: str = "") -> dict[str, nn.Module]:
    """Every path and its module: one that is in several places has several."""
    found = {path: model}
    for name, child in vars(model).items():
        if isinstance(child, nn.Module):
            found |= _modules(child, _join(path, name))
    return found


def _sources(t: Trace, modules: Mapping[str, nn.Module]) -> Iterator[str]:
    """The layers that learn which the outputs come from, through steps that learn nothing."""
    stack, seen = list(t.outputs), set[int]()
    while stack:
        number = stack.pop()
        if number in seen or number == 0:
            continue
        seen.add(number)
        step = t.steps[number - 1]
        if step.module in modules and _is_layer(modules[step.module]):
            yield step.module
        else:
            stack += step.inputs


def _is_layer(module: nn.Module) -> bool:
    """Has it parameters of its own, not only in its parts?"""
    return any(isinstance(value, nn.Parameter) for value in vars(module).values())


def _auxiliary(t: Trace, modules: Mapping[str, nn.Module], K: int | None) -> Iterator[str]:
    """The last layer with K outputs of each part of which nothing runs in evaluation mode."""
    for part, owner in modules.items():
        inside = [f"{part}.{path}" for path, _ in owner.named_parameters()]
        if "." in part or not part or not inside or not t.idle.keys() >= set(inside):
            continue
        layers = [path for path in modules if f"{path}.".startswith(f"{part}.") and _outputs(modules[path]) == K]
        yield from layers[-1:]


def _outputs(module: nn.Module) -> int | None:
    return getattr(module, "out_features", getattr(module, "out_channels", None))


def _picture(model: nn.Module) -> tuple[int, ...]:
    """The shape of an input that the model takes."""
    first = next(m for m in model.modules() if isinstance(m, (nn.Linear, nn.Conv2d)))
    if isinstance(first, nn.Linear):
        return (first.in_features,)
    C, size = first.in_channels, getattr(model, "input_size", None)
    side = smallest_picture(model, C) if size is None else None
    return (C, side or 1, side or 1) if size is None else (C, *size[1:])


def _check_layer(path: str, modules: Mapping[str, nn.Module]) -> None:
    layers = [name for name, module in modules.items() if isinstance(module, (nn.Linear, nn.Conv2d))]
    if path not in modules:
        raise UnknownNameError("find_head", "layer", path, layers)
    if path not in layers or not path:
        kind = type(modules[path]).__name__
        raise ArgumentError("find_head", f"layer {path!r} is {kind}; a head is a Linear or a Conv2d.")


def _cannot_tell(model: nn.Module, reason: str) -> ArgumentError:
    layers = [path for path, m in model.named_modules() if path and isinstance(m, (nn.Linear, nn.Conv2d))]
    cure = f" Name it: layer={layers[-1]!r}, say." if layers else ""
    net = type(model).__name__
    return ArgumentError("find_head", f"cannot tell which layer of this {net} gives the classes: {reason}.{cure}")


# ---------------------------------------------------------------- what is learned, and how fast


def freeze(model: nn.Module, *patterns: str, statistics: bool = True) -> list[str]:
    """No longer learn the parameters whose paths a shell pattern matches, "features.*" or "*.bias"; returns the paths.

    statistics  also the running mean and variance of batch norm, where the pattern matches "....running_mean": the
                layer stays in evaluation mode, also after `model.train()`. False: they follow the batches as before,
                and so does what a frozen body computes (as in PyTorch with requires_grad=False).
    Dropout goes on.   Raises UnknownNameError for a pattern that matches nothing.
    """
    return _set_frozen("freeze", model, patterns, True, statistics)


def unfreeze(model: nn.Module, *patterns: str) -> list[str]:
    """Learn again what `freeze` froze, parameters and statistics; patterns, result and errors as there."""
    return _set_frozen("unfreeze", model, patterns, False, True)


def _set_frozen(
    operation: str, model: nn.Module, patterns: tuple[str, ...], frozen: bool, statistics: bool
) -> list[str]:
    parameters = dict(model.named_parameters())
    norms = {_join(path, "running_mean"): m for path, m in model.named_modules() if _keeps_statistics(m)}
    found = _matching(operation, patterns, [*parameters, *(norms if statistics else ())])
    for path in found:
        if path in parameters:
            parameters[path].requires_grad_(not frozen)
            if frozen:
                parameters[path].grad = None  # the optimiser would make another step with it
        else:
            norms[path].stays_in_evaluation = frozen
            norms[path].train(model.training)
    return [path for path in found if path in parameters]


def _keeps_statistics(module: nn.Module) -> bool:
    return getattr(module, "running_mean", None) is not None


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


def _matching(operation: str, patterns: Sequence[str], names: Sequence[str]) -> list[str]:
    """The names that a pattern matches, in their order; each pattern must match one."""
    if not patterns:
        raise ArgumentError(operation, "no pattern is given; '*' is everything.")
    for pattern in patterns:
        if not isinstance(pattern, str):
            raise ArgumentError(operation, f"{pattern!r} is {type(pattern).__name__}; a pattern is a string: '*.bias'.")
        if not any(fnmatchcase(name, pattern) for name in names):
            parts = {f"{name.rsplit('.', depth)[0]}.*" for name in names for depth in range(1, name.count(".") + 1)}
            raise UnknownNameError(operation, "parameter like", pattern, parts | set(names))
    return [name for name in names if any(fnmatchcase(name, pattern) for pattern in patterns)]


def parameter_groups(model: nn.Module, settings: Mapping[str, Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Groups for an optimiser, by shell patterns of paths:  SGD(parameter_groups(net, {...}), lr=0.01)

        {"fc.*": {"lr": 0.1}, "*": {"lr": 0.001}}

    The first pattern that matches wins. What is frozen is left out, and so is a group of which nothing is left.
    Raises UnknownNameError for a pattern that matches nothing; ArgumentError for one that comes too late, for a
    parameter that no pattern matches, and if everything is frozen.
    """
    name = "parameter_groups"
    paths = [path for path, _ in model.named_parameters()]
    _matching(name, list(settings), paths)
    first = {path: next((p for p in settings if fnmatchcase(path, p)), None) for path in paths}
    for pattern in settings:
        if pattern not in first.values():
            raise ArgumentError(name, f"all that {pattern!r} matches belongs to patterns before it; put it first.")
    learned = [(path, p) for path, p in model.named_parameters() if p.requires_grad]
    if not learned:
        raise ArgumentError(name, "every parameter is frozen; unfreeze(model, '*') thaws them.")
    for path, _ in learned:
        if first[path] is None:
            problem = f"no pattern matches {path!r}: it would not be learned. End with '*', or freeze it."
            raise ArgumentError(name, problem)
    groups = [
        {"params": [p for path, p in learned if first[path] == pattern], **settings[pattern]} for pattern in settings
    ]
    return [group for group in groups if group["params"]]
