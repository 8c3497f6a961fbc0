"""A team of threads: `share_out(task, items, arguments)` in compiled code.

Numba's own prange makes a function of its loop's body, several times over: the matrix product took 3.9 seconds to
compile, and takes 2.4 this way. Here one small parallel loop, compiled once for all kernels, calls the task by
its address.
"""

from typing import Any

import numba
from llvmlite import binding, ir
from numba import prange, types
from numba.core import cgutils
from numba.extending import intrinsic

int64 = ir.IntType(64)
SYMBOL = "tinyconv_run"  # the name by which compiled code finds the loop


@intrinsic
def share_out(typingctx, task, items, arguments):
    """task(i, thread, *arguments) for every i < items, spread over all threads, which are numbered from 0."""
    called = task.get_call_type(typingctx, (types.int64, types.int64, *arguments.types), {})
    signature = types.void(task, types.int64, arguments)

    def codegen(context, builder, signature, args):
        _, items, arguments = args
        kind = ir.FunctionType(ir.VoidType(), [int64] * 3)
        place = cgutils.alloca_once_value(builder, arguments)

        entry = ir.Function(builder.module, kind, builder.module.get_unique_name("task"))
        entry.linkage = "internal"
        inside = ir.IRBuilder(entry.append_basic_block())
        i, thread, address = entry.args
        given = inside.load(inside.inttoptr(address, place.type))
        compiled = task.dispatcher.get_compile_result(called)
        context.active_code_library.add_linking_library(compiled.library)
        function = context.declare_function(builder.module, compiled.fndesc)
        values = [i, thread, *cgutils.unpack_tuple(inside, given)]
        context.call_conv.call_function(inside, function, types.none, called.args, values)
        inside.ret_void()

        run = cgutils.get_or_insert_function(builder.module, kind, SYMBOL)
        builder.call(run, [builder.ptrtoint(entry, int64), items, builder.ptrtoint(place, int64)])
        return context.get_dummy_value()

    return signature, codegen


@intrinsic
def _call(typingctx, function, i, thread, arguments):
    """The function at an address, with three whole numbers."""

    def codegen(context, builder, signature, args):
        kind = ir.FunctionType(ir.VoidType(), [int64] * 3)
        builder.call(builder.inttoptr(args[0], kind.as_pointer()), args[1:])
        return context.get_dummy_value()

    return types.void(*[types.int64] * 4), codegen


def _loop(function, items, arguments):
    for i in prange(items):
        _call(function, i, numba.get_thread_id(), arguments)


def _run(function, items, arguments):
    _parallel_loop(function, items, arguments)


def _compiled(**options: Any) -> tuple[Any, Any]:
    return numba.njit(parallel=True, **options)(_loop), numba.cfunc(types.void(*[types.int64] * 3), **options)


numba.get_num_threads()  # loads the threads' library, which the loop needs before it comes from the cache
try:
    _parallel_loop, compile_run = _compiled(cache=True)
    _entry = compile_run(_run)
except RuntimeError:  # "cannot cache function: no locator available"
    _parallel_loop, compile_run = _compiled()
    _entry = compile_run(_run)
binding.add_symbol(SYMBOL, _entry.address)
