"""Operations on Tensors: each family a file, forward and backward side by side.

What is listed here is also found as `tinyconv.<name>`; the operations of layers are in `nn.functional`.
"""

from . import methods as methods
from .activation import log_softmax, relu, sigmoid, softmax, tanh
from .arithmetic import (
    abs,
    add,
    clip,
    div,
    exp,
    log,
    maximum,
    minimum,
    mul,
    neg,
    pow,
    sqrt,
    sub,
    where,
)
from .compare import eq, ge, gt, le, logical_and, logical_not, logical_or, lt, ne
from .join import cat, split, stack
from .matmul import matmul
from .reduce import amax, amin, argmax, max, mean, min, sum, var
from .shape import clone, flatten, permute, reshape, squeeze, transpose, unsqueeze

__all__ = [
    "abs",
    "add",
    "amax",
    "amin",
    "argmax",
    "cat",
    "clip",
    "clone",
    "div",
    "eq",
    "exp",
    "flatten",
    "ge",
    "gt",
    "le",
    "log",
    "log_softmax",
    "logical_and",
    "logical_not",
    "logical_or",
    "lt",
    "matmul",
    "max",
    "maximum",
    "mean",
    "min",
    "minimum",
    "mul",
    "ne",
    "neg",
    "permute",
    "pow",
    "relu",
    "reshape",
    "sigmoid",
    "softmax",
    "split",
    "sqrt",
    "squeeze",
    "stack",
    "sub",
    "sum",
    "tanh",
    "transpose",
    "unsqueeze",
    "var",
    "where",
]
