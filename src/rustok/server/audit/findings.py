"""What an audit found: broken promises, and exceptions with the reasons the code gives for them."""

from __future__ import annotations

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One broken promise.

    Attributes:
        rule: stable, snake_case.
        place: file and line, or aggregate, event or row.
    """

    rule: str
    place: str
    message: str


class Excuse(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """An exception that the code argues for (`# no event: reason`)."""

    place: str
    reason: str


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The result of one half of an audit.

    Attributes:
        checked: what was looked at, by kind: a report that checked nothing proves nothing.
        not_derivable: what this half cannot know, in words.
    """

    half: str
    checked: dict[str, int]
    findings: list[Finding]
    excuses: list[Excuse] = msgspec.field(default_factory=list)
    not_derivable: list[str] = msgspec.field(default_factory=list)
