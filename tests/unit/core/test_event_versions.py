"""Older versions of an event are raised step by step; newer ones and gaps are refused, never guessed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import pytest

from rustok.core.events import event as events
from rustok.core.events.event import (
    Event,
    InvalidEvent,
    UnknownEvent,
    decode_event,
    event,
    event_types,
    upcaster,
)
from rustok.server.modules import all_modules

THING = UUID("01a20ab8-8bf4-744f-b668-2c4c8805ece0")


@pytest.fixture
def third_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """An event whose version 3 counts pieces; 1 had a text, 2 a number without a unit."""
    monkeypatch.setattr(events, "_registry", dict(events._registry))
    monkeypatch.setattr(events, "_upcasters", {})

    @event("test_parcel.weighed", aggregate="test_parcel", key="parcel_id", version=3)
    class ParcelWeighed(Event, frozen=True, kw_only=True):
        parcel_id: UUID
        weight_grams: int

    @upcaster("test_parcel.weighed", 1)
    def from_text(data: dict[str, Any]) -> dict[str, Any]:
        return {"parcel_id": data["parcel_id"], "weight": int(data["weight"])}

    @upcaster("test_parcel.weighed", 2)
    def with_unit(data: dict[str, Any]) -> dict[str, Any]:
        return {"parcel_id": data["parcel_id"], "weight_grams": data["weight"] * 1000}


@pytest.mark.usefixtures("third_version")
@pytest.mark.parametrize(
    ("version", "field", "value"),
    [(1, "weight", '"2"'), (2, "weight", "2"), (3, "weight_grams", "2000")],
)
def test_every_version_that_was_ever_written_reads_as_the_present_one(
    version: int, field: str, value: str
) -> None:
    data = f'{{"parcel_id": "{THING}", "{field}": {value}}}'
    found = decode_event("test_parcel.weighed", version, data)
    assert (found.type, getattr(found, "weight_grams", None)) == ("test_parcel.weighed", 2000)


@pytest.mark.usefixtures("third_version")
def test_a_newer_version_is_unknown_and_not_read_as_the_present_one() -> None:
    with pytest.raises(UnknownEvent):
        decode_event("test_parcel.weighed", 4, f'{{"parcel_id": "{THING}", "weight_grams": 1}}')


@pytest.mark.usefixtures("third_version")
def test_a_version_without_its_step_is_unknown() -> None:
    del events._upcasters[("test_parcel.weighed", 2)]
    with pytest.raises(UnknownEvent):
        decode_event("test_parcel.weighed", 1, f'{{"parcel_id": "{THING}", "weight": "2"}}')


@pytest.mark.usefixtures("third_version")
def test_what_an_upcaster_makes_is_checked_like_everything_else() -> None:
    with pytest.raises(InvalidEvent):
        decode_event("test_parcel.weighed", 2, f'{{"parcel_id": "{UUID(int=0)}", "weight": 2}}')


def test_each_former_version_of_each_event_has_its_step() -> None:
    all_modules()
    missing = [
        f"{name} v{version}"
        for name, cls in event_types().items()
        for version in range(1, cls.schema_version)
        if (name, version) not in events._upcasters
    ]
    assert missing == []
