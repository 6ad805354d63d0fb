"""`rustok events replay`: sends events of the log through one consumer once more, in their order.

It reaches no other consumer and no event that is still pending.
"""

from __future__ import annotations

from datetime import datetime
from typing import Final
from uuid import UUID

import click
import msgspec

from rustok.cli.event_options import chosen, event_options
from rustok.cli.invocation import EXIT_FAILED, Invocation
from rustok.cli.session import with_platform
from rustok.core import event_log
from rustok.core.bus.port import Consumer
from rustok.core.bus.replaying import ReplayConsumerUnknown, replay
from rustok.core.event_log import EventFilter
from rustok.server.platform import Platform

PAGE: Final = 200


class Replayed(msgspec.Struct, kw_only=True):
    """How far a replay came; `position` is where a next one would go on."""

    consumer: str
    applied: int = 0
    buried: int = 0
    position: int = 0


def consumer_named(platform: Platform, name: str) -> Consumer:
    """Raises ReplayConsumerUnknown."""
    known = {one.name: one for one in platform.modules.consumers}
    if name not in known:
        raise ReplayConsumerUnknown(name, sorted(known))
    return known[name]


@click.command(
    "replay",
    epilog="\b\nExample:\n  rustok events replay --consumer index.products --tenant nordlicht --since 2d",
)
@click.option("--consumer", "consumer_name", required=True, help="Who is to apply them.")
@event_options
@click.option("--after", type=click.IntRange(0), default=0, help="Go on after this position.")
@click.pass_obj
def replay_events(
    invocation: Invocation,
    consumer_name: str,
    tenant_ref: UUID | str | None,
    event_type: str | None,
    aggregate: tuple[str, UUID | None] | None,
    since: datetime | None,
    until: datetime | None,
    after: int,
) -> None:
    """Apply published events once more, by one consumer.

    Stopped with Ctrl-C, it says where to go on. What fails becomes a dead letter; exit 1 then.
    """
    done = Replayed(consumer=consumer_name, position=after)

    async def work(platform: Platform) -> None:
        consumer = consumer_named(platform, consumer_name)
        wanted = await chosen(platform, tenant_ref, event_type, aggregate, since=since, until=until)
        await replay_all(platform, consumer, wanted, done)

    try:
        with_platform(invocation, work)
    except KeyboardInterrupt:
        invocation.note(f"Stopped; to go on: --after {done.position}")
        raise
    invocation.emit(
        done, lambda: f"{done.consumer}: {done.applied} applied, {done.buried} became dead letters."
    )
    if done.buried:
        click.get_current_context().exit(EXIT_FAILED)


async def replay_all(
    platform: Platform, consumer: Consumer, wanted: EventFilter, done: Replayed
) -> None:
    """Apply what matches, in the order of the log; `done` is kept up to date on the way."""
    while True:
        async with platform.db.system("the command line replays events", write=False) as tx:
            page = await event_log.list_events(tx, wanted, after=done.position, limit=PAGE)
        for event in page:
            if event.published_at is not None and event.envelope.type in consumer.handlers:
                result = await replay(
                    platform.db,
                    consumer,
                    event.envelope,
                    profile_of=platform.resolver.profile_of,
                )
                if result == "applied":
                    done.applied += 1
                else:
                    done.buried += 1
            done.position = event.position
        if len(page) < PAGE:
            return
