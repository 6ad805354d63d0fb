"""Redelivery: an operator's second chance for an event that one consumer could not apply.

Refuses: delivering to other consumers, and deciding by itself; the relay never comes here.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rustok.core import dead_letters, inbox
from rustok.core.bus.applying import describe
from rustok.core.bus.port import Consumer, ProfileOf
from rustok.core.db import Database
from rustok.core.dead_letters import BuriedEvent
from rustok.core.errors import Conflict, Unavailable
from rustok.core.tenancy import context_for

RETRIED: Final = "retried"
DISCARDED: Final = "discarded"


class DeadLetterResolved(Conflict):
    """Somebody retried or discarded the dead letter before."""

    code = "dead_letter_resolved"
    title = "The dead letter is resolved already"
    mend = "Nothing is left to do; `rustok events dead-letters list` shows what is."

    def __init__(self) -> None:
        super().__init__("This dead letter was retried or discarded before.")


class ConsumerUnknown(Conflict):
    """This program has no such consumer, or the consumer no longer takes this type."""

    code = "consumer_unknown"
    title = "Nobody takes this event any more"
    mend = "Discard the dead letter, or retry it with the version that has the consumer."

    def __init__(self, consumer: str, event_type: str) -> None:
        super().__init__(f"No consumer '{consumer}' of this program takes '{event_type}'.")


async def redeliver(
    db: Database, consumers: Sequence[Consumer], letter: BuriedEvent, *, profile_of: ProfileOf
) -> str | None:
    """Apply the event to the one consumer that gave it up: effect, inbox and letter in one commit.

    Returns:
        None when it is applied; else why it failed again, which the letter keeps.

    Raises:
        DeadLetterResolved, ConsumerUnknown.
        NotFound: the tenant is gone.
        Unavailable: the database, or something the handler needs, is away; nothing is changed.
    """
    envelope = letter.envelope
    handler = next(
        (c.handlers.get(envelope.type) for c in consumers if c.name == letter.consumer), None
    )
    if handler is None:
        raise ConsumerUnknown(letter.consumer, envelope.type)
    ctx = context_for(
        await profile_of(letter.tenant_id),
        correlation_id=envelope.correlation_id,
        causation_id=envelope.id,
        traceparent=envelope.traceparent,
    )
    try:
        async with db.write(ctx) as tx:
            if not await dead_letters.lock_open(tx, letter.id):
                raise DeadLetterResolved
            await inbox.forget(tx, letter.consumer, envelope.id)
            await inbox.record(tx, letter.consumer, [envelope.id])
            await handler(tx, envelope.event(), envelope)
            await dead_letters.resolve(tx, letter.id, RETRIED)
        return None
    except (Unavailable, DeadLetterResolved):
        raise
    except Exception as error:
        described = f"{letter.consumer}: {describe(error)}"
        async with db.write(ctx) as tx:
            await dead_letters.note_failure(tx, letter.id, error=described)
        return described


async def discard(db: Database, letter: BuriedEvent, *, profile_of: ProfileOf) -> None:
    """Close a dead letter without applying its event; the event stays in the log.

    Raises:
        DeadLetterResolved.
        NotFound: the tenant is gone.
    """
    async with db.write(context_for(await profile_of(letter.tenant_id))) as tx:
        if not await dead_letters.lock_open(tx, letter.id):
            raise DeadLetterResolved
        await dead_letters.resolve(tx, letter.id, DISCARDED)
