"""Custom fields are judged by their kind, each error at its place."""

from __future__ import annotations

import pytest

from rustok.content.nodes.errors import InvalidFields, InvalidKind
from rustok.content.nodes.model.kinds import (
    FieldDefinition,
    FieldType,
    FieldValue,
    NodeKind,
    check_definitions,
    check_values,
    references,
)

NODE_ID = "0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"


def kind(*fields: FieldDefinition) -> NodeKind:
    return NodeKind(slug="recipe", name="Recipe", fields=list(fields))


def judge(type_: FieldType, value: FieldValue, **more: object) -> FieldValue:
    field = FieldDefinition(name="f", type=type_, **more)  # type: ignore[arg-type]  # by case
    return check_values(kind(field), {"f": value})["f"]


@pytest.mark.parametrize(
    ("type_", "value", "more"),
    [
        ("text", "x" * 20, {"max_length": 20}),
        ("integer", -3, {}),
        ("number", "12.50", {}),
        ("boolean", False, {}),
        ("date", "2026-02-28", {}),
        ("datetime", "2026-02-28T10:00:00+01:00", {}),
        ("choice", "easy", {"choices": ["easy", "hard"]}),
        ("url", "https://x.example/a?b=c", {}),
        ("reference", NODE_ID, {}),
        ("list", ["a", "b"], {"item_type": "text"}),
        ("list", [1, 2], {"item_type": "integer", "max_length": 2}),
    ],
)
def test_a_value_of_its_type_is_kept(
    type_: FieldType, value: FieldValue, more: dict[str, object]
) -> None:
    assert judge(type_, value, **more) == value


@pytest.mark.parametrize(
    ("type_", "value", "more", "rule"),
    [
        ("text", "x" * 21, {"max_length": 20}, "max_length"),
        ("text", 3, {}, "type"),
        ("integer", "3", {}, "type"),
        ("integer", True, {}, "type"),
        ("integer", 2**63, {}, "range"),
        ("number", "1e5", {}, "number"),
        ("number", "NaN", {}, "number"),
        ("number", "12,50", {}, "number"),
        ("number", 12, {}, "type"),
        ("boolean", 1, {}, "type"),
        ("date", "2026-02-30", {}, "date"),
        ("date", "20260228", {}, "date"),
        ("datetime", "2026-02-28T10:00:00", {}, "datetime"),
        ("datetime", "yesterday", {}, "datetime"),
        ("choice", "medium", {"choices": ["easy", "hard"]}, "choice"),
        ("url", "javascript:alert(1)", {}, "url"),
        ("url", "https://user@x.example", {}, "url"),
        ("url", "https://x.example/a b", {}, "url"),
        ("url", "http://[::1", {}, "url"),
        ("reference", "7", {}, "reference"),
        ("list", "a", {"item_type": "text"}, "type"),
        ("list", ["a", 1], {"item_type": "text"}, "type"),
        ("list", ["a", "b"], {"item_type": "text", "max_length": 1}, "max_length"),
    ],
)
def test_a_value_that_breaks_a_rule_is_named_at_its_place(
    type_: FieldType, value: FieldValue, more: dict[str, object], rule: str
) -> None:
    with pytest.raises(InvalidFields) as refused:
        judge(type_, value, **more)
    (error,) = refused.value.fields
    assert (error.pointer, error.rule) == ("/fields/f", rule)


def test_all_broken_rules_are_told_at_once() -> None:
    of = kind(
        FieldDefinition(name="a", type="integer", required=True),
        FieldDefinition(name="b", type="boolean"),
    )
    with pytest.raises(InvalidFields) as refused:
        check_values(of, {"b": "yes", "c": 1})
    assert {(e.pointer, e.rule) for e in refused.value.fields} == {
        ("/fields/a", "required"),
        ("/fields/b", "type"),
        ("/fields/c", "unknown"),
    }


def test_an_absent_optional_field_is_left_out() -> None:
    assert check_values(kind(FieldDefinition(name="a", type="text")), {"a": None}) == {}


def test_references_are_found_in_fields_and_lists() -> None:
    of = kind(
        FieldDefinition(name="one", type="reference"),
        FieldDefinition(name="many", type="list", item_type="reference"),
    )
    found = references(of, {"one": NODE_ID, "many": [NODE_ID]})
    assert {name: [str(one) for one in ids] for name, ids in found.items()} == {
        "one": [NODE_ID],
        "many": [NODE_ID],
    }


@pytest.mark.parametrize(
    "fields",
    [
        [FieldDefinition(name="a", type="text"), FieldDefinition(name="a", type="text")],
        [FieldDefinition(name="a", type="choice")],
        [FieldDefinition(name="a", type="text", choices=["x"])],
        [FieldDefinition(name="a", type="list")],
        [FieldDefinition(name="a", type="integer", max_length=3)],
        [FieldDefinition(name="a", type="choice", choices=["x", "x"])],
    ],
)
def test_a_definition_that_contradicts_itself_is_refused(fields: list[FieldDefinition]) -> None:
    with pytest.raises(InvalidKind) as refused:
        check_definitions(fields)
    assert refused.value.fields[0].pointer.startswith("/fields/")
