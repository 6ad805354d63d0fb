"""The own event log and its dead letters over HTTP."""

from __future__ import annotations

from uuid import UUID

from rustok.core.bus.redelivery import ConsumerUnknown, DeadLetterResolved
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import OpenCall, ReadCall, Routes, StreamReply
from rustok.core.security.access_tokens import InvalidToken
from rustok.platform.eventlog.errors import (
    DeadLetterNotFound,
    EventPlaceUnknown,
    EventStreamLimit,
    LoggedEventNotFound,
)
from rustok.platform.eventlog.schemas import (
    DeadLetterView,
    EventQuery,
    EventView,
    StreamQuery,
    dead_letter_view,
    event_view,
)
from rustok.platform.eventlog.service import log as service
from rustok.platform.eventlog.service import streaming

# Mending must go on while the outbox is full: it may be what empties it.
admin = Routes("eventlog", surface="admin", tag="Events", essential=True)


@admin.get("/events", permission="events:list", summary="List events, newest first")
async def list_logged_events(call: ReadCall, query: EventQuery) -> Page[EventView]:
    page = await service.list_events(call.tx, query.filter(), query)
    return Page(items=[event_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/events/stream",
    permission="events:read",
    summary="Follow events as they are committed (server-sent events)",
    description=(
        "`id` is the place in the log: send it back as Last-Event-ID to go on from there. Around that "
        "place an event may come again; its envelope's id tells. A comment comes every 15 seconds. The "
        "stream ends when the access token expires; come again with a new one."
    ),
    errors=[EventPlaceUnknown, EventStreamLimit],
)
async def stream_events(call: OpenCall, query: StreamQuery) -> StreamReply:
    after = streaming.place_of(call.headers.get("last-event-id"))
    return StreamReply(
        content_type="text/event-stream",
        chunks=streaming.follow(
            call.parts, call.ctx, query.filter(), after=after, seconds=_seconds_left(call)
        ),
    )


def _seconds_left(call: OpenCall) -> float:
    """Until the access token expires; an API key does not, and its streams end after an hour."""
    _, _, token = call.headers.get("authorization", "").partition(" ")
    now = call.parts.db.now()
    try:
        claims = call.parts.access_tokens.verify(
            token.strip(), audience=call.ctx.tenant_id, now=now
        )
    except InvalidToken:
        return streaming.LONGEST_SECONDS
    return claims.exp - now.timestamp()


@admin.get(
    "/events/{event_id}",
    permission="events:read",
    summary="Show an event",
    errors=[LoggedEventNotFound],
)
async def get_logged_event(call: ReadCall, event_id: UUID) -> EventView:
    return event_view(await service.get_event(call.tx, event_id))


@admin.get("/dead-letters", permission="events:list", summary="List unresolved dead letters")
async def list_dead_letters(call: ReadCall, query: PageRequest) -> Page[DeadLetterView]:
    page = await service.list_dead_letters(call.tx, query)
    return Page(items=[dead_letter_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/dead-letters/{letter_id}",
    permission="events:read",
    summary="Show a dead letter",
    errors=[DeadLetterNotFound],
)
async def get_dead_letter(call: ReadCall, letter_id: UUID) -> DeadLetterView:
    return dead_letter_view(await service.get_dead_letter(call.tx, letter_id))


@admin.post(
    "/dead-letters/{letter_id}/retry",
    permission="events:manage",
    idempotency="none",
    precondition="none",
    summary="Apply the event once more, by the consumer that gave it up",
    description="Applied, the letter is resolved; failed again, it keeps why.",
    errors=[DeadLetterNotFound, DeadLetterResolved, ConsumerUnknown],
)
async def retry_dead_letter(call: OpenCall, letter_id: UUID) -> DeadLetterView:
    return dead_letter_view(await service.retry(call.parts, call.ctx, letter_id))


@admin.post(
    "/dead-letters/{letter_id}/discard",
    permission="events:manage",
    idempotency="none",
    precondition="none",
    summary="Close a dead letter without applying its event",
    errors=[DeadLetterNotFound, DeadLetterResolved],
)
async def discard_dead_letter(call: OpenCall, letter_id: UUID) -> DeadLetterView:
    return dead_letter_view(await service.discard(call.parts, call.ctx, letter_id))
