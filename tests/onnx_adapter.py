"""ONNX graphs, run with tinyconv's functions: what the conformance tests need of ONNX, and no more.

Each operator is a function of a Node that returns a Tensor, or several. It raises OutOfScopeError, with the reason,
for a variant that tinyconv does not have. Operators of shapes and constants, which have no gradient, are in NumPy.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from onnx import helper, numpy_helper

import tinyconv as tc
import tinyconv.nn.functional as F
from tinyconv.tensor import Tensor


class OutOfScopeError(Exception):
    """Something that tinyconv does not have; the message is the reason."""


@dataclass
class Node:
    """One node of a graph: its operator's name and attributes, and its inputs."""

    op: str
    attributes: dict[str, Any]
    inputs: list[Tensor | None]
    opset: int
    outputs: list[str]  # names; "" for one that nobody wants
    values: dict[str, Any]  # all that the graph has computed so far

    def __getitem__(self, i: int) -> Tensor:
        return self.inputs[i]

    def get(self, i: int) -> Tensor | None:
        """An input that may be left out."""
        return self.inputs[i] if i < len(self.inputs) else None

    def list(self, i: int, attribute: str = "") -> Any:
        """An input as Python numbers (before: an attribute); None if it is left out."""
        x = self.get(i)
        return self.attributes.get(attribute) if x is None else x.data.tolist()

    def option(self, name: str, default: Any = None) -> Any:
        return self.attributes.get(name, default)

    def refuse(self, **reasons: str) -> None:
        """OutOfScopeError for attributes that are there and not 0."""
        for name, reason in reasons.items():
            if self.option(name):
                raise OutOfScopeError(reason)


OPERATORS: dict[str, Callable[[Node], Any]] = {}


def operator(*names: str) -> Callable:
    def add(function: Callable[[Node], Any]) -> Callable[[Node], Any]:
        OPERATORS.update(dict.fromkeys(names, function))
        return function

    return add


def run(model: Any, inputs: list[Any]) -> list[np.ndarray]:
    """The outputs of a model. Raises OutOfScopeError."""
    graph = model.graph
    opset = {entry.domain: entry.version for entry in model.opset_import}
    values: dict[str, Any] = {"": None}
    for constant in graph.initializer:
        values[constant.name] = tensor_of(numpy_helper.to_array(constant))
    free = [entry.name for entry in graph.input if entry.name not in values]
    values |= {name: tensor_of(x) for name, x in zip(free, inputs, strict=False)}
    for node in graph.node:
        if node.op_type not in OPERATORS:
            raise OutOfScopeError(f"it needs {node.op_type}")
        attributes = {a.name: helper.get_attribute_value(a) for a in node.attribute}
        attributes = {name: text_of(value) for name, value in attributes.items()}
        ins, outs = [values[name] for name in node.input], list(node.output)
        call = Node(node.op_type, attributes, ins, opset.get(node.domain, 1), outs, values)
        results = OPERATORS[node.op_type](call)
        results = results if isinstance(results, (tuple, list)) else (results,)
        values |= {name: y for name, y in zip(outs, results, strict=False) if name}
    missing = [entry.name for entry in graph.output if entry.name not in values]
    if missing:
        raise OutOfScopeError(f"no second result {missing[0]!r}")
    return [values[entry.name].detach().numpy() for entry in graph.output]


def check_dtype(dtype: Any) -> None:
    if np.dtype(dtype).kind not in "biufc" or np.dtype(dtype).isbuiltin != 1:
        raise OutOfScopeError("no data types but NumPy's own")


def text_of(value: Any) -> Any:
    """Text comes as bytes."""
    if isinstance(value, list):
        return [text_of(part) for part in value]
    return value.decode() if isinstance(value, bytes) else value


def tensor_of(array: Any) -> Tensor:
    """A Tensor; one that records, if it is of floating point."""
    if array is None or isinstance(array, (list, str)) or np.asarray(array).dtype.kind in "OUS":
        raise OutOfScopeError("sequences, optionals and strings are no tensors")
    array = np.asarray(array)
    check_dtype(array.dtype)
    return Tensor(array, requires_grad=array.dtype.kind == "f")


# ---------------------------------------------------------------- element by element

