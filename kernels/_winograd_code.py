"""The transforms of Winograd's convolution as LLVM code: Z = M D M^T for small constant matrices M.

Every element of D and Z is a vector, of as many channels as fit; the matrix M has been turned into additions and
multiplications by constants, with all zeros and ones left out. Where two rows of M differ in signs alone, as
those of the points z and -z do, a + b and a - b are made of the same a and b.

Each transform is compiled on its own, for each m, when it is first needed; compiled code calls it by its address:

    call(address_of(weight_transform, m), source, step, target, target_step)

Addresses are numbers of bytes (`at`), steps are in elements. Element (i, j) of D or Z is number k = i*columns + j.
"""

import inspect
from fractions import Fraction
from functools import cache
from typing import Any

import numba
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ._llvm import VECTOR_BYTES, Code, int32, int64, number
from .winograd import POINTS, Matrix, matrices

LANES = VECTOR_BYTES // 4


def _make_transform(matrix_of, gathers: bool):
    """transform(points, source, step, target, target_step, ahead): the matrix is that of so many points.

    D[k] lies at source + k*step; if it `gathers`, at the k-th address of the table `source`, `step` further on,
    and what lies `ahead` of it is brought into the cache. Z[k] goes to target + k*target_step.
    """

    @intrinsic
    def transform(typingctx, points, source, step, target, target_step, ahead):
        signature = types.void(points, *[types.int64] * 5)

        def codegen(context, builder, signature, args):
            _, source, step, target, target_step, ahead = args
            code = Code(context, builder, types.float32)
            values = _sandwich(
                code, matrix_of(signature.args[0].count // 2 - 1), _loads(code, source, step, gathers, ahead)
            )
            target = code.pointer(target)
            for k, value in enumerate(values):
                code.store(value, code.step(target, builder.mul(target_step, number(k))))
            return context.get_dummy_value()

        return signature, codegen

    return transform


def _transposed(matrix: Any) -> Any:
    return tuple(zip(*matrix, strict=True))


_input = _make_transform(lambda m: matrices(m).BT, gathers=True)
_weight = _make_transform(lambda m: matrices(m).G, gathers=False)
_output_gradient = _make_transform(lambda m: _transposed(matrices(m).AT), gathers=True)
_weight_gradient = _make_transform(lambda m: _transposed(matrices(m).G), gathers=False)


@intrinsic
def _output(typingctx, points, source, step, places, offset, ahead, bias, floor):
    """Likewise; results go to the addresses in the table `places`, `offset` further on, and next time `ahead` of it."""
    signature = types.void(points, *[types.int64] * 6, types.float32)

    def codegen(context, builder, signature, args):
        _, source, step, places, offset, ahead, bias, floor = args
        code = Code(context, builder, types.float32)
        bias, floor = code.load(code.pointer(bias)), code.everywhere(floor)
        values = _sandwich(code, matrices(signature.args[0].count // 2 - 1).AT, _loads(code, source, step, False, None))
        for k, value in enumerate(values):
            value = code.at_least(builder.fadd(value, bias), floor)
            pointer = code.step(_looked_up(code, places, k), offset)
            _prefetch(code, code.step(pointer, ahead), write=True)
            code.store(value, pointer)
        return context.get_dummy_value()

    return signature, codegen


# ---------------------------------------------------------------- compiled on their own


def input_transform(points):
    """V = B^T d B: pixels at the addresses in `source`"""
    return lambda source, step, target, to_step, ahead: _input(points, source, step, target, to_step, ahead)


def weight_transform(points):
    """U = G g G^T"""
    return lambda source, step, target, to_step: _weight(points, source, step, target, to_step, 0)


def output_transform(points):
    """y = max(floor, A^T M A + bias), to the addresses in `places`"""
    return lambda source, step, places, offset, ahead, bias, floor: _output(
        points, source, step, places, offset, ahead, bias, floor
    )


def output_gradient_transform(points):
    """E = A dY A^T: pixels at the addresses in `source`"""
    return lambda source, step, target, to_step, ahead: _output_gradient(points, source, step, target, to_step, ahead)


def weight_gradient_transform(points):
    """dg = G^T dU G"""
    return lambda source, step, target, to_step: _weight_gradient(points, source, step, target, to_step, 0)


@cache
def compiled(make, m: int):
    """The transform of F(m x m); kept on disk where there is a folder to write to.

    The points are numbers in its closure, for these are what Numba tells kept functions apart by: else, one with
    other matrices, of another m or of before a change in winograd.py, could be taken for it.
    """
    points = [Fraction(z) for z in POINTS[m]]
    function = make(tuple(n for z in points for n in (z.numerator, z.denominator)))
    names = inspect.signature(function).parameters
    signature = types.void(*(types.float32 if name == "floor" else types.int64 for name in names))
    try:
        return numba.cfunc(signature, cache=True)(function)
    except RuntimeError:  # "cannot cache function: no locator available"
        return numba.cfunc(signature)(function)


def address_of(make, m: int) -> int:
    return compiled(make, m).address


@intrinsic
def call(typingctx, address, *args):
    """Call the function at an address, which returns nothing."""
    signature = types.void(address, types.StarArgTuple.from_types(args))

    def codegen(context, builder, signature, args):
        address, values = args[0], cgutils.unpack_tuple(builder, args[1])
        kind = ir.FunctionType(ir.VoidType(), [value.type for value in values])
        builder.call(builder.inttoptr(address, kind.as_pointer()), values)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def prefetch(typingctx, address):
    """Bring the cache line at an address near, into the second cache."""

    def codegen(context, builder, signature, args):
        code = Code(context, builder, types.float32)
        _prefetch(code, code.pointer(args[0]), level=2)
        return context.get_dummy_value()

    return types.void(types.int64), codegen


# ---------------------------------------------------------------- the code of a transform


def _loads(code, source, step, gathers: bool, ahead):
    """A function that loads D[k]; if it gathers, it brings near what is read next time, `ahead` of it."""
    if not gathers:
        source = code.pointer(source)
        return lambda k: code.load(code.step(source, code.builder.mul(step, number(k))))

    def load(k):
        pointer = code.step(_looked_up(code, source, k), step)
        _prefetch(code, code.step(pointer, ahead))
        return code.load(pointer)

    return load


def _prefetch(code, pointer, write: bool = False, level: int = 1) -> None:
    pointer = code.builder.bitcast(pointer, ir.IntType(8).as_pointer())
    kind = ir.FunctionType(ir.VoidType(), [pointer.type, *[int32] * 3])
    function = cgutils.get_or_insert_function(code.builder.module, kind, "llvm.prefetch.p0")
    numbers = int(write), 4 - level, 1  # 3: keep in all caches; 1: data
    code.builder.call(function, [pointer, *(ir.Constant(int32, n) for n in numbers)])


def _looked_up(code, table, k: int):
    """Entry k of a table of addresses."""
    table = code.builder.inttoptr(table, int64.as_pointer())
    return code.pointer(code.builder.load(code.builder.gep(table, [number(k)])))


def _sandwich(code, matrix: Matrix, load):
    """The elements of M D M^T, row by row: first all columns of D, then the rows of M D."""
    n = len(matrix[0])
    columns = [_product(code, matrix, [load(i * n + j) for i in range(n)]) for j in range(n)]
    for row in _transposed(columns):
        yield from _product(code, matrix, row)


def _product(code, matrix: Matrix, xs) -> list:
    """M x, for a vector x of vectors."""
    M: list[list[Any]] = [list(row) for row in matrix]
    builder, xs = code.builder, list(xs)
    for j, k in _twins(_transposed(M)):  # columns: x_j + x_k and x_j - x_k serve all rows
        xs[j], xs[k] = builder.fadd(xs[j], xs[k]), builder.fsub(xs[j], xs[k])
        for row in M:
            row[j], row[k] = (row[j], 0) if row[j] == row[k] else (0, row[j])
    ys = [None] * len(M)
    for i, j in _twins(M):
        a = _sum(code, [p if p == q else 0 for p, q in zip(M[i], M[j], strict=True)], xs)
        b = _sum(code, [p if p != q else 0 for p, q in zip(M[i], M[j], strict=True)], xs)
        ys[i], ys[j] = builder.fadd(a, b), builder.fsub(a, b)
    return [_sum(code, row, xs) if y is None else y for row, y in zip(M, ys, strict=True)]


def _twins(rows: list) -> list[tuple[int, int]]:
    """Pairs of rows that are equal in some elements and opposite in others."""
    found: list[tuple[int, int]] = []
    for i, a in enumerate(rows):
        for j, b in enumerate(rows[:i]):
            signs = {p == q for p, q in zip(a, b, strict=True) if p or q}
            free = not any(i in pair or j in pair for pair in found)
            if free and signs == {True, False} and all(abs(p) == abs(q) for p, q in zip(a, b, strict=True)):
                found.append((j, i))
    return found


def _sum(code, coefficients, xs):
    """sum_k c_k x_k; what is multiplied by one comes first."""
    builder, total = code.builder, None
    for c, x in sorted(((c, x) for c, x in zip(coefficients, xs, strict=True) if c), key=lambda term: term[0] != 1):
        if total is None:
            total = x if c == 1 else builder.fmul(x, code.constant(float(c)))
        elif abs(c) == 1:
            total = builder.fadd(total, x) if c == 1 else builder.fsub(total, x)
        else:
            total = code.multiply_add(x, code.constant(float(c)), total)
    return total
