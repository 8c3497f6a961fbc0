"""LLVM code from Python: vectors as wide as the processor's, and functions that are compiled once for all kernels."""

import importlib
from dataclasses import dataclass

import numba
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

int64 = ir.IntType(64)
int32 = ir.IntType(32)


def _vector_bytes() -> int:
    """How wide the vectors are that this processor, or the one Numba is told of, computes with at full speed."""
    name, features = numba.config.CPU_NAME, numba.config.CPU_FEATURES
    if features is None and name is None:
        host = binding.get_host_cpu_features()
        features = ",".join(f"+{feature}" for feature, there in host.items() if there)
    if features is None:  # a named processor: the names with AVX-512 are few
        with_avx512 = ("avx512", "icelake", "tigerlake", "cascadelake", "cooperlake", "rapids", "znver4", "znver5")
        features = "+avx512f" if any(part in name for part in with_avx512) else "+avx2"
    enabled = features.split(",")
    return 64 if "+avx512f" in enabled else 32 if "+avx2" in enabled else 16


VECTOR_BYTES = _vector_bytes()


class Code:
    """What the generators below share: vectors of one element type, loads and stores of whole vectors."""

    def __init__(self, context, builder, element, lanes: int | None = None):
        self.builder = builder
        self.element = context.get_value_type(element)
        self.lanes = lanes or VECTOR_BYTES // (element.bitwidth // 8)
        self.align = element.bitwidth // 8
        self.vector = ir.VectorType(self.element, self.lanes)
        function = ir.FunctionType(self.vector, [self.vector] * 3)
        name = f"llvm.fmuladd.v{self.lanes}f{element.bitwidth}"  # one rounding where the processor can
        self._multiply_add = cgutils.get_or_insert_function(builder.module, function, name)

    def pointer(self, address):
        return self.builder.inttoptr(address, self.element.as_pointer())

    def load(self, pointer):
        value = self.builder.load(self.builder.bitcast(pointer, self.vector.as_pointer()))
        value.align = self.align  # of one element: pictures begin anywhere
        return value

    def store(self, value, pointer) -> None:
        stored = self.builder.store(value, self.builder.bitcast(pointer, self.vector.as_pointer()))
        stored.align = self.align

    def load_everywhere(self, pointer):
        """One number, in every lane."""
        number = self.builder.load(pointer)
        number.align = self.align
        return self.everywhere(number)

    def everywhere(self, number):
        undefined = ir.Constant(self.vector, ir.Undefined)
        first = self.builder.insert_element(undefined, number, ir.Constant(int32, 0))
        zeros = ir.Constant(ir.VectorType(int32, self.lanes), [0] * self.lanes)
        return self.builder.shuffle_vector(first, undefined, zeros)

    def constant(self, number: float):
        return ir.Constant(self.vector, [ir.Constant(self.element, number)] * self.lanes)

    def multiply_add(self, a, b, c):
        """a b + c"""
        return self.builder.call(self._multiply_add, [a, b, c])

    def at_least(self, value, floor):
        """max(value, floor), in which a NaN stays a NaN"""
        return self.builder.select(self.builder.fcmp_ordered("<", value, floor), floor, value)

    def step(self, pointer, *elements):
        """The pointer so many elements on: a sum of products of numbers and LLVM values."""
        for offset in elements:
            pointer = self.builder.gep(pointer, [offset])
        return pointer


def number(n: int):
    return ir.Constant(int64, n)


def lanes(dtype) -> int:
    """How many elements a vector holds."""
    return VECTOR_BYTES // dtype.itemsize


def on_its_own(function):
    """Decorator for a function of whole numbers (addresses, too) and, last, a float: compiled once for all callers.

    Otherwise it would be optimised again with each of them. The compiled callers find it by its name.
    """

    @intrinsic
    def call(typingctx, *args):
        *whole, element = args
        signature = types.void(types.StarArgTuple.from_types([*[types.int64] * len(whole), element]))

        def codegen(context, builder, signature, args):
            callee = _OnItsOwn(function.__module__, function.__name__, element)
            callee()
            context.active_code_library._reload_init.add(callee)  # called before the caller comes from the cache
            values = cgutils.unpack_tuple(builder, args[0])
            kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
            builder.call(cgutils.get_or_insert_function(builder.module, kind, callee.symbol), values)
            return context.get_dummy_value()

        return signature, codegen

    call.function = function
    return call


@dataclass(frozen=True)
class _OnItsOwn:
    """A function `on_its_own` for one type of numbers; called, it sees to it that its machine code is there."""

    module: str
    name: str
    element: types.Type

    def __call__(self) -> None:
        if self not in _there:
            function = getattr(importlib.import_module(self.module), self.name).function
            signature = types.void(*[types.int64] * (function.__code__.co_argcount - 1), self.element)
            try:
                _there[self] = numba.cfunc(signature, cache=True, error_model="numpy")(function)
            except RuntimeError:  # "cannot cache function: no locator available"
                _there[self] = numba.cfunc(signature, error_model="numpy")(function)
            binding.add_symbol(self.symbol, _there[self].address)

    @property
    def symbol(self) -> str:
        return f"tinyconv_{self.name}_{self.element}"


_there: dict = {}
