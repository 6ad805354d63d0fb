"""Ids: made in order, read strictly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from rustok.core.errors import InvalidInput
from rustok.core.ids import NIL, id_text, new_id, parse_id, timestamp_of


def test_a_new_id_is_a_standard_uuid_of_version_7() -> None:
    made = new_id()
    assert type(made) is UUID
    assert made.version == 7


def test_ids_made_one_after_another_are_in_order() -> None:
    made = [new_id() for _ in range(2_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


def test_the_quick_text_of_an_id_is_its_text() -> None:
    for one in (NIL, new_id(), UUID("0190B5A4-7C1E-7D3A-9F10-5B2C3D4E5F60")):
        assert id_text(one) == str(one)


def test_an_id_tells_when_it_was_made() -> None:
    assert abs(timestamp_of(new_id()) - datetime.now(UTC)) < timedelta(seconds=5)
    assert timestamp_of(UUID("017f22e2-79b0-7cc3-98c4-dc0c0c07398f")) == datetime(
        2022, 2, 22, 19, 22, 22, tzinfo=UTC
    )


def test_an_id_of_another_version_tells_no_time() -> None:
    with pytest.raises(ValueError, match="version 4"):
        timestamp_of(UUID("550e8400-e29b-41d4-a716-446655440000"))


def test_an_id_is_read_in_either_letter_case() -> None:
    text = "017F22E2-79B0-7CC3-98C4-DC0C0C07398F"
    assert parse_id(text, pointer="/id") == parse_id(text.lower(), pointer="/id") == UUID(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1",
        "017f22e279b07cc398c4dc0c0c07398f",
        "{017f22e2-79b0-7cc3-98c4-dc0c0c07398f}",
        "urn:uuid:017f22e2-79b0-7cc3-98c4-dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f\n",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "０17f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "' OR 1=1 --",
        "a" * 100_000,
    ],
)
def test_what_is_no_uuid_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_id(text, pointer="/order_id")
    assert refused.value.code == "invalid_id"
    assert refused.value.fields[0].pointer == "/order_id"
    assert "/order_id" in refused.value.detail


def test_the_nil_id_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        parse_id(str(NIL), pointer="/id")
    assert refused.value.fields[0].rule == "not_nil"
