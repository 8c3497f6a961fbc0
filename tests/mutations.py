"""What is mutated, and how: small changes of syntax trees, one at a time."""

from __future__ import annotations

import ast
import copy
import importlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import CodeType, FunctionType

import tinyconv
from tinyconv import kernels, ops
from tinyconv.nn import functional

OPS = Path(tinyconv.__file__).parent / "ops"
KERNELS = Path(kernels.__file__).parent
NO_RULES = {"__init__", "arguments", "methods", "inplace", "compare"}
GRADIENTS = ("_input", "_weight", "_bias", "_gather", "_scatter", "_backward", "_adjoint", "_gradients", "_slope")
Parents = dict[int, tuple[ast.AST, str, int | None]]
ALSO = {"col2im", "channel_sums"}  # kernels that are gradients under another name
PUBLIC = {*ops.__all__, *functional.__all__}

# ---------------------------------------------------------------- one mutant


@dataclass(frozen=True)
class Mutant:
    """One change of one function.

    key       "ops/pool.py _backward: a + b -> a - b", and #2 if the function has the same change twice
    place     (file, first line, name) of the innermost function around it, as its code object says
    function  the module's function that the new code is for
    """

    key: str
    kind: str
    file: str
    family: str
    place: tuple[str, int, str]
    function: FunctionType
    code: CodeType

    @contextmanager
    def installed(self) -> Iterator[None]:
        """The function with its mutated code; everyone who has imported it has it too."""
        before = self.function.__code__
        self.function.__code__ = self.code
        try:
            yield
        finally:
            self.function.__code__ = before


# ---------------------------------------------------------------- where


def files() -> list[Path]:
    """The files that are mutated, if they have gradients."""
    operations = [path for path in sorted(OPS.glob("*.py")) if path.stem not in NO_RULES]
    versions = ("_loops", "_numba", "_cuda", "_choice")
    definitions = [p for p in sorted(KERNELS.glob("*.py")) if not (p.stem.startswith("_") or p.stem.endswith(versions))]
    return operations + definitions


@cache
def all_mutants() -> list[Mutant]:
    """Of every file of tinyconv/ops, and of every definition of kernels/ that computes a gradient."""
    mutants: list[Mutant] = []
    used: set[str] = set()  # kernels that rules call
    for path in files():
        if path.parent == OPS:
            parts = _rules(ast.parse(path.read_text(encoding="utf-8")))
            used |= {name for group in parts.values() for part in group for name in _kernels_in(part)}
            mutants += _of_file(path, f"tinyconv.ops.{path.stem}", _rules)
        else:  # these come second, when all rules are known
            mutants += _of_file(path, f"tinyconv.kernels.{path.stem}", partial(_gradient_kernels, used=used - PUBLIC))
    return mutants


def _rules(tree: ast.Module) -> dict[str, list[ast.AST]]:
    """By function of the module, the parts of it that are rules, or that rules call."""
    functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    parts: dict[str, list[ast.AST]] = {}
    called: list[str] = []
    for name, function in functions.items():
        inner = {f.name: f for f in ast.walk(function) if isinstance(f, ast.FunctionDef) and f is not function}
        for call in ast.walk(function):
            if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id == "record"):
                continue
            for pair in call.args[2:]:
                for node in _within(pair):
                    if isinstance(node, ast.Lambda):
                        parts.setdefault(name, []).append(node.body)
                        called += _names(node.body)
                    elif isinstance(node, ast.Name) and node.id in functions:
                        called.append(node.id)
            # A rule that is a function of its own may reach record() under any name: all inner functions count.
        for f in inner.values():
            parts.setdefault(name, []).extend(f.body)
            called += [n for node in f.body for n in _names(node)]
    seen: set[str] = set()
    while called:
        name = called.pop()
        if name in functions and name not in seen and _is_gradient(functions[name]):
            seen.add(name)
            parts[name] = functions[name].body  # all of it
            called += [n for node in functions[name].body for n in _names(node)]
    return parts


def _is_gradient(function: ast.FunctionDef) -> bool:
    """Is it there for gradients? What people call (it has rules of its own), and what looks at arguments, is not."""
    inside = list(ast.walk(function))
    checks = any(isinstance(n, ast.Raise) for n in inside)
    records = "record" in _names(function)
    return not checks and not (records and function.name in PUBLIC)


def _gradient_kernels(tree: ast.Module, used: set[str]) -> dict[str, list[ast.AST]]:
    """The definitions whose names say so, and those that rules use and that are no operation by themselves."""
    functions = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    return {name: f.body for name, f in functions.items() if name.endswith(GRADIENTS) or name in ALSO | used}


def _kernels_in(node: ast.AST) -> Iterator[str]:
    for n in ast.walk(node):
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == "kernels":
            yield n.attr


def _names(node: ast.AST) -> list[str]:
    return [n.id for n in ast.walk(node) if isinstance(n, ast.Name)]


