"""Annotated types: their examples pass, hostile values do not, and the schema tells it all."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from rustok.core import types

NAMES = [
    "AmountMinor",
    "CurrencyCode",
    "EmailText",
    "Handle",
    "LocaleTag",
    "MimeType",
    "PositiveQuantity",
    "Quantity",
    "ShortText",
    "SignedAmountMinor",
    "Sku",
    "TenantSlug",
    "Title",
]


@pytest.mark.parametrize("name", NAMES)
def test_every_type_has_a_description_and_examples_that_pass(name: str) -> None:
    annotated: Any = getattr(types, name)
    schema = msgspec.json.schema(annotated)
    assert schema["description"]
    assert schema["examples"]
    for example in schema["examples"]:
        assert msgspec.convert(example, annotated) == example


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("Quantity", -1),
        ("Quantity", 2**31),
        ("PositiveQuantity", 0),
        ("AmountMinor", -1),
        ("AmountMinor", 2**53),
        ("SignedAmountMinor", -(2**53)),
        ("CurrencyCode", "eur"),
        ("CurrencyCode", "EUR\n"),
        ("LocaleTag", "de_AT"),
        ("LocaleTag", "en\n"),
        ("Handle", "a--b"),
        ("Handle", "a\n"),
        ("TenantSlug", "-a"),
        ("TenantSlug", "a.b"),
        ("TenantSlug", "a" * 64),
        ("Sku", " a"),
        ("Sku", "a\x00b"),
        ("Sku", ""),
        ("Title", "   "),
        ("Title", "a\r\nb"),
        ("Title", "a" * 301),
        ("ShortText", "a\u2028b"),
        ("MimeType", "image"),
        ("MimeType", "image/png; charset=x"),
        ("EmailText", "a@b@c"),
        ("EmailText", "a b@c.de"),
    ],
)
def test_a_value_out_of_shape_is_refused(name: str, value: object) -> None:
    annotated: Any = getattr(types, name)
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, annotated)
