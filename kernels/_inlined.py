"""Functions for use in compiled functions alone: they get no machine code of their own.

Numba optimises every function and makes machine code of it, and then again of its copy in each function that
calls it. With this pipeline only the functions that Python calls go that far: a third of the time saved.
"""

from typing import Any

from numba import _dynfunc
from numba.core import compiler
from numba.core.codegen import JITCodeLibrary
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NativeLowering


class _Ingredients(JITCodeLibrary):
    """LLVM code that waits to be linked into its callers, which then optimise it together with their own."""

    def _optimize_functions(self, module: Any) -> None:
        module.data_layout = self.codegen._data_layout

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


@register_pass(mutates_CFG=True, analysis_only=False)
class _LoweringOnly(NativeLowering):
    _name = "tinyconv_lowering_only"

    def run_pass(self, state: Any) -> bool:
        state.library = _Ingredients(state.targetctx.codegen(), state.func_id.func_qualname)
        state.flags.no_compile = True
        super().run_pass(state)
        lowered = state["cr"]
        fndesc = lowered.fndesc
        entry = _dynfunc.make_function(fndesc.lookup_module(), fndesc.unique_name, "", 0, lowered.env, (state.library,))
        state.targetctx.insert_user_function(entry, fndesc, [state.library])
        state["cr"] = lowered._replace(cfunc=entry)
        return True


# What Numba does for code that the kernels do not have: closures, exceptions, array expressions, ...
_NEEDLESS = {
    "DeadBranchPrune",
    "FindLiterallyCalls",
    "InlineClosureLikes",
    "InlineInlinables",
    "InlineOverloads",
    "LiteralPropagationSubPipelinePass",
    "LiteralUnroll",
    "MakeFunctionToJitFunction",
    "NopythonRewrites",
    "RewriteDynamicRaises",
    "RewriteSemanticConstants",
    "WithLifting",
}


class Inlined(compiler.CompilerBase):
    """Numba's pipeline, up to LLVM code."""

    def define_pipelines(self) -> list[PassManager]:
        passes = compiler.DefaultPassBuilder.define_nopython_pipeline(self.state, "inlined")
        passes.passes = [
            (_LoweringOnly if kind is NativeLowering else kind, *name)
            for kind, *name in passes.passes
            if kind.__name__ not in _NEEDLESS
        ]
        passes.finalize()
        return [passes]
