"""Timelines over HTTP, for staff."""

from __future__ import annotations

from uuid import UUID

from rustok.core.routing import ReadCall, Routes
from rustok.platform.timelines import service
from rustok.platform.timelines.errors import NothingRecorded
from rustok.platform.timelines.schemas import TimelineView

admin = Routes("timelines", surface="admin", tag="Events")


@admin.get(
    "/timelines/{thing_id}",
    permission="events:read",
    summary="Show all that is recorded of an order, a product or another thing",
    description=(
        "Requests, events and the steps they announce, what consumers did with them, webhooks and "
        "mails, from the database alone; `trace_id` finds the traces."
    ),
    errors=[NothingRecorded],
)
async def show_timeline(call: ReadCall, thing_id: UUID) -> TimelineView:
    moments = await service.trace(call.tx, call.parts.modules.consumers, thing_id)
    return TimelineView(thing_id=thing_id, moments=moments)
