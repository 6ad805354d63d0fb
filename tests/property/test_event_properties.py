"""Every registered event type: what is valid travels unchanged, what is broken is refused by its field's name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rustok.core.events import event as registry
from rustok.core.events.envelope import Envelope
from rustok.core.events.event import (
    Event,
    InvalidEvent,
    UnknownEvent,
    decode_event,
    encode_event,
    event,
    event_types,
    upcaster,
)
from rustok.core.ids import new_id
from rustok.server.modules import all_modules
from tests.property.event_strategies import WRONG, events, fields_of

all_modules()  # importing the features registers their events

TYPES = sorted(event_types())
TENANT = new_id()
NIL = UUID(int=0)


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
@settings(max_examples=10)
def test_a_valid_event_comes_out_of_its_envelope_as_it_went_in(
    name: str, data: st.DataObject
) -> None:
    cls = event_types()[name]
    fact = data.draw(events(cls))
    encoded = encode_event(fact, tenant_id=TENANT)
    assert (encoded.type, encoded.aggregate_id) == (name, getattr(fact, cls.key))
    assert decode_event(name, cls.schema_version, encoded.data) == fact
    envelope = Envelope(
        id=new_id(),
        type=name,
        schema_version=encoded.schema_version,
        tenant_id=encoded.tenant_id,
        aggregate_type=encoded.aggregate_type,
        aggregate_id=encoded.aggregate_id,
        sequence=1,
        occurred_at=datetime(2026, 5, 1, tzinfo=UTC),
        correlation_id=new_id(),
        data=msgspec.Raw(encoded.data),
    )
    read = msgspec.json.decode(msgspec.json.encode(envelope), type=Envelope)
    assert read.event() == fact


@pytest.mark.parametrize("name", TYPES)
@given(data=st.data())
@settings(max_examples=10)
def test_an_event_with_a_broken_field_is_refused_by_the_fields_name(
    name: str, data: st.DataObject
) -> None:
    cls = event_types()[name]
    fact = data.draw(events(cls))
    field = data.draw(st.sampled_from(fields_of(cls)), label="field")
    raw: dict[str, Any] = msgspec.to_builtins(fact)
    is_left_out = field.required and data.draw(st.booleans(), label="left out")
    if is_left_out:
        del raw[field.encode_name]
    else:
        raw[field.encode_name] = WRONG
    with pytest.raises(InvalidEvent) as refused:
        decode_event(name, cls.schema_version, msgspec.json.encode(raw))
    assert refused.value.event_type == name
    assert field.encode_name in f"{refused.value.field} {refused.value.rule}"
    if not is_left_out:
        wrong = msgspec.structs.replace(fact, **{field.name: WRONG})
        with pytest.raises(InvalidEvent) as unsent:
            encode_event(wrong, tenant_id=TENANT)
        assert unsent.value.field.split("[")[0] == field.encode_name


@given(st.sampled_from(TYPES).flatmap(lambda name: events(event_types()[name])))
@settings(max_examples=200)
def test_an_event_about_nothing_is_refused(fact: Event) -> None:
    with pytest.raises(InvalidEvent) as refused:
        encode_event(msgspec.structs.replace(fact, **{fact.key: NIL}), tenant_id=TENANT)
    assert refused.value.field == fact.key
    with pytest.raises(InvalidEvent) as homeless:
        encode_event(fact, tenant_id=NIL)
    assert homeless.value.field == "tenant_id"


@given(
    st.sampled_from(TYPES).flatmap(lambda name: events(event_types()[name])),
    st.integers(1, 1_000),
)
@settings(max_examples=200)
def test_a_version_newer_than_the_code_is_set_aside_and_not_guessed_at(
    fact: Event, ahead: int
) -> None:
    data = encode_event(fact, tenant_id=TENANT).data
    with pytest.raises(UnknownEvent):
        decode_event(fact.type, fact.schema_version + ahead, data)


@given(
    st.sampled_from(TYPES).flatmap(lambda name: events(event_types()[name])),
    st.dictionaries(st.from_regex(r"\Azz_[a-z]{1,8}\Z"), st.integers() | st.text(), max_size=4),
)
@settings(max_examples=200)
def test_fields_of_a_later_minor_change_are_passed_over(
    fact: Event, more: dict[str, int | str]
) -> None:
    data = msgspec.json.encode({**msgspec.to_builtins(fact), **more})
    assert decode_event(fact.type, fact.schema_version, data) == fact


@given(st.sampled_from(TYPES), st.binary(max_size=200))
@settings(max_examples=300)
def test_bytes_that_are_no_event_are_refused_and_nothing_else_happens(
    name: str, junk: bytes
) -> None:
    with pytest.raises((InvalidEvent, msgspec.DecodeError, UnicodeDecodeError)):
        decode_event(name, event_types()[name].schema_version, junk)


@contextmanager
def renamed_twice() -> Iterator[type[Event]]:
    """A type of the tests in its third version: its field was renamed, then doubled."""

    class Grown(Event, frozen=True, kw_only=True):
        thing_id: UUID
        pieces: int

    event("property_thing.grown", aggregate="property_thing", key="thing_id", version=3)(Grown)
    upcaster("property_thing.grown", 1)(
        lambda data: {"thing_id": data["thing_id"], "count": data["amount"]}
    )
    upcaster("property_thing.grown", 2)(
        lambda data: {"thing_id": data["thing_id"], "pieces": 2 * data["count"]}
    )
    try:
        yield Grown
    finally:
        del registry._registry["property_thing.grown"]
        for version in (1, 2):
            del registry._upcasters["property_thing.grown", version]


@given(st.uuids().filter(lambda one: one.int != 0), st.integers(0, 2**31))
@settings(max_examples=200)
def test_every_older_version_is_read_as_the_newest(thing: UUID, amount: int) -> None:
    with renamed_twice() as grown:
        older = {1: {"amount": amount}, 2: {"count": amount}, 3: {"pieces": 2 * amount}}
        for version, fields in older.items():
            data = msgspec.json.encode({"thing_id": thing, **fields})
            read = decode_event("property_thing.grown", version, data)
            assert read == grown(thing_id=thing, pieces=2 * amount)
        with pytest.raises(UnknownEvent):
            decode_event("property_thing.grown", 4, b"{}")
