"""The rules: each takes a file and yields findings; none imports the code it judges."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tools.lints.source import Finding, Rule, Source, call_name

SOURCE = "src/rustok"
FEATURE_FLOORS = ("platform", "content", "commerce")
FORBIDDEN_NAMES = frozenset(
    {"utils", "util", "helpers", "helper", "common", "base", "manager", "misc"}
)
# What a service may know of the database: a transaction to pass on and violations to translate.
DATABASE_NAMES_FOR_ALL = frozenset(
    {
        "ReadTx",
        "WriteTx",
        "SystemTx",
        "Database",
        "UniqueViolation",
        "ForeignKeyViolation",
        "CheckViolation",
        "DatabaseUnavailable",
    }
)


def no_commit_outside_the_edge(source: Source) -> Iterator[Finding]:
    """A commit in the middle of a use case makes the second half of it another transaction."""
    if not source.under(SOURCE) or source.under(f"{SOURCE}/core/db", f"{SOURCE}/server"):
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and call_name(node) in {"commit", "rollback"}:
            yield Finding(
                source.path,
                node.lineno,
                "commit",
                "only core/db and the server's edge end transactions",
            )


def no_float_near_money(source: Source) -> Iterator[Finding]:
    """0.1 + 0.2 is not 0.3; money is integers and Decimal. Excuse: `# not money: reason`."""
    if not source.under(f"{SOURCE}/commerce", f"{SOURCE}/core/money.py"):
        return
    for node in ast.walk(source.tree):
        literal = isinstance(node, ast.Constant) and isinstance(node.value, float)
        named = isinstance(node, ast.Name) and node.id == "float"
        if (
            isinstance(node, ast.expr)
            and (literal or named)
            and not source.excused(node, "not money")
        ):
            message = "use integer minor units or Decimal, or say `# not money: reason`"
            yield Finding(source.path, node.lineno, "float", message)


def no_import_inside_a_function(source: Source) -> Iterator[Finding]:
    """It hides a cycle, or a cost from start-up. Excuse: `# late: reason`."""
    if not source.under(SOURCE, "tools"):
        return
    for function in ast.walk(source.tree):
        if not isinstance(function, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        for node in _own_nodes(function):
            late = isinstance(node, (ast.Import, ast.ImportFrom))
            if isinstance(node, ast.stmt) and late and not source.excused(node, "late"):
                message = "import at the top, or say `# late: reason`"
                yield Finding(source.path, node.lineno, "late-import", message)


def _own_nodes(function: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.AST]:
    """All nodes of a function but those of functions inside it, which are visited as themselves."""
    waiting: list[ast.AST] = list(function.body)
    while waiting:
        node = waiting.pop()
        yield node
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            waiting.extend(ast.iter_child_nodes(node))


_SQL_CALLS = frozenset(
    {
        "text",
        "execute",
        "execute_many",
        "executemany",
        "executescript",
        "fetch",
        "fetchrow",
        "fetchval",
    }
)
_SQL_TEXT = re.compile(
    r"^\s*(select\s.+\sfrom|insert\s+into|update\s+\S+\s+set|delete\s+from|with\s+\S+\s+as|create|alter|drop)\b",
    re.IGNORECASE | re.DOTALL,
)


def no_sql_by_concatenation(source: Source) -> Iterator[Finding]:
    """Text put into SQL is an injection waiting. Excuse: `# constant sql: reason`."""
    if not source.under(SOURCE, "benchmarks"):
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, ast.expr) or not _is_made_text(node):
            continue
        if _SQL_TEXT.search(_constant_beginning(node)) and not source.excused(node, "constant sql"):
            yield _sql_finding(source, node)
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Call) and _takes_sql(node) and node.args:
            made = node.args[0]
            known = _SQL_TEXT.search(_constant_beginning(made))  # found above already
            if _is_made_text(made) and not known and not source.excused(node, "constant sql"):
                yield _sql_finding(source, made)


def _takes_sql(call: ast.Call) -> bool:
    name = call_name(call)
    if name == "text" and isinstance(call.func, ast.Attribute):
        # Many things have a method called text; SQLAlchemy's is a function of its module.
        return isinstance(call.func.value, ast.Name) and call.func.value.id in {"sa", "sqlalchemy"}
    return name in _SQL_CALLS


def _sql_finding(source: Source, node: ast.expr) -> Finding:
    message = "bind parameters instead of building SQL, or say `# constant sql: reason`"
    return Finding(source.path, node.lineno, "sql", message)


def _is_made_text(node: ast.expr) -> bool:
    """An f-string with a value in it, `"…" + x`, `"…" % x` or `"…".format(x)`."""
    if isinstance(node, ast.JoinedStr):
        return any(isinstance(part, ast.FormattedValue) for part in node.values)
    if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Add, ast.Mod)):
        both_constant = _is_text(node.left) and _is_text(node.right)
        return not both_constant and (_is_text_like(node.left) or _is_text_like(node.right))
    return (
        isinstance(node, ast.Call)
        and call_name(node) == "format"
        and _constant_beginning(node) != ""
    )


def _is_text(node: ast.expr) -> bool:
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return _is_text(node.left) and _is_text(node.right)
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _is_text_like(node: ast.expr) -> bool:
    return _is_text(node) or _is_made_text(node)


def _constant_beginning(node: ast.expr) -> str:
    """The text an expression begins with, as far as the source says; values count as `x`."""
    if isinstance(node, ast.Constant):
        return node.value if isinstance(node.value, str) else "x"
    if isinstance(node, ast.JoinedStr):
        return "".join(_constant_beginning(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return "x"
    if isinstance(node, ast.BinOp):
        return _constant_beginning(node.left) + _constant_beginning(node.right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        return _constant_beginning(node.func.value) if node.func.attr == "format" else ""
    return ""


_PAGING = frozenset({"page", "cursor", "limit", "after", "ids", "keys"})


def lists_are_paged(source: Source) -> Iterator[Finding]:
    """A list without a bound works until a tenant grows. Excuse: `# bounded: reason`."""
    if source.parts[-1:] != ("repository.py",) or not source.under(SOURCE):
        return
    for node in ast.walk(source.tree):
        if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        names = {a.arg for a in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)}
        if (
            node.name.startswith("list_")
            and not names & _PAGING
            and not _header_excused(source, node)
        ):
            message = f"{node.name} takes no page, limit or ids; add one or say `# bounded: reason`"
            yield Finding(source.path, node.lineno, "paging", message)


def _header_excused(source: Source, node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    header = source.lines[node.lineno - 1 : node.body[0].lineno]
    return any(re.search(r"#\s*bounded:\s*\S", line) for line in header)


def no_name_without_meaning(source: Source) -> Iterator[Finding]:
    """A room called utils takes everything in."""
    if not source.is_python:
        return
    for part in PurePosixPath(source.path).with_suffix("").parts:
        if part in FORBIDDEN_NAMES:
            yield Finding(source.path, 1, "name", f"{part!r} says nothing; name what lives there")


def services_know_no_queries(source: Source) -> Iterator[Finding]:
    """import-linter sees modules; which names a service takes from core.db only the file tells."""
    inside = len(source.parts) == 5 and source.parts[2] in FEATURE_FLOORS
    if not inside or source.parts[4] in {"repository.py", "tables.py"}:
        return
    for node in ast.walk(source.tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rustok.core.db"):
            for alias in node.names:
                if alias.name not in DATABASE_NAMES_FOR_ALL:
                    message = f"{alias.name} belongs to repository and tables"
                    yield Finding(source.path, node.lineno, "queries", message)


# A home or work folder with something in it; a bare /tmp or /root in prose names no machine.
_MACHINE_PATH = re.compile(
    r"(?<![\w.:/])/(?:home|Users|root|work|tmp|mnt|farm)/[\w.-]+|[A-Z]:\\\\Users\\\\"
)


def no_path_of_a_machine(source: Source) -> Iterator[Finding]:
    """It works for its author only. Excuse: `example path: reason` in the line."""
    if source.under("tools/lints", "tests/architecture"):
        return  # both must write down what is forbidden
    for number, line in enumerate(source.lines, 1):
        if _MACHINE_PATH.search(line) and "example path:" not in line:
            message = "a path of somebody's machine; make it relative or a setting"
            yield Finding(source.path, number, "machine-path", message)


PYTHON_RULES: tuple[Rule, ...] = (
    no_commit_outside_the_edge,
    no_float_near_money,
    no_import_inside_a_function,
    no_sql_by_concatenation,
    lists_are_paged,
    no_name_without_meaning,
    services_know_no_queries,
)
TEXT_RULES: tuple[Rule, ...] = (no_path_of_a_machine,)


def judge(source: Source) -> list[Finding]:
    """All findings about one file, in line order."""
    rules = (*PYTHON_RULES, *TEXT_RULES) if source.is_python else TEXT_RULES
    found = {finding for rule in rules for finding in rule(source)}
    return sorted(found, key=lambda finding: (finding.line, finding.rule))
