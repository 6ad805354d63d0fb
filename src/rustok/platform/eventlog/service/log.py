"""Reading the own event log, and a second chance for what a consumer could not apply."""

from __future__ import annotations

from uuid import UUID

from rustok.core import dead_letters, event_log
from rustok.core.bus import redelivery
from rustok.core.db import Database, ReadTx
from rustok.core.dead_letters import BuriedEvent
from rustok.core.event_log import EventFilter, LoggedEvent
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.core.parts import Parts
from rustok.core.tenancy import RequestContext
from rustok.platform.eventlog.errors import DeadLetterNotFound, LoggedEventNotFound


async def list_events(tx: ReadTx, wanted: EventFilter, page: PageRequest) -> Page[LoggedEvent]:
    """The tenant's events, newest first. Raises InvalidCursor."""
    after = None
    if page.cursor is not None:
        (position,) = decode_cursor(page.cursor, (int,))
        after = int(position or 0)
    rows = await event_log.list_own_events(tx, wanted, before=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda event: (event.position,))


async def get_event(tx: ReadTx, event_id: UUID) -> LoggedEvent:
    """Raises LoggedEventNotFound."""
    found = await event_log.find_own_event(tx, event_id)
    if found is None:
        raise LoggedEventNotFound
    return found


async def list_dead_letters(tx: ReadTx, page: PageRequest) -> Page[BuriedEvent]:
    """Dead letters nobody has resolved, in the order they were buried. Raises InvalidCursor."""
    after = None
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, (str,))
        after = parse_id(str(text), pointer="cursor")
    rows = await dead_letters.list_own_open(tx, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda letter: (str(letter.id),))


async def get_dead_letter(tx: ReadTx, letter_id: UUID) -> BuriedEvent:
    """A dead letter, resolved or not. Raises DeadLetterNotFound."""
    found = await dead_letters.find_own_buried(tx, letter_id)
    if found is None:
        raise DeadLetterNotFound
    return found


async def retry(parts: Parts, ctx: RequestContext, letter_id: UUID) -> BuriedEvent:
    """Apply the event once more by the consumer that gave it up; the letter says what came of it.

    Raises:
        DeadLetterNotFound, DeadLetterResolved, ConsumerUnknown.
        Unavailable: something the consumer needs is away; nothing is changed.
    """
    letter = await _letter(parts.db, ctx, letter_id)
    await redelivery.redeliver(
        parts.db, parts.modules.consumers, letter, profile_of=parts.profile_of
    )
    return await _letter(parts.db, ctx, letter_id)


async def discard(parts: Parts, ctx: RequestContext, letter_id: UUID) -> BuriedEvent:
    """Close a dead letter without applying its event. Raises DeadLetterNotFound, DeadLetterResolved."""
    letter = await _letter(parts.db, ctx, letter_id)
    await redelivery.discard(parts.db, letter, profile_of=parts.profile_of)
    return await _letter(parts.db, ctx, letter_id)


async def _letter(db: Database, ctx: RequestContext, letter_id: UUID) -> BuriedEvent:
    async with db.read(ctx) as tx:
        return await get_dead_letter(tx, letter_id)
