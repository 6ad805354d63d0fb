"""What changed, taken apart into facts with the same names before and after."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import msgspec

from rustok.core.audit.difference import difference, state_of, step
from rustok.core.audit.entry import entry, masked


class Sale(msgspec.Struct, frozen=True):
    amount_minor: int
    starts_at: datetime | None = None


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    state: str = "new"
    name: str = "A"
    email: str = "ada@example.com"
    settings: dict[str, object] = {}
    sale: Sale | None = None
    ids: tuple[UUID, ...] = ()


ID = UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")


def test_only_what_differs_within_a_mapping_is_told() -> None:
    thing = Thing(settings={"prefix": "A-", "low": 5, "gone": True})
    told = difference(thing, {"settings": {"prefix": "B-", "low": 5, "new": 1}})
    assert told.before == {"settings.prefix": "A-", "settings.gone": True, "settings.new": None}
    assert told.after == {"settings.prefix": "B-", "settings.gone": None, "settings.new": 1}


def test_structs_times_and_ids_become_plain_values() -> None:
    sale = Sale(5, datetime(2026, 1, 1, tzinfo=UTC))
    told = difference(Thing(), {"sale": sale, "ids": (ID,)})
    assert told.before["sale.amount_minor"] is None
    assert told.after["sale.amount_minor"] == 5
    assert told.after["sale.starts_at"] == "2026-01-01T00:00:00+00:00"
    assert told.after["ids"] == [str(ID)]
    assert told.before.keys() == told.after.keys()


def test_a_step_tells_the_names_that_differ() -> None:
    told = step(Thing(), Thing(state="paid"), "state", "name")
    assert (told.before, told.after) == ({"state": "new"}, {"state": "paid"})
    assert state_of(Thing(), "name") == {"name": "A"}


def test_a_name_within_a_mapping_is_masked_like_any_other() -> None:
    told = difference(Thing(settings={"api_key": "k"}), {"settings": {"api_key": "l"}})
    assert masked("settings.api_key", "l") == "[secret]"
    made = entry("thing.changed", object_type="thing", before=told.before, after=told.after)
    assert bytes(made.after) == b'{"settings.api_key":"[secret]"}'
    people = difference(Thing(), {"email": "grace@example.com"})
    assert b"example" not in bytes(entry("a.b", object_type="x", before=people.before).before)
