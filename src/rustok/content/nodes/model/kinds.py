"""Kinds of nodes and their typed custom fields: the schema, and the judgement of values by it.

Refuses: changing stored values when a schema changes; the next save of a node is judged anew.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.nodes.errors import InvalidFields, InvalidKind
from rustok.core.errors import FieldError

Scalar = str | int | bool
FieldValue = str | int | bool | list[str | int | bool] | None
FieldType = Literal[
    "text", "integer", "number", "boolean", "date", "datetime", "choice", "url", "reference", "list"
]
ItemType = Literal["text", "integer", "number", "date", "datetime", "choice", "url", "reference"]
FieldName = Annotated[
    str, Meta(min_length=1, max_length=63, pattern=r"^[a-z][a-z0-9_]*$(?!\n)", examples=["rating"])
]
Label = Annotated[str, Meta(min_length=1, max_length=200, examples=["Rating"])]
Choice = Annotated[str, Meta(min_length=1, max_length=200)]

MAX_TEXT: Final = 20_000
MAX_ITEMS: Final = 200
_INT64: Final = 2**63
_NUMBER: Final = re.compile(r"-?(?:0|[1-9][0-9]{0,29})(?:\.[0-9]{1,18})?")


class FieldDefinition(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One custom field.

    Attributes:
        type: `number` is a decimal written as text ("12.50"), exact; `reference` is a node's id.
        max_length: characters of text, entries of a list.
        choices: what a `choice` (or a list of them) may hold.
        item_type: what a `list` holds.
    """

    name: FieldName
    type: FieldType
    label: Label | None = None
    required: bool = False
    max_length: Annotated[int, Meta(ge=1, le=MAX_TEXT)] | None = None
    choices: Annotated[list[Choice], Meta(max_length=200)] = msgspec.field(default_factory=list)
    item_type: ItemType | None = None


class NodeKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of node. Built-in kinds have no row (`id` None) until a tenant gives them fields."""

    id: UUID | None = None
    slug: str
    name: str
    is_hierarchical: bool = False
    fields: list[FieldDefinition] = msgspec.field(default_factory=list)
    version: int = 0
    created_at: datetime | None = None
    updated_at: datetime | None = None


BUILT_IN: Final[dict[str, NodeKind]] = {
    "page": NodeKind(slug="page", name="Page", is_hierarchical=True),
    "post": NodeKind(slug="post", name="Post"),
}


def check_definitions(fields: list[FieldDefinition]) -> None:
    """Refuse a schema that contradicts itself.

    Raises:
        InvalidKind: with one entry per contradiction, at /fields/<index>.
    """
    errors: list[FieldError] = []
    seen: set[str] = set()

    def wrong(index: int, rule: str, message: str) -> None:
        errors.append(FieldError(pointer=f"/fields/{index}", rule=rule, message=message))

    for index, field in enumerate(fields):
        if field.name in seen:
            wrong(index, "unique", f"the name '{field.name}' is used twice.")
        seen.add(field.name)
        has_choices = "choice" in (field.type, field.item_type)
        if has_choices != bool(field.choices):
            wrong(index, "choices", "a choice lists its choices, other types list none.")
        if len(set(field.choices)) != len(field.choices):
            wrong(index, "choices", "a choice stands there twice.")
        if (field.type == "list") != (field.item_type is not None):
            wrong(index, "item_type", "a list says what it holds in item_type, other types do not.")
        if field.max_length is not None and field.type not in ("text", "list"):
            wrong(index, "max_length", "only text and lists have a length.")
        if field.type == "list" and (field.max_length or 0) > MAX_ITEMS:
            wrong(index, "max_length", f"a list holds at most {MAX_ITEMS} entries.")
    if errors:
        raise InvalidKind("The fields of the kind contradict themselves.", fields=errors)


def check_values(kind: NodeKind, values: dict[str, FieldValue]) -> dict[str, FieldValue]:
    """The values of a node of `kind`, checked and in canonical form; None counts as absent.

    Raises:
        InvalidFields: with one entry per broken rule, at /fields/<name>.
    """
    known = {field.name: field for field in kind.fields}
    errors = [
        _error(name, "unknown", f"the kind '{kind.slug}' has no such field.")
        for name in values
        if name not in known
    ]
    checked: dict[str, FieldValue] = {}
    for field in kind.fields:
        value = values.get(field.name)
        if value is None or (value in ("", []) and field.required):
            if field.required:
                errors.append(_error(field.name, "required", "a value is needed."))
            continue
        result = _list(field, value) if field.type == "list" else _scalar(field, field.type, value)
        if isinstance(result, _Broken):
            errors.append(_error(field.name, result.rule, result.message))
        else:
            checked[field.name] = result
    if errors:
        raise InvalidFields(kind.slug, errors)
    return checked


def references(kind: NodeKind, values: dict[str, FieldValue]) -> dict[str, list[UUID]]:
    """The node ids that checked values refer to, by field."""
    found: dict[str, list[UUID]] = {}
    for field in kind.fields:
        value = values.get(field.name)
        if "reference" not in (field.type, field.item_type) or value is None:
            continue
        listed = value if isinstance(value, list) else [value]
        found[field.name] = [UUID(str(one)) for one in listed]
    return found


class _Broken(msgspec.Struct, frozen=True):
    rule: str
    message: str


def _error(name: str, rule: str, message: str) -> FieldError:
    return FieldError(pointer=f"/fields/{name[:63]}", rule=rule, message=message)


def _list(field: FieldDefinition, value: FieldValue) -> list[Scalar] | _Broken:
    if not isinstance(value, list):
        return _Broken("type", "expects a list.")
    limit = field.max_length or MAX_ITEMS
    if len(value) > limit:
        return _Broken("max_length", f"at most {limit} entries, not {len(value)}.")
    checked: list[Scalar] = []
    for index, item in enumerate(value):
        result = _scalar(field, field.item_type or "text", item)
        if isinstance(result, _Broken):
            return _Broken(result.rule, f"entry {index}: {result.message}")
        checked.append(result)
    return checked


def _scalar(field: FieldDefinition, kind: FieldType, value: FieldValue) -> Scalar | _Broken:
    if kind == "boolean":
        return value if isinstance(value, bool) else _Broken("type", "expects true or false.")
    if kind == "integer":
        if not isinstance(value, int) or isinstance(value, bool):
            return _Broken("type", "expects a whole number.")
        return value if -_INT64 <= value < _INT64 else _Broken("range", "is beyond 64 bits.")
    if not isinstance(value, str):
        return _Broken("type", "expects text.")
    return _from_text(field, kind, value)


def _from_text(field: FieldDefinition, kind: FieldType, value: str) -> Scalar | _Broken:
    match kind:
        case "text":
            limit = (field.max_length if field.type == "text" else None) or MAX_TEXT
            if len(value) > limit:
                return _Broken("max_length", f"at most {limit} characters, not {len(value)}.")
            return value
        case "number":
            return _number(value)
        case "choice":
            if value not in field.choices:
                return _Broken("choice", f"expects one of: {', '.join(field.choices)[:300]}.")
            return value
        case "url":
            return _url(value)
        case "reference":
            return _reference(value)
        case _:
            return _moment(kind, value)


def _number(value: str) -> str | _Broken:
    if not _NUMBER.fullmatch(value):
        return _Broken("number", 'expects a decimal number as text, such as "12.50".')
    try:
        return str(Decimal(value))
    except InvalidOperation:
        return _Broken("number", "is no decimal number.")


def _url(value: str) -> str | _Broken:
    wrong = _Broken("url", "expects an http or https address of at most 2,048 characters.")
    if len(value) > 2_048 or any(ord(char) <= 0x20 or char in "\"'<>\\`" for char in value):
        return wrong
    try:
        parts = urlsplit(value)
    except ValueError:
        return wrong
    return (
        value
        if parts.scheme in ("http", "https") and parts.hostname and not parts.username
        else wrong
    )


def _reference(value: str) -> str | _Broken:
    try:
        return (
            str(UUID(value))
            if len(value) == 36
            else _Broken("reference", "expects the id of a node.")
        )
    except ValueError:
        return _Broken("reference", "expects the id of a node.")


def _moment(kind: FieldType, value: str) -> str | _Broken:
    try:
        if kind == "date":
            if len(value) != 10:
                raise ValueError
            return date.fromisoformat(value).isoformat()
        moment = datetime.fromisoformat(value)
    except ValueError:
        example = "2026-05-31" if kind == "date" else "2026-05-31T18:00:00Z"
        return _Broken(kind, f"expects a {kind} such as {example}.")
    if moment.tzinfo is None:
        return _Broken("datetime", "needs an offset, such as 2026-05-31T18:00:00Z.")
    return moment.isoformat()