SIMPLE = {
    "Abs": tc.abs, "Add": tc.add, "And": tc.logical_and, "Equal": tc.eq, "Exp": tc.exp, "Greater": tc.gt,
    "GreaterOrEqual": tc.ge, "HardSwish": F.hardswish, "Identity": lambda x: x, "Less": tc.lt, "LessOrEqual": tc.le,
    "Log": tc.log, "MatMul": tc.matmul, "Mul": tc.mul, "Neg": tc.neg, "Not": tc.logical_not, "Or": tc.logical_or,
    "Reciprocal": lambda x: 1 / x, "Relu": tc.relu, "Sigmoid": tc.sigmoid, "Softplus": F.softplus, "Sqrt": tc.sqrt,
    "Sub": tc.sub, "Tanh": tc.tanh, "Where": tc.where, "Xor": tc.ne,
}  # fmt: skip
for name, function in SIMPLE.items():
    OPERATORS[name] = lambda node, function=function: function(*node.inputs)


@operator("Div")
def div(node):
    if node[0].dtype.kind in "iu":
        raise OutOfScopeError("no division that rounds")
    return node[0] / node[1]


@operator("Pow")
def pow(node):
    if node[0].dtype.kind != node[1].dtype.kind or node[0].dtype.kind != "f":
        base, exponent = node[0].dtype, node[1].dtype
        if base != exponent and base.kind != "f":
            raise OutOfScopeError("powers of another data type than the base's: promoted, as in PyTorch")
    return tc.pow(node[0], node[1])


@operator("Sum", "Max", "Min", "Mean")
def many(node):
    function = {"Sum": tc.add, "Max": tc.maximum, "Min": tc.minimum, "Mean": tc.add}[node.op]
    y = node[0]
    for x in node.inputs[1:]:
        y = function(y, x)
    return y / len(node.inputs) if node.op == "Mean" else y


@operator("Clip")
def clip(node):
    low, high = node.list(1, "min"), node.list(2, "max")
    if low is not None and high is not None and low > high:
        raise OutOfScopeError("a min above the max is an error")
    return node[0] if low is None and high is None else tc.clip(node[0], low, high)


@operator("LeakyRelu")
def leaky_relu(node):
    return F.leaky_relu(node[0], node.option("alpha", 0.01))


@operator("Elu")
def elu(node):
    return F.elu(node[0], node.option("alpha", 1.0))


@operator("Selu")
def selu(node):
    alpha, gamma = node.option("alpha", 1.67326319217681884765625), node.option("gamma", 1.05070102214813232421875)
    return gamma * F.elu(node[0], alpha)


@operator("PRelu")
def prelu(node):
    x, slope = node.inputs
    per_channel = slope.ndim == x.ndim - 1 and slope.numel() == slope.shape[0]  # (C, 1, 1)
    if slope.numel() == 1 or per_channel or node.opset < 7:
        return F.prelu(x, slope.reshape(-1))
    return tc.where(x > 0, x, slope * x)  # a slope of its own for each element


@operator("Gelu")
def gelu(node):
    return F.gelu(node[0], node.option("approximate", "none"))


@operator("HardSigmoid")
def hard_sigmoid(node):
    alpha, beta = node.option("alpha", 0.2), node.option("beta", 0.5)
    if abs(alpha - 1 / 6) < 1e-7 and beta == 0.5:
        return F.hardsigmoid(node[0])
    return tc.clip(alpha * node[0] + beta, 0, 1)


@operator("Swish")
def swish(node):
    alpha = node.option("alpha", 1.0)
    return F.silu(node[0]) if alpha == 1 else node[0] * tc.sigmoid(alpha * node[0])


@operator("Mish")
def mish(node):
    return node[0] * tc.tanh(F.softplus(node[0]))


@operator("Softmax", "LogSoftmax")
def softmax(node):
    function, x = {"Softmax": F.softmax, "LogSoftmax": F.log_softmax}[node.op], node[0]
    if node.opset >= 13:
        return function(x, node.option("axis", -1))
    axis = node.option("axis", 1) % x.ndim  # all axes from this one on are one
    return function(x.reshape(math.prod(x.shape[:axis]), -1), 1).reshape(x.shape)


@operator("Dropout")
def dropout(node):
    ratio, training = node.list(1, "ratio"), bool(node.list(2) or False)
    ratio = 0.5 if ratio is None else ratio
    if training and ratio:
        raise OutOfScopeError("which elements are dropped is each library's own")
    return F.dropout(node[0], ratio, training), Tensor(np.ones(node[0].shape, bool))


