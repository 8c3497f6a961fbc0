"""Moving numbers about: addresses, copies, transposed squares. For compiled code."""

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

from ._llvm import Code, int32, int64, number, on_its_own


@intrinsic
def at(typingctx, array, offset):
    """The address of the element `offset` of a C-contiguous array. It keeps nothing alive."""
    signature = types.int64(array, types.int64)

    def codegen(context, builder, signature, args):
        struct = context.make_array(signature.args[0])(context, builder, args[0])
        return builder.ptrtoint(builder.gep(struct.data, [args[1]]), int64)

    return signature, codegen


@intrinsic
def copy_bytes(typingctx, to, source, size):
    """memcpy; nothing if size is not above 0"""

    def codegen(context, builder, signature, args):
        to, source, size = args
        with builder.if_then(builder.icmp_signed(">", size, number(0))):
            bytes_ = ir.IntType(8).as_pointer()
            cgutils.raw_memcpy(builder, builder.inttoptr(to, bytes_), builder.inttoptr(source, bytes_), size, 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen


@intrinsic
def clear_bytes(typingctx, to, size):
    """memset with 0; nothing if size is not above 0"""

    def codegen(context, builder, signature, args):
        to, size = args
        with builder.if_then(builder.icmp_signed(">", size, number(0))):
            cgutils.memset(builder, builder.inttoptr(to, ir.IntType(8).as_pointer()), size, 0)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def copy_vectors(typingctx, to, source, n, like):
    """Copy n elements (at least 1) of like's type between two addresses, in whole vectors: up to a vector more."""
    signature = types.void(types.int64, types.int64, types.int64, like)

    def codegen(context, builder, signature, args):
        to, source, n, like = args
        code = Code(context, builder, signature.args[-1])
        to, source = code.pointer(to), code.pointer(source)
        before, loop, end = builder.block, builder.append_basic_block("copy"), builder.append_basic_block("copied")
        builder.branch(loop)
        builder.position_at_end(loop)
        i = builder.phi(int64)
        code.store(code.load(code.step(source, i)), code.step(to, i))
        after = builder.add(i, number(code.lanes))
        i.add_incoming(number(0), before)
        i.add_incoming(after, loop)
        builder.cbranch(builder.icmp_signed("<", after, n), loop, end)
        builder.position_at_end(end)
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _transpose_block(typingctx, to, to_step, source, source_step, like):
    """to[j*to_step + i] = source[i*source_step + j] for i, j < lanes: a square of like's type, in registers.

    Halves of rows change places, then quarters, ... then single elements: lanes log2(lanes) shuffles in all.
    """
    signature = types.void(*[types.int64] * 4, like)

    def codegen(context, builder, signature, args):
        to, to_step, source, source_step, like = args
        code = Code(context, builder, signature.args[-1])
        to, source, n = code.pointer(to), code.pointer(source), code.lanes
        rows = [code.load(code.step(source, builder.mul(source_step, number(i)))) for i in range(n)]
        distance = n // 2
        while distance:
            upper = [lane if not lane & distance else n + lane - distance for lane in range(n)]
            lower = [lane + distance if not lane & distance else n + lane for lane in range(n)]
            masks = [ir.Constant(ir.VectorType(int32, n), mask) for mask in (upper, lower)]
            for i in range(n):
                if not i & distance:
                    a, b = rows[i], rows[i + distance]
                    rows[i], rows[i + distance] = (builder.shuffle_vector(a, b, mask) for mask in masks)
            distance //= 2
        for j, row in enumerate(rows):
            code.store(row, code.step(to, builder.mul(to_step, number(j))))
        return context.get_dummy_value()

    return signature, codegen


@on_its_own
def transpose_block(to, to_step, source, source_step, like):
    """to[j*to_step + i] = source[i*source_step + j] for i, j < lanes"""
    _transpose_block(to, to_step, source, source_step, like)
