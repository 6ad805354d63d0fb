"""What has to be in the audit log is: every command of staff, every fact, every look at people's data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import pytest

from rustok.core.audit.entry import masked_kind
from rustok.core.events.event import event_types
from rustok.core.routing import Route
from rustok.server.modules import all_modules

ROUTES: Final = all_modules().routes
NOT_OF_PEOPLE: Final[dict[str, str]] = {
    "admin_get_node": "the byline of what is published",
    "admin_get_node_revision": "the byline of what is published",
    "admin_list_nodes": "the byline of what is published",
}
"""Queries whose answers have fields that only look personal, with the reason."""
UNAUDITED: Final = frozenset(
    {
        "cart.abandoned",
        "cart.completed",
        "cart.created",
        "cart.updated",
        "index.updated",
        "inventory.back_in_stock",
        "inventory.low",
        "inventory.out_of_stock",
        "inventory.released",
        "inventory.reserved",
        "order.status_changed",
        "webhook.delivery_failed",
    }
)
"""Events the log leaves out; each says why where it is declared. Add one only after review."""


def _fields(kind: msgspec.inspect.Type, seen: set[type]) -> Iterator[str]:
    """Names of all fields of text that an answer of this type has, at any depth."""
    if isinstance(kind, msgspec.inspect.StructType):
        if kind.cls in seen:
            return
        seen.add(kind.cls)
        for field in kind.fields:
            yield field.name
            yield from _fields(field.type, seen)
    for inner in ("item_type", "value_type", "type"):
        found = getattr(kind, inner, None)
        if isinstance(found, msgspec.inspect.Type):
            yield from _fields(found, seen)
    for many in ("types", "item_types"):
        for one in getattr(kind, many, ()):
            yield from _fields(one, seen)


def _personal(response: Any) -> set[str]:
    if response is None:
        return set()
    names = set(_fields(msgspec.inspect.type_info(response), set()))
    return {name for name in names if masked_kind(name) == "personal"}


@pytest.mark.parametrize(
    "route",
    [one for one in ROUTES if one.method == "GET" and one.surface in ("admin", "platform")],
    ids=lambda route: route.operation_id,
)
def test_a_query_of_staff_that_shows_people_is_recorded(route: Route) -> None:
    found = _personal(route.response)
    if route.operation_id in NOT_OF_PEOPLE:
        assert not route.personal
    else:
        assert route.personal == bool(found), f"personal={bool(found)}: {sorted(found)}"


def test_the_events_that_are_not_recorded_are_the_reviewed_ones() -> None:
    all_modules()
    assert {name for name, cls in event_types().items() if cls.unaudited} == UNAUDITED