# ---------------------------------------------------------------- products, sums, extremes


@operator("Gemm")
def gemm(node):
    a = node[0].T if node.option("transA") else node[0]
    b = node[1].T if node.option("transB") else node[1]
    y = node.option("alpha", 1.0) * (a @ b)
    return y if node.get(2) is None else y + node.option("beta", 1.0) * node[2]


def log_sum_exp(x, dim, keepdim):
    highest = tc.amax(x, dim, keepdim=True).detach()
    highest = tc.where(tc.abs(highest) == np.inf, 0, highest)
    y = tc.log(tc.sum(tc.exp(x - highest), dim, keepdim=True)) + highest
    return y if keepdim else tc.squeeze(y, dim)


REDUCTIONS = {
    "ReduceSum": tc.sum,
    "ReduceMean": tc.mean,
    "ReduceMax": tc.amax,
    "ReduceMin": tc.amin,
    "ReduceL1": lambda x, *how: tc.sum(tc.abs(x), *how),
    "ReduceL2": lambda x, *how: tc.sqrt(tc.sum(x * x, *how)),
    "ReduceSumSquare": lambda x, *how: tc.sum(x * x, *how),
    "ReduceLogSum": lambda x, *how: tc.log(tc.sum(x, *how)),
    "ReduceLogSumExp": log_sum_exp,
}


@operator(*REDUCTIONS)
def reduce(node):
    x, axes = node[0], node.list(1, "axes")
    if not axes:
        if node.option("noop_with_empty_axes"):
            axes, x = (), x.unsqueeze(-1)  # one element at a time
            return REDUCTIONS[node.op](x, -1, False)
        axes = range(x.ndim)
    if node.op in ("ReduceMax", "ReduceMin", "ReduceLogSumExp"):
        if x.dtype.kind == "b":
            raise OutOfScopeError("no extremes of bool")
        if not math.prod(x.shape[axis] for axis in axes):
            raise OutOfScopeError("the largest or smallest of nothing is an error, as in PyTorch")
    return REDUCTIONS[node.op](x, tuple(axes), bool(node.option("keepdims", 1)))


@operator("ArgMax", "ArgMin")
def argmax(node):
    x = node[0] if node.op == "ArgMax" else -node[0]
    axis, last = node.option("axis", 0), node.option("select_last_index", 0)
    if last:  # the first of equals, seen from the end
        x = x[(slice(None),) * (axis % x.ndim) + (slice(None, None, -1),)]
    y = tc.argmax(x, axis, keepdim=bool(node.option("keepdims", 1)))
    return x.shape[axis] - 1 - y if last else y


# ---------------------------------------------------------------- shapes


@operator("Concat")
def concat(node):
    return tc.cat(node.inputs, node.option("axis", 1))


