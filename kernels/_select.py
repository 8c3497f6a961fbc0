"""A choice between two numbers without a branch, so that the loop around it becomes vectors.

Numba makes a branch of `a if condition else b`. LLVM finds its way back from most of them, but not where the loop
is deep inside others, as in pooling with any window: there this is six times as fast.
"""

from numba import types
from numba.extending import intrinsic


@intrinsic
def select(typingctx, condition, a, b):
    """a if condition else b, of numbers of the same type"""
    if not isinstance(condition, types.Boolean) or a != b:
        return None

    def codegen(context, builder, signature, args):
        return builder.select(*args)

    return a(condition, a, b), codegen
