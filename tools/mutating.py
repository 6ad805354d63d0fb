"""Small wrong changes to functions: a comparison turned, a number one off, a condition upside down.

A mutant is the code object of one function, put into the function that runs: everybody who holds the
function runs the mutant, without importing anything again. Refuses: running tests (`tools.mutation`
does) and changing module bodies, signatures, docstrings and messages.
"""

from __future__ import annotations

import ast
import copy
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

_COMPARISONS: Final[dict[type[ast.cmpop], type[ast.cmpop]]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.Is: ast.IsNot, ast.IsNot: ast.Is,
}  # fmt: skip
_ARITHMETIC: Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult, ast.Mod: ast.Mult, ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr,
}  # fmt: skip
Change = Callable[[], None]


class Mutant(NamedTuple):
    """One wrong function.

    Attributes:
        path, line: where the change is.
        change: in words.
        qualname: the function, as Python names it.
    """

    path: Path
    line: int
    change: str
    qualname: str
    code: types.CodeType

    @property
    def name(self) -> str:
        return f"{self.path}:{self.line} {self.qualname}: {self.change}"


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of a file, function by function."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for qualname, function in _functions(tree, ""):
        for place, node in enumerate(_body(function)):
            for which in range(len(_changes(node))):
                wrong = copy.deepcopy(tree)
                target = next(one for name, one in _functions(wrong, "") if name == qualname)
                changed = list(_body(target))[place]
                change, apply = _changes(changed)[which]
                line = getattr(changed, "lineno", 0)
                apply()
                code = _code_of(compile(wrong, str(path), "exec"), qualname)
                if code is not None:
                    yield Mutant(path, line, change, qualname, code)


def _functions(node: ast.AST, prefix: str) -> Iterator[tuple[str, ast.AST]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
            yield f"{prefix}{child.name}", child
        elif isinstance(child, ast.ClassDef):
            yield from _functions(child, f"{prefix}{child.name}.")


def _body(function: ast.AST) -> Iterator[ast.AST]:
    """The nodes of the body: neither decorators nor signature nor docstring."""
    if not isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    statements = function.body
    if ast.get_docstring(function, clean=False) is not None:
        statements = statements[1:]
    for statement in statements:
        yield from _walk(statement)


def _walk(node: ast.AST) -> Iterator[ast.AST]:
    yield node
    if isinstance(node, ast.Raise | ast.JoinedStr):
        return  # what an error says is not what is tested
    if isinstance(node, ast.AnnAssign):
        if node.value is not None:
            yield from _walk(node.value)
        return
    for child in ast.iter_child_nodes(node):
        yield from _walk(child)


def _changes(node: ast.AST) -> list[tuple[str, Change]]:
    """What can be made wrong at a node; applying one changes the node."""
    found: list[tuple[str, Change]] = []
    if isinstance(node, ast.Compare) and type(node.ops[0]) in _COMPARISONS:
        other = _COMPARISONS[type(node.ops[0])]
        found.append(_op(node.ops[0], other, lambda: node.ops.__setitem__(0, other())))
    elif isinstance(node, ast.BoolOp):
        flipped = ast.Or if isinstance(node.op, ast.And) else ast.And
        found.append(_op(node.op, flipped, lambda: setattr(node, "op", flipped())))
    elif isinstance(node, ast.BinOp) and type(node.op) in _ARITHMETIC:
        swapped = _ARITHMETIC[type(node.op)]
        found.append(_op(node.op, swapped, lambda: setattr(node, "op", swapped())))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        found.append(("not dropped", lambda: _undo_not(node)))
    elif isinstance(node, ast.Constant) and type(node.value) is bool:
        found.append(
            (f"{node.value} -> {not node.value}", lambda: setattr(node, "value", not node.value))
        )
    elif isinstance(node, ast.Constant) and type(node.value) is int:
        more = node.value + 1
        found.append((f"{node.value} -> {more}", lambda: setattr(node, "value", more)))
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        found.append(("condition upside down", lambda: _negate(node)))
    elif isinstance(node, ast.Raise):
        found.append(("raise dropped", lambda: _drop(node)))
    return found


def _op(old: ast.AST, new: type[ast.AST], apply: Change) -> tuple[str, Change]:
    return f"{type(old).__name__} -> {new.__name__}", apply


def _undo_not(node: ast.UnaryOp) -> None:
    node.operand = ast.UnaryOp(ast.Not(), node.operand)
    ast.fix_missing_locations(node)


def _negate(node: ast.If | ast.IfExp | ast.While) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)
    ast.copy_location(node.test, node)
    ast.fix_missing_locations(node)


def _drop(node: ast.Raise) -> None:
    """An error that is made and not raised: names stay used, so scopes stay the same."""
    value = node.exc or ast.Constant(None)
    node.__class__ = ast.Expr  # type: ignore[assignment]  # the node stays where it is in its body
    node.value = value  # type: ignore[attr-defined]
    setattr(node, "_fields", ("value",))  # noqa: B010 - of this node alone
    ast.fix_missing_locations(node)


def _code_of(module: types.CodeType, qualname: str) -> types.CodeType | None:
    """The code of a function within the code of its module."""
    code = module
    for part in qualname.split("."):
        inner = [one for one in code.co_consts if isinstance(one, types.CodeType)]
        named = [one for one in inner if one.co_name == part]
        if not named:
            return None
        code = named[-1]
    return code