@operator("Split")
def split(node):
    x, axis, sizes = node[0], node.option("axis", 0), node.list(1, "split")
    return tc.split(x, sizes or -(-x.shape[axis] // len(node.outputs)), axis)


@operator("Reshape")
def reshape(node):
    shape = node.list(1, "shape")
    if not node.option("allowzero"):
        shape = [node[0].shape[i] if n == 0 else n for i, n in enumerate(shape)]
    elif 0 in shape and -1 in shape:
        raise OutOfScopeError("a free size beside 0 is not known")
    return node[0].reshape(shape)


@operator("Transpose")
def transpose(node):
    return node[0].permute(node.option("perm") or tuple(reversed(range(node[0].ndim))))


@operator("Squeeze")
def squeeze(node):
    axes = node.list(1, "axes")
    return tc.squeeze(node[0]) if axes is None else tc.squeeze(node[0], tuple(axes))


@operator("Unsqueeze")
def unsqueeze(node):
    y, axes = node[0], node.list(1, "axes")
    for axis in sorted(axis % (y.ndim + len(axes)) for axis in axes):
        y = tc.unsqueeze(y, axis)
    return y


@operator("Flatten")
def flatten(node):
    x, axis = node[0], node.option("axis", 1)
    axis += x.ndim if axis < 0 else 0
    return x.reshape(math.prod(x.shape[:axis]), -1)


@operator("Expand")
def expand(node):
    return node[0].expand(np.broadcast_shapes(node[0].shape, tuple(node.list(1))))


@operator("Tile")
def tile(node):
    y = node[0]
    for axis, times in enumerate(node.list(1)):
        y = tc.cat([y] * times, axis) if times else y[(slice(None),) * axis + (slice(0, 0),)]
    return y


@operator("Slice")
def slice_(node):
    x, starts, ends = node[0], node.list(1, "starts"), node.list(2, "ends")
    axes = node.list(3, "axes") or range(len(starts))
    steps = node.list(4) or [1] * len(starts)
    cuts = [slice(None)] * x.ndim
    for axis, start, end, step in zip(axes, starts, ends, steps, strict=True):
        n = x.shape[axis]
        if step < 0:  # ONNX: an end below -n means up to the first; Python: None
            cuts[axis] = slice(start, None if end < -n else end, step)
        else:
            cuts[axis] = slice(start, end, step)
    return x[tuple(cuts)]


@operator("Gather")
def gather(node):
    x, index, axis = node[0], node[1], node.option("axis", 0) % node[0].ndim
    return x[(slice(None),) * axis + (index.data,)]


@operator("GatherElements")
def gather_elements(node):
    x, index, axis = node[0], node[1].data, node.option("axis", 0)
    places = list(np.indices(index.shape))
    places[axis] = index
    return x[tuple(places)]


@operator("GatherND")
def gather_nd(node):
    node.refuse(batch_dims="no batches of positions")
    return node[0][tuple(np.moveaxis(node[1].data, -1, 0))]


@operator("Pad")
def pad(node):
    x, mode = node[0], node.option("mode", "constant")
    widths, value = node.list(1, "pads") or node.option("paddings"), node.list(2, "value")
    axes = [axis % x.ndim for axis in node.list(3) or range(x.ndim)]
    if min(widths) < 0:
        raise OutOfScopeError("no negative padding")
    ends = {axis: (widths[i], widths[len(axes) + i]) for i, axis in enumerate(axes)}
    flat = [n for axis in reversed(range(min(axes), x.ndim)) for n in ends.get(axis, (0, 0))]
    while len(flat) > 2 and flat[-2:] == [0, 0]:
        flat = flat[:-2]
    value = value[0] if isinstance(value, list) else value
    modes = {"constant": "constant", "reflect": "reflect", "edge": "replicate", "wrap": "circular"}
    return F.pad(x, flat, modes[mode], value if mode == "constant" else None)


@operator("DepthToSpace")
def depth_to_space(node):
    x, r = node[0], node.option("blocksize")
    if node.option("mode", "DCR") == "DCR":  # the factors come before the channels
        N, C, H, W = x.shape
        x = x.reshape(N, r * r, C // (r * r), H, W).transpose(1, 2).reshape(N, C, H, W)
    return F.pixel_shuffle(x, r)


# ---------------------------------------------------------------- differentiation


@operator("Gradient")
def gradient(node):
    return tc.grad(node.values[node.option("y")], [node.values[x] for x in node.option("xs")], retain_graph=True)


# ---------------------------------------------------------------- constants and data types


@operator("Constant")
def constant(node):
    (name, value), *_ = node.attributes.items()
    if name == "value":
        return tensor_of(numpy_helper.to_array(value))
    kinds = {"float": np.float32, "int": np.int64}
    if name.removeprefix("value_").removesuffix("s") not in kinds:
        raise OutOfScopeError("strings and sparse tensors are no tensors")
    return Tensor(np.array(value, kinds[name.removeprefix("value_").removesuffix("s")]))


@operator("ConstantOfShape")
def constant_of_shape(node):
    value = node.option("value")
    value = np.zeros(1, np.float32) if value is None else numpy_helper.to_array(value)
    return tc.full(tuple(node.list(0)), value.item(), value.dtype)


@operator("Shape")
def shape(node):
    return Tensor(np.array(node[0].shape[node.option("start", 0) : node.option("end")], np.int64))


@operator("Size")
def size(node):
    return Tensor(np.array(node[0].numel()))


@operator("Range")
def range_(node):
    return tc.arange(*[node.list(i) for i in (0, 1, 2)], dtype=node[0].dtype)


@operator("Cast", "CastLike")
def cast(node):
    dtype = node[1].dtype if node.op == "CastLike" else helper.tensor_dtype_to_np_dtype(node.option("to"))
    check_dtype(dtype)
    return node[0].to(dtype)
