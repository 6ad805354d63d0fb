"""Replay: an event of the log applied once more by one consumer, whatever it did with it before.

Refuses: reaching other consumers, and events still on their way: those come by themselves.
"""

from __future__ import annotations

from typing import Final, Literal

from rustok.core import dead_letters, inbox
from rustok.core.bus.applying import describe
from rustok.core.bus.port import Consumer, ProfileOf
from rustok.core.bus.redelivery import RETRIED
from rustok.core.db import Database
from rustok.core.errors import NotFound, Unavailable
from rustok.core.events.envelope import Envelope
from rustok.core.tenancy import context_for

REPLAY_ATTEMPTS: Final = 1

Result = Literal["applied", "buried"]


class ReplayConsumerUnknown(NotFound):
    """This program has no consumer of the name given."""

    code = "replay_consumer_unknown"
    title = "There is no such consumer"
    mend = "Take one of the names in `consumers`."

    def __init__(self, name: str, known: list[str]) -> None:
        super().__init__(
            f"There is no consumer '{name[:100]}'. There are: {', '.join(known)}.",
            extensions={"consumers": known},
        )


async def replay(
    db: Database, consumer: Consumer, envelope: Envelope, *, profile_of: ProfileOf
) -> Result:
    """Forget that `consumer` applied the event and apply it again, in one commit.

    An open dead letter of the two is closed when it is applied. When it fails, what was before stays
    and the event is a dead letter, to be retried or discarded by hand.

    Raises:
        NotFound: the tenant is gone.
        Unavailable: the database, or something the handler needs, is away; nothing is changed.
    """
    ctx = context_for(
        await profile_of(envelope.tenant_id),
        correlation_id=envelope.correlation_id,
        causation_id=envelope.id,
        traceparent=envelope.traceparent,
    )
    handler = consumer.handlers[envelope.type]
    try:
        async with db.write(ctx) as tx:
            letter_id = await dead_letters.lock_open_of(tx, consumer.name, envelope.id)
            await inbox.forget(tx, consumer.name, envelope.id)
            await inbox.record(tx, consumer.name, [envelope.id])
            await handler(tx, envelope.event(), envelope)
            if letter_id is not None:
                await dead_letters.resolve(tx, letter_id, RETRIED)
        return "applied"
    except Unavailable:
        raise
    except Exception as error:
        described = f"{consumer.name}: {describe(error)}"
        async with db.write(ctx) as tx:
            letter_id = await dead_letters.lock_open_of(tx, consumer.name, envelope.id)
            if letter_id is not None:
                await dead_letters.note_failure(tx, letter_id, error=described)
            else:
                await inbox.forget(tx, consumer.name, envelope.id)
                await dead_letters.bury(
                    tx, consumer.name, envelope, error=described, attempts=REPLAY_ATTEMPTS
                )
        return "buried"
