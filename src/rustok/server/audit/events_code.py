"""The code half of `rustok audit events`: every change of a feature's rows is announced, and only by the outbox.

Refuses: looking at branches. A function that emits on one of its paths is taken to emit; that it
does so on the right one is for the tests of the feature.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import rustok
from rustok.server.audit.code_reading import Code, Module, dotted, read_package
from rustok.server.audit.findings import Excuse, Finding, Report

FLOORS: Final = ("rustok.platform.", "rustok.content.", "rustok.commerce.", "rustok.importers.")
"""Whose tables are announced. The index is left out: it is made from events, not the other way."""

_TRANSPORT_USERS: Final = frozenset(
    {"rustok.server.platform", "rustok.server.jetstream", "rustok.server.housekeeping"}
)
"""The rooms that put relay, transport and outbox together; nobody else needs to know them."""
_BUS_FOR_ALL: Final = (
    "rustok.core.bus.port",
    "rustok.core.bus.errors",
    "rustok.core.bus.redelivery",
)
_BUS_FOR_OPERATORS: Final = (
    "rustok.core.bus.jetstream_provision",
    "rustok.core.bus.jetstream_connection",
    "rustok.core.bus.replaying",
)
_OUTBOX_FOR_ALL: Final = frozenset({"backlog", "Backlog", "count_events", "outbox"})
"""What reads; the table may be read by all, writing it is found by its own rule."""
_OUTBOX_FOR_OPERATORS: Final = _OUTBOX_FOR_ALL | {"flush_events", "aggregate_sequences"}
_OUTBOX_TABLES: Final = frozenset(
    {"rustok.core.outbox.outbox", "rustok.core.outbox.aggregate_sequences"}
)
_PUBLISHERS: Final = frozenset({"transport", "bus", "broker", "js", "jetstream", "nats"})
_OUTBOX_SQL: Final = re.compile(
    r"\b(insert\s+into|update|delete\s+from)\s+(outbox|aggregate_sequences)\b", re.IGNORECASE
)


def audit_code(root: Path | None = None) -> Report:
    """Read the package (this program's own unless `root` says otherwise) and judge it."""
    code = read_package(root or Path(rustok.__file__).parent)
    findings, excuses, carriers = _silent_changes(code)
    for module in code.modules.values():
        findings += _direct_publishing(code, module)
    return Report(
        half="code",
        checked={
            "modules": len(code.modules),
            "functions": len(code.functions),
            "functions that change rows": carriers,
        },
        findings=sorted(findings),
        excuses=sorted(excuses),
        not_derivable=[
            "whether a function that emits does so on each of its paths",
            "what methods of objects passed in do",
        ],
    )


def _is_repository(name: str) -> bool:
    return ".repository" in name


def _silent_changes(code: Code) -> tuple[list[Finding], list[Excuse], int]:
    """Changes nobody announces, the excuses used, and how many functions change rows."""
    excuses: set[Excuse] = set()
    callers: dict[str, set[str]] = {}
    for function in code.functions.values():
        for called in function.calls:
            callers.setdefault(called, set()).add(function.name)

    def loud_tables(name: str, seen: set[str]) -> set[str]:
        """Tables with events that a function writes, itself or through repositories."""
        if name in seen:
            return set()
        seen.add(name)
        function = code.functions[name]
        found: set[str] = set()
        for table in function.writes:
            excuse = code.excused_tables.get(table)
            if excuse is None:
                found.add(table)
            else:
                excuses.add(Excuse(place=excuse[0], reason=excuse[1]))
        for called in function.calls:
            if _is_repository(called):
                found |= loud_tables(called, seen)
        return found

    def emits(name: str, seen: set[str]) -> bool:
        if name in seen:
            return False
        seen.add(name)
        function = code.functions[name]
        return function.emits or any(emits(called, seen) for called in function.calls)

    def is_announced(name: str, seen: frozenset[str]) -> bool:
        function = code.functions[name]
        if function.excuse is not None:
            excuses.add(Excuse(place=function.place, reason=function.excuse))
            return True
        if emits(name, set()):
            return True
        above = callers.get(name, set()) - seen - {name}
        return bool(above) and all(is_announced(one, seen | {name}) for one in above)

    findings: list[Finding] = []
    carriers = 0
    for function in code.functions.values():
        if not function.name.startswith(FLOORS) or _is_repository(function.name):
            continue
        tables = loud_tables(function.name, set())
        if not tables:
            continue
        carriers += 1
        if not is_announced(function.name, frozenset()):
            listed = ", ".join(sorted(table.rpartition(".")[2] for table in tables))
            name = function.name.removeprefix(f"{function.module}.")
            message = (
                f"{name} writes {listed} and neither it nor what it calls or is called by emits; "
                "emit in the same transaction, or say `# no event: reason`"
            )
            findings.append(
                Finding(rule="change_without_event", place=function.place, message=message)
            )
    return findings, list(excuses), carriers


def _direct_publishing(code: Code, module: Module) -> Iterator[Finding]:
    """Ways past the outbox: its tables, a transport, a broker's client."""
    if module.name.startswith("rustok.core.") or module.name in _TRANSPORT_USERS:
        return
    for function in code.functions.values():
        if function.module == module.name and function.writes & _OUTBOX_TABLES:
            yield Finding(
                rule="publishing_past_the_outbox",
                place=function.place,
                message="writes a row of the outbox; emit on the transaction",
            )
    for node in ast.walk(module.tree):
        for line, what in _touches(code, module, node):
            yield Finding(
                rule="publishing_past_the_outbox",
                place=f"{module.path}:{line}",
                message=f"{what}; emit on the transaction, the relay publishes",
            )


def _touches(code: Code, module: Module, node: ast.AST) -> Iterator[tuple[int, str]]:
    operator = module.name.startswith(("rustok.cli.", "rustok.server."))
    outbox_names = _OUTBOX_FOR_OPERATORS if operator else _OUTBOX_FOR_ALL
    if isinstance(node, ast.ImportFrom | ast.Import):
        home = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        for alias in node.names:
            target = f"{home}.{alias.name}" if home else alias.name
            if target.split(".")[0] == "nats":
                yield node.lineno, "imports a broker's client"
            elif target.startswith("rustok.core.bus."):
                allowed = _BUS_FOR_ALL + (_BUS_FOR_OPERATORS if operator else ())
                if not target.startswith(allowed):
                    yield node.lineno, f"imports {target}"
            elif home == "rustok.core.outbox" and alias.name not in outbox_names:
                yield node.lineno, f"imports {alias.name} of the outbox"
    elif isinstance(node, ast.Attribute):
        words = dotted(node)
        if words is None or len(words) != 2 or words[0] not in module.names:
            return
        is_outbox = code.resolve(module.names[words[0]]) == "rustok.core.outbox"
        if is_outbox and words[1] not in outbox_names:
            yield node.lineno, f"uses outbox.{words[1]}"
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        words = dotted(node.func)
        if words is None or len(words) < 2:
            return
        if words[-1] in {"publish", "publish_async"} and words[-2].lstrip("_") in _PUBLISHERS:
            yield node.lineno, f"calls {'.'.join(words)}"
    elif isinstance(node, ast.Constant) and isinstance(node.value, str):
        is_prose = "\n\n" in node.value
        if _OUTBOX_SQL.search(node.value) and not is_prose:
            yield node.lineno, "writes the outbox by SQL"
