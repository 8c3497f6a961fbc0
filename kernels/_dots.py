"""More from the workshop of _micro.py: dot products that stay in registers, and moves of one vector.

    D[i, j] += sum_m sum_v Y[i, m, v] X[j, m, v]        ROWS x COLUMNS dot products, v over the lanes of a vector

The sums are vectors until the end, where each becomes one number.
"""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ._llvm import Code, int64, number


def make_dots(rows: int, columns: int):
    """A tile of dot products of so many rows of Y with so many of X, as a function for compiled code:

    dots(d, y, x, taps, steps, M, zero)
    d[i*columns + j] += sum_m sum_v y[steps[2m] + i*lanes + v] x[steps[2m + 1] + taps[j] + v]

    d, y, x, taps, steps  addresses; taps and steps of 64-bit integers, in elements
    The type of `zero` is that of all numbers. M is at least 1.
    """

    @intrinsic
    def dots(typingctx, d, y, x, taps, steps, M, zero):
        signature = types.void(*[types.int64] * 6, zero)

        def codegen(context, builder, signature, args):
            d, y, x, taps, steps, M, _ = args
            code = Code(context, builder, signature.args[-1])
            d, y, x = code.pointer(d), code.pointer(y), code.pointer(x)
            steps = builder.inttoptr(steps, int64.as_pointer())
            taps = builder.inttoptr(taps, int64.as_pointer())
            of_x = [code.step(x, builder.load(builder.gep(taps, [number(j)]))) for j in range(columns)]
            before, loop, end = builder.block, builder.append_basic_block("dots"), builder.append_basic_block("end")
            builder.branch(loop)

            builder.position_at_end(loop)
            m = builder.phi(int64)
            sums = [builder.phi(code.vector) for _ in range(rows * columns)]
            step = builder.gep(steps, [builder.mul(m, number(2))])
            y_m = code.step(y, builder.load(step))
            x_m = builder.load(builder.gep(step, [number(1)]))
            xs = [code.load(code.step(pointer, x_m)) for pointer in of_x]
            new = []
            for i in range(rows):
                y_i = code.load(code.step(y_m, number(i * code.lanes)))
                new += [code.multiply_add(y_i, xs[j], sums[i * columns + j]) for j in range(columns)]
            m_next = builder.add(m, number(1))
            nothing = code.constant(0.0)
            moving = [(m, number(0), m_next), *((s, nothing, later) for s, later in zip(sums, new, strict=True))]
            for value, at_first, later in moving:
                value.add_incoming(at_first, before)
                value.add_incoming(later, loop)
            builder.cbranch(builder.icmp_signed("<", m_next, M), loop, end)

            builder.position_at_end(end)
            total = _total(builder, code)
            for place, value in enumerate(new):
                d_ij = code.step(d, number(place))
                builder.store(total(value, builder.load(d_ij)), d_ij)
            return context.get_dummy_value()

        return signature, codegen

    return dots


def _total(builder, code: Code):
    """A function: a number and the sum over a vector's lanes."""
    name = f"llvm.vector.reduce.fadd.v{code.lanes}{'f32' if code.align == 4 else 'f64'}"
    function = ir.FunctionType(code.element, [code.element, code.vector])
    reduce = cgutils.get_or_insert_function(builder.module, function, name)
    return lambda value, start: builder.call(reduce, [start, value], fastmath=("reassoc",))


@intrinsic
def move(typingctx, to, source, zero):
    """Copy one vector, of numbers of zero's type, between two addresses."""
    signature = types.void(types.int64, types.int64, zero)

    def codegen(context, builder, signature, args):
        code = Code(context, builder, signature.args[-1])
        code.store(code.load(code.pointer(args[1])), code.pointer(args[0]))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def fill(typingctx, to, value):
    """One number, into every lane of the vector at an address."""
    signature = types.void(types.int64, value)

    def codegen(context, builder, signature, args):
        code = Code(context, builder, signature.args[-1])
        code.store(code.everywhere(args[1]), code.pointer(args[0]))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def move_one(typingctx, to, source, like):
    """Copy one number of like's type between two addresses."""
    signature = types.void(types.int64, types.int64, like)

    def codegen(context, builder, signature, args):
        code = Code(context, builder, signature.args[-1], lanes=1)
        code.store(code.load(code.pointer(args[1])), code.pointer(args[0]))
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def add_some(typingctx, to, source, n, like):
    """to[v] += source[v] for v < n, of one vector; the others are written as they were."""
    signature = types.void(types.int64, types.int64, types.int64, like)

    def codegen(context, builder, signature, args):
        code = Code(context, builder, signature.args[-1])
        to, source = code.pointer(args[0]), code.pointer(args[1])
        n = Code(context, builder, types.int64, code.lanes).everywhere(args[2])
        places = ir.Constant(n.type, list(range(code.lanes)))
        term = builder.select(builder.icmp_signed("<", places, n), code.load(source), code.constant(0.0))
        code.store(builder.fadd(code.load(to), term), to)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def add_one(typingctx, to, source, like):
    """to[0] += source[0]"""
    signature = types.void(types.int64, types.int64, like)

    def codegen(context, builder, signature, args):
        code = Code(context, builder, signature.args[-1], lanes=1)
        to, source = code.pointer(args[0]), code.pointer(args[1])
        code.store(builder.fadd(code.load(to), code.load(source)), to)
        return context.get_dummy_value()

    return signature, codegen