def _of_file(path: Path, module_name: str, targets: Callable) -> list[Mutant]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    module, parents = importlib.import_module(module_name), _parents(tree)
    tops = {f.name: f for f in tree.body if isinstance(f, ast.FunctionDef)}
    file = f"{path.parent.name}/{path.name}"
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    for name, parts in targets(tree).items():
        function = getattr(vars(module)[name], "definition", vars(module)[name])
        nodes = {id(node): node for part in parts for node in _within(part)}
        for node in nodes.values():
            for kind, new in _changes(node):
                ast.copy_location(new, node)
                code = _compiled(tops[name], node, new, parents, function)
                if code is None:
                    continue
                key = f"{file} {name}: {ast.unparse(node)} -> {ast.unparse(new)}".replace("\n", " ")
                seen[key] = seen.get(key, 0) + 1
                if seen[key] > 1:
                    key += f" #{seen[key]}"
                place = _place(tops[name], node, function)
                found.append(Mutant(key, kind, file, path.stem, place, function, code))
    return found


def _within(part: ast.AST) -> Iterator[ast.AST]:
    """All nodes that may be changed: no annotations, texts, raised errors, and no argument that record only keeps."""
    if isinstance(part, (ast.Raise, ast.JoinedStr, ast.arguments, ast.AnnAssign)):
        return
    if isinstance(part, ast.keyword) and part.arg == "strict":  # of zip: a guard against mistakes of our own
        return
    if isinstance(part, ast.Expr) and isinstance(part.value, ast.Constant):  # a docstring
        return
    yield part
    for field, value in ast.iter_fields(part):
        if field in ("annotation", "returns", "decorator_list", "args") and isinstance(
            part, (ast.FunctionDef, ast.Lambda)
        ):
            continue
        children = value if isinstance(value, list) else [value]
        if (
            isinstance(part, ast.Call)
            and isinstance(part.func, ast.Name)
            and part.func.id == "record"
            and field == "keywords"
        ):
            continue
        for child in children:
            if isinstance(child, ast.AST):
                yield from _within(child)


def _place(tree: ast.AST, node: ast.AST, function: FunctionType) -> tuple[str, int, str]:
    """The innermost function around a node, as profilers see it."""
    best: ast.AST | None = None
    for f in ast.walk(tree):
        if (
            isinstance(f, (ast.FunctionDef, ast.Lambda))
            and any(n is node for n in ast.walk(f))
            and (best is None or any(n is f for n in ast.walk(best)))
        ):
            best = f
    assert best is not None
    if isinstance(best, ast.Lambda):
        return function.__code__.co_filename, best.lineno, "<lambda>"
    first = min([best.lineno, *(d.lineno for d in best.decorator_list)])
    return function.__code__.co_filename, first, best.name


def _compiled(
    top: ast.FunctionDef, old: ast.AST, new: ast.AST, parents: Parents, function: FunctionType
) -> CodeType | None:
    """The code of a function of the module with one node replaced, or None if Python does not take it."""
    parent, field, index = parents[id(old)]
    holder = getattr(parent, field)
    if index is None:
        setattr(parent, field, new)
    else:
        holder[index] = new
    try:
        whole = ast.fix_missing_locations(ast.Module([top], []))
        code = compile(whole, function.__code__.co_filename, "exec", annotations.compiler_flag, dont_inherit=True)
    except (SyntaxError, ValueError, TypeError):
        return None
    finally:
        if index is None:
            setattr(parent, field, old)
        else:
            holder[index] = old
    return next(c for c in code.co_consts if isinstance(c, CodeType) and c.co_name == top.name)


def _parents(tree: ast.AST) -> Parents:
    """For each node, where it hangs: the node above, its field there, and the place in it if that is a list."""
    found: Parents = {}
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if isinstance(value, list):
                found.update({id(child): (parent, field, i) for i, child in enumerate(value)})
            elif isinstance(value, ast.AST):
                found[id(value)] = (parent, field, None)
    return found


# ---------------------------------------------------------------- how

OPERATORS = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.BitAnd: ast.BitOr,
             ast.BitOr: ast.BitAnd}  # fmt: skip
COMPARISONS = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
OPPOSITES = {ast.Lt: ast.GtE, ast.LtE: ast.Gt, ast.Gt: ast.LtE, ast.GtE: ast.Lt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq}
OTHER_NAMES = {
    "sum": "mean",
    "mean": "sum",
    "maximum": "minimum",
    "minimum": "maximum",
    "amax": "amin",
    "zeros": "ones",
}
WRAPPERS = {
    "abs", "conj", "cumsum", "exp", "expand", "flip", "log", "mean", "permute", "reciprocal", "relu", "sign", "sqrt",
    "square", "sum", "sum_to", "swapaxes", "tanh", "transpose", "unsqueeze",
}  # fmt: skip


