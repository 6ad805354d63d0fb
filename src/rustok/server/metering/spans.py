"""What spans of requests and statements say, by the semantic conventions of OpenTelemetry.

Refuses: query strings, bodies, values of statements, and who a person is.
Source: OpenTelemetry semantic conventions for HTTP servers and for database clients.
"""

from __future__ import annotations

import re
from typing import Any, Final

from rustok.core.db.statement import Compiled
from rustok.core.tenancy import TenantProfile
from rustok.server.message import Request
from rustok.telemetry.tracing import CLIENT, SharedAttributes, Span

_SYSTEMS: Final = {"postgres": "postgresql", "sqlite": "sqlite"}


def describe_request(
    span: Span,
    request: Request,
    method: str,
    route: str,
    status: int,
    tenant: TenantProfile | None,
    request_id: str,
) -> None:
    """Name the span of a request and say what came of it."""
    span.name = f"{method} {route}"
    attributes = span.attributes
    attributes["http.request.method"] = method
    attributes["http.route"] = route
    attributes["http.response.status_code"] = status
    attributes["url.scheme"] = request.scheme
    attributes["url.path"] = request.path[:256]
    attributes["rustok.request_id"] = request_id
    if tenant is not None:
        attributes["rustok.tenant"] = str(tenant.id)
    if status >= 500:
        span.fail(str(status))


_LONGEST: Final = 800
_SELECTED: Final = re.compile(r"\b(?P<kept>SELECT .{60}).{20,}? FROM\b")
_IN_BRACKETS: Final = re.compile(r"\((?P<kept>[^()]{60})[^()]{20,}\)")


def in_short(sql: str) -> str:
    """A statement without the middle of its lists of columns: every span of it carries the text.

    They are most of a text and say least.
    """
    text = " ".join(sql.split())
    text = _SELECTED.sub(r"\g<kept>… FROM", text)
    text = _IN_BRACKETS.sub(r"(\g<kept>…)", text)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


class _Statement:
    """Name and attributes of a statement's spans."""

    __slots__ = ("attributes", "name")

    def __init__(self, compiled: Compiled[Any]) -> None:
        operation = compiled.operation.upper()
        self.name = f"{operation} {compiled.table}".rstrip()
        self.attributes = SharedAttributes(
            {
                "db.system.name": _SYSTEMS[compiled.dialect],
                "db.operation.name": operation,
                "db.collection.name": compiled.table,
                # The text with its placeholders: values are never in it.
                "db.query.text": in_short(compiled.sql),
            }
        )


_statements: dict[str, _Statement] = {}
"""By text: as many as the repositories have."""


def record_statement(
    span: Span, compiled: Compiled[Any], seconds: float, rows: int, error: str | None
) -> None:
    """Record a statement below the span that ran it."""
    known = _statements.get(compiled.sql)
    if known is None:
        known = _statements[compiled.sql] = _Statement(compiled)
    span.leaf(known.name, CLIENT, seconds, known.attributes, rows=rows, error=error)
