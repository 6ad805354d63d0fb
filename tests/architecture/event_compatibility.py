"""The compatibility rule of events, as a comparison of two JSON Schema documents (decision 10)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

Schema = dict[str, Any]
_LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
_UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")


def broken_promises(old: Schema, new: Schema) -> list[str]:
    """What `new` breaks of the promise `old` made, one sentence each; none means compatible."""
    faults: list[str] = []
    for ref in old["oneOf"]:
        name = ref["$ref"].rpartition("/")[2]
        if name not in new["$defs"]:
            faults.append(f"{name}: the event type is gone; stop emitting it and keep the class")
            continue
        before, after = _message(old, name), _message(new, name)
        if before["aggregate_type"] != after["aggregate_type"]:
            faults.append(f"{name}: it belongs to another kind of aggregate")
        if after["schema_version"]["const"] > before["schema_version"]["const"]:
            continue  # a new version: its upcaster and golden payload are tested elsewhere
        rules = _narrowed(before["data"], after["data"], "data", old, new)
        faults += [f"{name}: {fault}; raise its version and add an upcaster" for fault in rules]
    return faults


def _message(document: Schema, name: str) -> Schema:
    found: Schema = document["$defs"][name]["allOf"][1]["properties"]
    return found


def _resolved(schema: Schema, document: Schema) -> Schema:
    while "$ref" in schema:
        schema = document["$defs"][schema["$ref"].rpartition("/")[2]]
    return schema


def _narrowed(old: Schema, new: Schema, at: str, was: Schema, now: Schema) -> Iterator[str]:
    """The rules of `new` that something valid under `old` may break."""
    old, new = _resolved(old, was), _resolved(new, now)
    choices = new.get("anyOf")
    if choices is not None or "anyOf" in old:
        for one in old.get("anyOf", [old]):
            fits = [list(_narrowed(one, other, at, was, now)) for other in choices or [new]]
            if all(fits):
                yield f"{at} no longer takes {one.get('type', 'a value of before')}"
        return
    kind, other = old.get("type"), new.get("type")
    if other is not None and kind != other and (kind, other) != ("integer", "number"):
        yield f"{at} was {kind} and is {other}"
        return
    values = old.get("enum", [old["const"]] if "const" in old else None)
    allowed = new.get("enum", [new["const"]] if "const" in new else None)
    if allowed is not None and (values is None or set(values) - set(allowed)):
        yield f"{at} takes fewer values"
    for rule in _LOWER:
        if rule in new and new[rule] > old.get(rule, float("-inf")):
            yield f"{at} has a higher {rule}"
    for rule in _UPPER:
        if rule in new and new[rule] < old.get(rule, float("inf")):
            yield f"{at} has a lower {rule}"
    for rule in ("pattern", "format"):
        if rule in new and new[rule] != old.get(rule):
            yield f"{at} has another {rule}"
    if isinstance(old.get("items"), dict) and isinstance(new.get("items"), dict):
        yield from _narrowed(old["items"], new["items"], f"{at}[]", was, now)
    yield from _narrowed_fields(old, new, at, was, now)


def _narrowed_fields(old: Schema, new: Schema, at: str, was: Schema, now: Schema) -> Iterator[str]:
    before, after = old.get("properties", {}), new.get("properties", {})
    for name in sorted(set(before) - set(after)):
        yield f"{at}.{name} is removed"
    for name in sorted(set(new.get("required", [])) - set(old.get("required", []))):
        yield f"{at}.{name} is required now"
    for name in sorted(set(before) & set(after)):
        yield from _narrowed(before[name], after[name], f"{at}.{name}", was, now)
