"""Generates valid events of any registered type from the types of its fields, and breaks one of them.

Refuses: knowing an event type by name, except where a rule joins several fields.
"""

from __future__ import annotations

from datetime import UTC
from typing import Any

import msgspec
from hypothesis import strategies as st
from msgspec import inspect

from rustok.core.events.event import Event
from rustok.core.types import HANDLE_PATTERN, LOCALE_PATTERN, MIME_TYPE_PATTERN

Text = st.SearchStrategy[str]
PRINTABLE = st.characters(
    min_codepoint=0x20, max_codepoint=0x24F, blacklist_categories=("Cc", "Zs")
)
WRONG: Any = {"a": ["wrong", "type"]}
"""A value no field of an event takes."""

LOCALES = st.sampled_from(["en", "de-AT", "zh-Hant-TW", "sl-rozaj", "es-419"])
MIME_TYPES = st.sampled_from(["image/webp", "text/plain", "application/vnd.a+json"])
SLUGS = st.from_regex(r"\A[a-z0-9]{1,8}(-[a-z0-9]{1,8}){0,3}\Z")


def texts(kind: inspect.StrType) -> Text:
    """Strings that fit a type's lengths and pattern."""
    longest = min(kind.max_length or 40, 40)
    if kind.pattern == LOCALE_PATTERN:
        return LOCALES
    if kind.pattern == MIME_TYPE_PATTERN:
        return MIME_TYPES
    if kind.pattern == HANDLE_PATTERN:
        return SLUGS
    if kind.pattern is None or "u0000" in kind.pattern:
        return st.text(PRINTABLE, min_size=max(kind.min_length or 1, 1), max_size=longest)
    pattern = kind.pattern.removesuffix(r"$(?!\n)").removesuffix("$").removeprefix("^")
    return st.from_regex(rf"\A(?:{pattern})\Z").filter(
        lambda text: (kind.min_length or 0) <= len(text) <= (kind.max_length or 10_000)
    )


def values(kind: inspect.Type) -> st.SearchStrategy[Any]:
    """Values of a field's type, as JSON has them decoded into the event."""
    match kind:
        case inspect.Metadata():
            return values(kind.type)
        case inspect.UUIDType():
            return st.uuids().filter(lambda one: one.int != 0)
        case inspect.StrType():
            return texts(kind)
        case inspect.IntType():
            low = kind.ge if kind.ge is not None else (kind.gt + 1 if kind.gt is not None else None)
            high = (
                kind.le if kind.le is not None else (kind.lt - 1 if kind.lt is not None else None)
            )
            return st.integers(low if low is not None else -(2**40), high if high else 2**40)
        case inspect.BoolType():
            return st.booleans()
        case inspect.NoneType():
            return st.none()
        case inspect.LiteralType():
            return st.sampled_from(sorted(kind.values, key=str))
        case inspect.DateTimeType():
            return st.datetimes(timezones=st.just(UTC))
        case inspect.VarTupleType():
            most = kind.max_length if kind.max_length is not None else 4
            least = max(kind.min_length or 0, 1)
            return st.lists(values(kind.item_type), min_size=least, max_size=max(most, least)).map(
                tuple
            )
        case inspect.UnionType():
            return st.one_of([values(one) for one in kind.types])
        case _:
            raise TypeError(f"no strategy for {kind!r}")


def fields_of(cls: type[Event]) -> tuple[inspect.Field, ...]:
    """The fields of an event class with their types."""
    kind = inspect.type_info(cls)
    assert isinstance(kind, inspect.StructType)
    return kind.fields


def _made_whole(event: Event) -> Event:
    """Mend what joins several fields, so that the event holds."""
    if event.type == "inventory.adjusted":
        before, after = event.on_hand_before, event.on_hand_after  # type: ignore[attr-defined]
        return msgspec.structs.replace(event, quantity_delta=after - before)
    return event


def events(cls: type[Event]) -> st.SearchStrategy[Event]:
    """Valid events of a class."""
    made = st.builds(cls, **{field.name: values(field.type) for field in fields_of(cls)})
    return made.map(_made_whole).filter(lambda one: one.rule_broken() is None)
