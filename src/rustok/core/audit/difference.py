"""What a thing was and is under the names that changed, as facts for the audit log.

Refuses: comparing what nobody names, and masking; `entry` masks by name whatever comes here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import msgspec

from rustok.core.audit.entry import AuditValue


class Difference(NamedTuple):
    """Facts before and after; the same names in both."""

    before: dict[str, AuditValue]
    after: dict[str, AuditValue]


def difference(thing: object, changed: Mapping[str, object]) -> Difference:
    """What the attributes named in `changed` are, and what they become.

    Mappings and structs are taken apart: `settings.order_number_prefix`, only where they differ.

    Args:
        thing: as it was read.
        changed: the new values by attribute.
    """
    before: dict[str, AuditValue] = {}
    after: dict[str, AuditValue] = {}
    for name, value in changed.items():
        old, new = _flat(name, getattr(thing, name)), _flat(name, value)
        for key in sorted(old.keys() | new.keys()):
            if old.get(key) != new.get(key) or len(old) == len(new) == 1:
                before[key], after[key] = old.get(key), new.get(key)
    return Difference(before, after)


def step(old: object, new: object, *names: str) -> Difference:
    """The attributes that differ between two states of a thing, out of those named."""
    differing = [name for name in names if getattr(old, name) != getattr(new, name)]
    return Difference(state_of(old, *differing), state_of(new, *differing))


def state_of(thing: object, *names: str) -> dict[str, AuditValue]:
    """The attributes of `thing` that are named, as they are now."""
    facts: dict[str, AuditValue] = {}
    for name in names:
        facts |= _flat(name, getattr(thing, name))
    return facts


def _flat(name: str, value: object) -> dict[str, AuditValue]:
    if isinstance(value, msgspec.Struct):
        value = msgspec.structs.asdict(value)
    if isinstance(value, Mapping):
        flat: dict[str, AuditValue] = {}
        for key, inner in value.items():
            flat |= _flat(f"{name}.{key}", inner)
        return flat
    return {name: _plain(value)}


def _plain(value: object) -> AuditValue:
    if value is None or isinstance(value, str | int | bool | UUID):
        return value
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, Sequence):
        return [str(one) for one in value]
    return str(value)