def _changes(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """(kind, other node) for every way to change this one."""
    changes = {
        ast.BinOp: _of_operator, ast.UnaryOp: _of_sign, ast.Constant: _of_constant, ast.Compare: _of_comparison,
        ast.Call: _of_call, ast.IfExp: _of_choice, ast.If: _of_condition, ast.BoolOp: _of_and_or,
        ast.AugAssign: _of_sum_in_place, ast.Tuple: _of_order, ast.Slice: _of_slice,
    }  # fmt: skip
    if type(node) in changes:
        yield from changes[type(node)](node)


def _with(node: ast.AST, **fields) -> ast.AST:
    new = copy.copy(node)
    for name, value in fields.items():
        setattr(new, name, value)
    return new


def _of_operator(node: ast.BinOp) -> Iterator[tuple[str, ast.AST]]:
    if type(node.op) in OPERATORS:
        yield "operator", _with(node, op=OPERATORS[type(node.op)]())
    if isinstance(node.op, (ast.Add, ast.Sub, ast.Mult, ast.BitAnd, ast.BitOr)):
        if not isinstance(node.left, (ast.List, ast.Tuple)):
            yield "term dropped", node.left
            yield "term dropped", node.right
    elif isinstance(node.op, ast.Div):
        yield "term dropped", node.left
    if isinstance(node.op, (ast.MatMult, ast.Sub, ast.Div, ast.Pow)):
        yield "operands swapped", _with(node, left=node.right, right=node.left)


def _of_sign(node: ast.UnaryOp) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.op, (ast.USub, ast.Invert, ast.Not)):
        yield "sign", node.operand


def _of_constant(node: ast.Constant) -> Iterator[tuple[str, ast.AST]]:
    if isinstance(node.value, bool):
        yield "truth", ast.Constant(not node.value)
    elif isinstance(node.value, int):
        yield "number", ast.Constant(node.value + 1)
        if node.value:
            yield "number", ast.Constant(node.value - 1)
    elif isinstance(node.value, float):
        yield "number", ast.Constant(2 * node.value)


def _of_comparison(node: ast.Compare) -> Iterator[tuple[str, ast.AST]]:
    if len(node.ops) == 1:
        for table in (COMPARISONS, OPPOSITES):
            if type(node.ops[0]) in table:
                yield "comparison", _with(node, ops=[table[type(node.ops[0])]()])


def _of_call(node: ast.Call) -> Iterator[tuple[str, ast.AST]]:
    is_method = isinstance(node.func, ast.Attribute)
    name = node.func.attr if is_method else getattr(node.func, "id", "")
    if name in OTHER_NAMES:
        func = _with(node.func, attr=OTHER_NAMES[name]) if is_method else ast.Name(OTHER_NAMES[name], ast.Load())
        yield "sum or mean" if "mean" in (name, OTHER_NAMES[name]) else "function", _with(node, func=func)
    if name == "where" and len(node.args) == 3:
        condition, a, b = node.args
        yield "mask", _with(node, args=[condition, b, a])
        yield "mask", a
    if name in WRAPPERS:
        of_module = (
            is_method and isinstance(node.func.value, ast.Name) and node.func.value.id in ("xp", "np", "kernels")
        )
        inner = node.func.value if is_method and not of_module else (node.args[0] if node.args else None)
        if inner is not None:
            yield "call dropped", inner
    if name in ("matmul", "conv2d_weight", "_conv2d") and len(node.args) >= 2:
        yield "operands swapped", _with(node, args=[node.args[1], node.args[0], *node.args[2:]])


def _of_choice(node: ast.IfExp) -> Iterator[tuple[str, ast.AST]]:
    yield "condition", node.body
    yield "condition", node.orelse


def _of_condition(node: ast.If) -> Iterator[tuple[str, ast.AST]]:
    if not any(isinstance(n, ast.Raise) for n in node.body):
        yield "condition", _with(node, test=ast.UnaryOp(ast.Not(), node.test))


def _of_and_or(node: ast.BoolOp) -> Iterator[tuple[str, ast.AST]]:
    yield "condition", _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


def _of_sum_in_place(node: ast.AugAssign) -> Iterator[tuple[str, ast.AST]]:
    if type(node.op) in OPERATORS:
        yield "operator", _with(node, op=OPERATORS[type(node.op)]())
    yield "sum overwritten", ast.Assign([node.target], node.value)


def _of_order(node: ast.Tuple) -> Iterator[tuple[str, ast.AST]]:
    """Two neighbours of a tuple exchanged: axes, sizes, indices."""
    if isinstance(node.ctx, ast.Load):
        for i in range(len(node.elts) - 1):
            a, b = node.elts[i], node.elts[i + 1]
            if ast.dump(a) != ast.dump(b) and not {type(a), type(b)} & {ast.Starred, ast.Lambda}:
                yield "order", _with(node, elts=[*node.elts[:i], b, a, *node.elts[i + 2 :]])


def _of_slice(node: ast.Slice) -> Iterator[tuple[str, ast.AST]]:
    for field in ("lower", "upper", "step"):
        if getattr(node, field) is not None:
            yield "slice", _with(node, **{field: None})
