"""The boxes of a diagram: what is written in each, and which follow which."""

from __future__ import annotations

import re

from tinyconv.nn.module import Module

from .diagram_parts import Cell
from .trace import Step, Trace

# operation or class of layer -> what it is called, what colour it has, whether it is a strip below the layer before
KNOWN = {
    "conv1d": ("conv", "convolution", False),
    "conv2d": ("conv", "convolution", False),
    "conv_transpose1d": ("transposed conv", "convolution", False),
    "conv_transpose2d": ("transposed conv", "convolution", False),
    "linear": ("dense", "dense", False),
    "matmul": ("matrix product", "dense", False),
    "max_pool2d": ("max pool", "pooling", False),
    "avg_pool2d": ("average pool", "pooling", False),
    "adaptive_avg_pool2d": ("average pool to", "pooling", False),
    "adaptive_max_pool2d": ("max pool to", "pooling", False),
    "roi_pool": ("RoI pool to", "pooling", False),
    "roi_align": ("RoI align", "pooling", False),
    "mean": ("mean", "pooling", False),
    "resample": ("resize", "pooling", False),
    "batch_norm": ("batch norm", "normalisation", True),
    "local_response_norm": ("local response norm", "normalisation", True),
    "relu": ("ReLU", "activation", True),
    "relu6": ("ReLU6", "activation", True),
    "leaky_relu": ("leaky ReLU", "activation", True),
    "elu": ("ELU", "activation", True),
    "silu": ("SiLU", "activation", True),
    "tanh": ("tanh", "activation", True),
    "sigmoid": ("sigmoid", "activation", True),
    "softmax": ("softmax", "activation", True),
    "log_softmax": ("log softmax", "activation", True),
    "dropout": ("dropout", "dropout", True),
    "reshape": ("reshape", "other", True),
    "add": ("sum", "+", False),
    "mul": ("product", "×", False),
    "cat": ("concat", "concat", False),
}
SCALARS = {"add": "+ constant", "mul": "× constant"}  # with a number or a parameter instead of a second branch


def cells(net: Module, t: Trace) -> list[Cell]:
    """A cell for the picture, then one for each layer that ran; one for each operation outside of layers."""
    leaves = {path: not list(module.children()) for path, module in net.named_modules()}
    found = [Cell("input", "", "input", t.picture)]
    place = {0: 0}  # step -> its cell
    groups: list[list[Step]] = []
    for step in t.steps:
        if groups and _belongs(step, groups[-1], leaves.get(step.module, False)):
            groups[-1].append(step)
        else:
            groups.append([step])
    for group in groups:
        inside = {step.number for step in group}
        inputs = dict.fromkeys(place[i] for step in group for i in step.inputs if i not in inside)
        place |= dict.fromkeys(inside, len(found))
        found.append(_cell(group, tuple(inputs)))
    return found


def _belongs(step: Step, group: list[Step], leaf: bool) -> bool:
    """Is it part of the same layer's work?   A mean is a sum and a quotient, resizing goes by rows and by columns."""
    last = group[-1]
    if step.module != last.module or last.number not in step.inputs:
        return False
    if (last.operation, step.operation) in (("sum", "div"), ("resample", "resample")):
        return True
    again = len(group) == 1 and step.operation == last.operation  # a layer that is called twice, running
    return leaf and not again


def _cell(group: list[Step], inputs: tuple[int, ...]) -> Cell:
    first, last = group[0], group[-1]
    text, kind, slight = _kind(group, inputs)
    if text == "reshape":
        text = "flatten" if len(last.shape) == 1 else "reshape to " + "×".join(map(str, last.shape))
    for step in group:
        text += _details(step)
    if kind == "pooling" and _of_whole_picture(last):
        text = "global max pool" if "max" in text else "global average pool"
    elif first.layer.startswith("Adaptive"):
        text = text.partition(" pool")[0] + " pool to " + "×".join(map(str, last.shape[1:]))
    return Cell(text, first.module, kind, last.shape, slight and len(inputs) == 1, inputs)


def _kind(group: list[Step], inputs: tuple[int, ...]) -> tuple[str, str, bool]:
    """Name, colour, whether it is slight: of the operation if it is known, else after the layer's class."""
    first, last = group[0], group[-1]
    operations = [step.operation for step in group]
    if operations == ["sum", "div"]:
        return KNOWN["mean"]
    known = list(dict.fromkeys(operation for operation in operations if operation in KNOWN))
    if len(set(operations)) == 1 and known:
        alone = len(inputs) == 1 and known[0] in SCALARS
        return (SCALARS[known[0]], "other", True) if alone else KNOWN[known[0]]
    if len(known) == 1 and known[0] not in SCALARS and len(group) == 2:  # what it is, and its bias or border
        return KNOWN[known[0]]
    name = _words(first.operation if len(group) == 1 else first.layer)
    if "sampling" in name or "pool" in name:
        return name, "pooling", False
    unchanged = first.operands[0][1:] == last.shape and not any(step.parameters for step in group)
    return name, "activation" if unchanged else "other", unchanged


def _of_whole_picture(step: Step) -> bool:
    window = step.arguments.get("window")
    seen = window is None or step.operands[0][2:] == window.size
    return seen and (step.shape[1:] == (1, 1) or len(step.shape) == 1)


def _details(step: Step) -> str:
    """ " 3×3, stride 2", of a convolution or pooling"""
    size = step.arguments.get("size", step.arguments.get("output_size"))
    if isinstance(size, tuple):
        return f" {size[0]}×{size[1]}"
    window = step.arguments.get("window")
    if window is None:
        return ""
    text = " " + "×".join(map(str, window.size))
    for name in ("stride", "dilation"):
        rows, columns = getattr(window, name)
        if (rows, columns) != (1, 1):
            text += f", {name} {rows}" + (f"×{columns}" if columns != rows else "")
    if window.groups > 1:
        depthwise = len(step.shape) == 3 and window.groups == step.shape[0]
        text += ", depthwise" if depthwise else f", {window.groups} groups"
    return text


def _words(name: str) -> str:
    """ "ScaledTanh" -> "scaled tanh", "max_unpool2d" -> "max unpool" """
    return re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name).replace("_", " ").replace("2d", "").lower()
