"""The micro-kernel: a tile of a matrix product that stays in the processor's vector registers.

    C[i, v] = max(floor, S[i, v] + sum_k A[i, k] B[k, v])        ROWS x (1 or 2 vectors)

Each step k loads one row of B and multiplies it by ROWS numbers of A, each spread over a whole vector. Numba and
LLVM do not find this by themselves, so its LLVM code is written out here. It reaches the processor's peak rate
(32 float32 operations a cycle and core with AVX-512), where OpenBLAS reached 0.89 of it on the same machine.

Addresses are numbers of bytes (`at`), strides are in elements.
"""

from numba import types
from numba.extending import intrinsic

from ._llvm import VECTOR_BYTES, Code, int64, number, on_its_own

# With 2 vectors a row, what the registers hold: of 32 (AVX-512) 28 sums, 2 of B and 1 of A; of 16, 12 + 2 + 1.
ROWS = 14 if VECTOR_BYTES == 64 else 6


def make_tile(rows: int, vectors: int, table: bool = False):
    """The micro-kernel for a tile of so many rows and vectors, as a function for compiled code:

    tile(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor)
    C[i, v] = max(floor, S[i, v] + sum_k A[i*rs + k*cs] B[k*ldb + v])      C[i*ldc + v], S[i*lds + v]

    c, start, a, b  addresses; start = 0: S is 0; lds = 0: the same S for every row, a bias
    table  ldb is the address of a table of offsets instead: B[ldb[k] + v]
    The type of `floor` is that of all numbers. K is at least 1.
    """

    @intrinsic
    def tile(typingctx, c, ldc, start, lds, a, rs, cs, b, ldb, K, floor):
        signature = types.void(*[types.int64] * 10, floor)

        def codegen(context, builder, signature, args):
            c, ldc, start, lds, a, rs, cs, b, ldb, K, floor = args
            code = Code(context, builder, signature.args[-1])
            places = [(i, v) for i in range(rows) for v in range(vectors)]

            def address(base, stride, i, v):
                return code.step(base, builder.mul(stride, number(i)), number(v * code.lanes))

            before = builder.block
            block = {name: builder.append_basic_block(f"tile.{name}") for name in ("start", "first", "loop", "end")}
            zero = code.constant(0.0)
            builder.cbranch(builder.icmp_signed("!=", start, number(0)), block["start"], block["first"])

            builder.position_at_end(block["start"])
            given = [code.load(address(code.pointer(start), lds, i, v)) for i, v in places]
            builder.branch(block["first"])

            builder.position_at_end(block["first"])
            first = [builder.phi(code.vector) for _ in places]
            for sum_, value in zip(first, given, strict=True):
                sum_.add_incoming(zero, before)
                sum_.add_incoming(value, block["start"])
            a, b = code.pointer(a), code.pointer(b)
            offsets = builder.inttoptr(ldb, int64.as_pointer()) if table else None
            in_rows = [builder.mul(rs, number(i)) for i in range(rows)]
            builder.branch(block["loop"])

            builder.position_at_end(block["loop"])
            k, ak = builder.phi(int64), builder.phi(a.type)
            sums = [builder.phi(code.vector) for _ in places]
            if table:
                bk = code.step(b, builder.load(builder.gep(offsets, [k])))
            else:
                bk = builder.phi(b.type)
            row_of_b = [code.load(code.step(bk, number(v * code.lanes))) for v in range(vectors)]
            new = []
            for i in range(rows):
                a_ik = code.load_everywhere(code.step(ak, in_rows[i]))
                new += [code.multiply_add(a_ik, row_of_b[v], sums[i * vectors + v]) for v in range(vectors)]
            next_k = builder.add(k, number(1))
            moving = [(k, number(0), next_k), (ak, a, code.step(ak, cs)), *zip(sums, first, new, strict=True)]
            if not table:
                moving.append((bk, b, code.step(bk, ldb)))
            for value, at_first, later in moving:
                value.add_incoming(at_first, block["first"])
                value.add_incoming(later, block["loop"])
            builder.cbranch(builder.icmp_signed("<", next_k, K), block["loop"], block["end"])

            builder.position_at_end(block["end"])
            c, floor = code.pointer(c), code.everywhere(floor)
            for (i, v), value in zip(places, new, strict=True):
                code.store(code.at_least(value, floor), address(c, ldc, i, v))
            return context.get_dummy_value()

        return signature, codegen

    return tile


_tile1, _tile2 = make_tile(ROWS, 1), make_tile(ROWS, 2)


@on_its_own
def tile1(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor):
    """The micro-kernel with rows of one vector."""
    _tile1(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor)


@on_its_own
def tile2(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor):
    """The micro-kernel with rows of two vectors."""
    _tile2(c, ldc, start, lds, a, rs, cs, b, ldb, K, floor)
