"""Timelines on the wire."""

from __future__ import annotations

from uuid import UUID

import msgspec

from rustok.platform.timelines.model import Moment


class TimelineView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything recorded of one thing, the oldest first."""

    thing_id: UUID
    moments: list[Moment]
