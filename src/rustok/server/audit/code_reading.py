"""Reads a package into functions that know what they call, write and emit; runs none of it.

Refuses: judging. Calls of methods of unknown objects are not followed: what they do is not seen.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import msgspec

WRITES: Final = frozenset(
    {
        *("insert", "insert_if_absent", "insert_many", "update", "update_version", "delete", "run"),
        *("insert_last", "insert_many_last", "insert_new_last"),
        *("update_last", "update_version_last", "run_last"),
    }
)
EMITS: Final = frozenset({"emit", "emit_for"})
_EXCUSE: Final = re.compile(r"#\s*no event:\s*(?P<reason>\S.*)")

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


class Function(msgspec.Struct, kw_only=True, eq=False):
    """One function or method.

    Attributes:
        calls: full names of functions of the package that it calls or hands on.
        writes: full names of the tables it writes itself; "?" where the code does not tell.
    """

    name: str
    module: str
    place: str
    calls: set[str]
    writes: set[str]
    emits: bool
    excuse: str | None


class Module(msgspec.Struct, kw_only=True, eq=False):
    """One file: its syntax tree and what its names stand for."""

    name: str
    path: str
    tree: ast.Module
    lines: list[str]
    names: dict[str, str]
    assigned: dict[str, ast.stmt]


class Code(msgspec.Struct, kw_only=True, eq=False):
    """A package that was read."""

    modules: dict[str, Module]
    functions: dict[str, Function]
    excused_tables: dict[str, tuple[str, str]]

    def resolve(self, name: str) -> str:
        """The full name of the thing itself, through re-exports; `name` when there is nothing behind it."""
        for _ in range(8):
            if name in self.functions or name in self.modules:
                return name
            module, _, last = name.rpartition(".")
            behind = self.modules.get(module)
            if behind is None or last not in behind.names or behind.names[last] == name:
                return name
            name = behind.names[last]
        return name


def read_package(root: Path, package: str = "rustok") -> Code:
    """Read every file of the package whose folder is `root`."""
    modules = {module.name: module for module in read_modules(root, package)}
    code = Code(modules=modules, functions={}, excused_tables={})
    found = [(m, owner, node) for m in modules.values() for owner, node in _functions(m.tree)]
    for module, owner, node in found:
        name = ".".join((module.name, *owner, node.name))
        code.functions[name] = Function(
            name=name,
            module=module.name,
            place=f"{module.path}:{node.lineno}",
            calls=set(),
            writes=set(),
            emits=False,
            excuse=_excuse(module, node.lineno, node.body[0].lineno),
        )
    for module, owner, node in found:
        _fill(code, module, owner, node, code.functions[".".join((module.name, *owner, node.name))])
    for module in modules.values():
        for name, statement in module.assigned.items():
            reason = _excuse(module, statement.lineno, statement.lineno + 1)
            if reason is not None:
                place = f"{module.path}:{statement.lineno}"
                code.excused_tables[f"{module.name}.{name}"] = (place, reason)
    return code


def read_modules(root: Path, package: str = "rustok") -> Iterator[Module]:
    """Every file of the package whose folder is `root`, parsed, and no more."""
    for file in sorted(root.rglob("*.py")):
        relative = file.relative_to(root)
        parts = [package, *relative.with_suffix("").parts]
        is_package = parts[-1] == "__init__"
        name = ".".join(parts[:-1] if is_package else parts)
        text = file.read_text("utf-8")
        tree = ast.parse(text, str(relative))
        module = Module(
            name=name,
            path=f"{package}/{relative.as_posix()}",
            tree=tree,
            lines=text.splitlines(),
            names={},
            assigned={},
        )
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module is not None and node.level == 0:
                for alias in node.names:
                    module.names[alias.asname or alias.name] = f"{node.module}.{alias.name}"
            elif isinstance(node, ast.Import):
                for alias in node.names:
                    module.names[alias.asname or alias.name.split(".")[0]] = alias.name
        for statement in tree.body:
            if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
                module.assigned[statement.target.id] = statement
            elif isinstance(statement, ast.Assign):
                for target in statement.targets:
                    if isinstance(target, ast.Name):
                        module.assigned[target.id] = statement
            elif isinstance(statement, FunctionNode | ast.ClassDef):
                module.names.setdefault(statement.name, f"{name}.{statement.name}")
        for assigned in module.assigned:
            module.names.setdefault(assigned, f"{name}.{assigned}")
        yield module


def _functions(
    tree: ast.AST, owner: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], FunctionNode]]:
    """Functions of the module and methods of its classes; functions inside count as their owner's."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, FunctionNode):
            yield owner, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, (*owner, node.name))


def _excuse(module: Module, first: int, end: int) -> str | None:
    """The reason given on the lines from the one above `first` up to `end`, exclusive."""
    for line in module.lines[max(0, first - 2) : max(first, end - 1)]:
        found = _EXCUSE.search(line)
        if found:
            return found["reason"]
    return None


def dotted(node: ast.expr) -> list[str] | None:
    """`a.b.c` as its words; None for anything else."""
    if isinstance(node, ast.Name):
        return [node.id]
    if isinstance(node, ast.Attribute):
        before = dotted(node.value)
        return None if before is None else [*before, node.attr]
    return None


def _fill(
    code: Code, module: Module, owner: tuple[str, ...], node: FunctionNode, into: Function
) -> None:
    for inner in ast.walk(node):
        if isinstance(inner, ast.Call) and isinstance(inner.func, ast.Attribute):
            receiver = dotted(inner.func.value)
            if receiver is not None and receiver[-1].endswith("tx"):
                if inner.func.attr in EMITS:
                    into.emits = True
                elif inner.func.attr in WRITES and inner.args:
                    into.writes |= _tables(code, module, inner.args[0])
        if isinstance(inner, ast.Name | ast.Attribute) and isinstance(inner.ctx, ast.Load):
            words = dotted(inner)
            if words is None:
                continue
            if words[0] == "self" and owner and len(words) == 2:
                name = ".".join((module.name, *owner, words[1]))
            elif words[0] in module.names:
                name = ".".join([module.names[words[0]], *words[1:]])
            else:
                continue
            target = code.resolve(name)
            if target in code.functions and target != into.name:
                into.calls.add(target)


def _tables(code: Code, module: Module, what: ast.expr, depth: int = 0) -> set[str]:
    """The tables in the first argument of a write: a table, or a statement made of tables."""
    found: set[str] = set()
    for node in ast.walk(what):
        if not isinstance(node, ast.Name) or node.id not in module.names:
            continue
        target = code.resolve(module.names[node.id])
        home, _, last = target.rpartition(".")
        behind = code.modules.get(home)
        if ".tables" in home or _is_table(behind, last):
            found.add(target)
        elif behind is module and depth < 3:
            inner: ast.AST | None = module.assigned.get(last)
            if inner is None:
                inner = next((n for o, n in _functions(module.tree) if n.name == last), None)
            if inner is not None:
                for expression in ast.walk(inner):
                    if isinstance(expression, ast.Name) and expression.id != last:
                        found |= _tables(code, module, expression, depth + 1)
    if depth == 0 and not found:
        return {"?"}
    return found


def _is_table(module: Module | None, name: str) -> bool:
    statement = module.assigned.get(name) if module is not None else None
    if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
        return False
    made_by = statement.value.func if isinstance(statement.value, ast.Call) else None
    words = dotted(made_by) if made_by is not None else None
    return words is not None and words[-1] in {"tenant_table", "platform_table", "Table"}
