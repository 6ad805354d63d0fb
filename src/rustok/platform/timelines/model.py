"""A timeline: moments of one thing's life from different records, in one order."""

from __future__ import annotations

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

Source = Literal["request", "event", "audit", "consumer", "dead_letter", "webhook", "mail"]
_RANK: dict[Source, int] = {
    "request": 0, "event": 1, "audit": 2, "consumer": 3, "dead_letter": 4, "webhook": 5, "mail": 6,
}  # fmt: skip


class Moment(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that happened.

    Attributes:
        what: in words: a type of event, an audited action, a consumer, a host, a template.
        outcome: what came of it; a step of a lifecycle for an event that announces one.
        trace_id: where the traces of it are.
        event_id: the event it is, or is about.
    """

    at: datetime
    source: Source
    what: str
    outcome: str | None = None
    correlation_id: UUID | None = None
    trace_id: str | None = None
    actor_id: UUID | None = None
    event_id: UUID | None = None
    attempts: int | None = None


def in_order(moments: list[Moment]) -> list[Moment]:
    """By time; of one moment the cause before its effects."""
    return sorted(moments, key=lambda moment: (moment.at, _RANK[moment.source]))


def trace_id_of(traceparent: str | None) -> str | None:
    """The trace a traceparent belongs to."""
    return traceparent[3:35] if traceparent is not None and len(traceparent) >= 55 else None
