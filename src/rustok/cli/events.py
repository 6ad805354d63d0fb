"""`rustok events`: reads and follows the event log, empties the outbox, prints the events' contract.

It changes no event: facts stay as they were written.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final
from uuid import UUID

import click
import msgspec

import rustok
from rustok.cli.dead_letters import dead_letters_group
from rustok.cli.event_options import chosen, event_options
from rustok.cli.event_replay import replay_events
from rustok.cli.events_provision import provision
from rustok.cli.invocation import Invocation, to_json
from rustok.cli.listing import cell, columns
from rustok.cli.params import AGGREGATE, EVENT_TYPE, ID, MOMENT, TENANT_REF
from rustok.cli.session import with_platform
from rustok.core import dead_letters, event_log, inbox, outbox
from rustok.core.errors import NotFound, RustokError
from rustok.core.event_log import EventFilter, LoggedEvent
from rustok.core.events.contract import asyncapi, json_schema
from rustok.server.modules import all_modules
from rustok.server.platform import Platform

PAGE: Final = 200
MAX_LISTED: Final = 10_000
OVERLAP: Final = 1_000
"""How far back `tail` looks again: on PostgreSQL a slow transaction commits below the newest position."""

EPILOG = """\b
Examples:
  rustok events list --tenant nordlicht --type order.placed --since 2h
  rustok events list --aggregate order:0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60 --json
  rustok events tail --tenant nordlicht
  rustok events dead-letters retry --all
  rustok events replay --consumer index.products --since 2d
  rustok events schema --asyncapi > asyncapi.json"""


class EventUnknown(NotFound):
    """The log has no event with this id; published ones go after the retention time."""

    code = "event_unknown"
    title = "There is no such event"
    mend = "Run rustok events list; published events are kept for events.retention_days."

    def __init__(self) -> None:
        super().__init__("The event log has no event with this id.")


class DrainTimedOut(RustokError):
    """Events were still pending when the time given was over."""

    code = "drain_timed_out"
    title = "Events are still pending"
    mend = "Run rustok events dead-letters list and rustok doctor, then drain again."

    def __init__(self, pending: int, seconds: float) -> None:
        super().__init__(f"{pending} event(s) are still pending after {seconds:g} seconds.")


@click.group(epilog=EPILOG)
def events() -> None:
    """Read the event log, mend failed deliveries, print the contract."""


events.add_command(dead_letters_group)
events.add_command(provision)
events.add_command(replay_events)


def line_data(event: LoggedEvent) -> dict[str, object]:
    """An event for --json: its envelope, its place in the log and what became of it."""
    return {
        "position": event.position,
        "published_at": event.published_at,
        "attempts": event.attempts,
        "last_error": event.last_error,
        "envelope": event.envelope,
    }


HEADERS: Final = ("POSITION", "AT", "TENANT", "TYPE", "AGGREGATE", "SEQ", "PUBLISHED", "ID")


def line_cells(event: LoggedEvent) -> tuple[object, ...]:
    envelope = event.envelope
    return (
        event.position,
        envelope.occurred_at,
        envelope.tenant_id,
        envelope.type,
        f"{envelope.aggregate_type}:{envelope.aggregate_id}",
        envelope.sequence,
        event.published_at is not None,
        envelope.id,
    )


@events.command(
    "list",
    epilog="\b\nExample:\n  rustok events list --newest --limit 20 --type order.placed",
)
@event_options
@click.option("--after", type=click.IntRange(0), help="Go on after this position.")
@click.option("--newest", is_flag=True, help="From the newest back instead of from the oldest on.")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LISTED), default=100, show_default=True, help="At most."
)
@click.pass_obj
def list_events(
    invocation: Invocation,
    tenant_ref: UUID | str | None,
    event_type: str | None,
    aggregate: tuple[str, UUID | None] | None,
    since: datetime | None,
    until: datetime | None,
    after: int | None,
    newest: bool,
    limit: int,
) -> None:
    """List events in the order of the log."""
    if since is not None and until is not None and since >= until:
        raise click.UsageError("--since must be before --until.")

    async def work(platform: Platform) -> tuple[list[LoggedEvent], bool]:
        wanted = await chosen(platform, tenant_ref, event_type, aggregate, since=since, until=until)
        found: list[LoggedEvent] = []
        place = after
        async with platform.db.system("the command line lists events", write=False) as tx:
            while True:
                size = min(PAGE, limit + 1 - len(found))
                page = await event_log.list_events(
                    tx, wanted, after=place, limit=size, newest_first=newest
                )
                found += page
                if len(page) < size or len(found) > limit:
                    return found[:limit], len(found) > limit
                place = page[-1].position

    found, more = with_platform(invocation, work)
    invocation.emit(
        [line_data(event) for event in found],
        lambda: columns(HEADERS, [line_cells(e) for e in found], empty="No event matches."),
    )
    if more:
        invocation.note(f"There are more: add --after {found[-1].position}")


@events.command(
    epilog="\b\nExample:\n  rustok events tail --json | jq -c 'select(.envelope.type | test(\"order\"))'"
)
@click.option("--tenant", "tenant_ref", type=TENANT_REF, help="Of this tenant only.")
@click.option("--type", "event_type", type=EVENT_TYPE, help="Such as order.placed.")
@click.option("--aggregate", type=AGGREGATE, help="Such as order, or one: order:ID.")
@click.option(
    "--since", type=MOMENT, help="Begin with all from then on, in place of the newest: 2h for ago."
)
@click.option(
    "--lines",
    "-n",
    type=click.IntRange(0, 1_000),
    default=10,
    show_default=True,
    help="How many of the newest to begin with.",
)
@click.option(
    "--interval",
    "interval_seconds",
    type=click.FloatRange(0.05, 60),
    default=1.0,
    show_default=True,
    help="Seconds between looks.",
)
@click.pass_obj
def tail(
    invocation: Invocation,
    tenant_ref: UUID | str | None,
    event_type: str | None,
    aggregate: tuple[str, UUID | None] | None,
    since: datetime | None,
    lines: int,
    interval_seconds: float,
) -> None:
    """Print new events as they come.

    It ends with Ctrl-C; with --json every event is one object on one line.
    """

    async def work(platform: Platform) -> None:
        wanted = await chosen(platform, tenant_ref, event_type, aggregate)
        async for event in follow(
            platform, wanted, lines=lines, interval_seconds=interval_seconds, since=since
        ):
            if invocation.as_json:
                click.echo(msgspec.json.encode(line_data(event)).decode())
            else:
                click.echo("  ".join(cell(value) for value in line_cells(event)))

    with_platform(invocation, work)


async def follow(
    platform: Platform,
    wanted: EventFilter,
    *,
    lines: int,
    interval_seconds: float,
    since: datetime | None = None,
) -> AsyncIterator[LoggedEvent]:
    """The newest `lines` events, or all that happened since `since`, then every one committed later.

    Each look begins OVERLAP positions back, because positions are taken before a commit and become
    visible after it; what was given out before is skipped.
    """
    async with platform.db.system("the command line follows events", write=False) as tx:
        newest = await event_log.last_position(tx)
        begun = await event_log.list_events(
            tx, EventFilter(), after=newest - OVERLAP - 1, limit=OVERLAP + 1
        )
        first = await event_log.list_events(tx, wanted, limit=lines or 1, newest_first=True)
    known = {event.position for event in begun}
    if since is None:
        known |= {event.position for event in first}
        for event in reversed(first[:lines]):
            yield event
    else:
        async for event in _happened(platform, wanted, since=since, until=newest):
            known.add(event.position)
            yield event
    while True:
        await asyncio.sleep(interval_seconds)
        async with platform.db.system("the command line follows events", write=False) as tx:
            reached = max(newest, await event_log.last_position(tx))
        place = newest - OVERLAP
        more = True
        while more:
            async with platform.db.system("the command line follows events", write=False) as tx:
                page = await event_log.list_events(tx, wanted, after=place, limit=PAGE)
            for event in page:
                place = event.position
                if place not in known:
                    known.add(place)
                    yield event
            more = len(page) == PAGE
        newest = reached
        known = {position for position in known if position > newest - OVERLAP}


async def _happened(
    platform: Platform, wanted: EventFilter, *, since: datetime, until: int
) -> AsyncIterator[LoggedEvent]:
    """What happened since then, up to the position `until`, in the order of the log."""
    wanted = msgspec.structs.replace(wanted, since=since)
    place = 0
    while True:
        async with platform.db.system("the command line follows events", write=False) as tx:
            page = await event_log.list_events(tx, wanted, after=place, limit=PAGE)
        for event in page:
            place = event.position
            if place <= until:
                yield event
        if len(page) < PAGE or place >= until:
            return


@events.command()
@click.argument("event_id", type=ID)
@click.pass_obj
def show(invocation: Invocation, event_id: UUID) -> None:
    """Show one event and who has applied it.

    EVENT_ID is the id in the last column of the list.
    """

    async def work(platform: Platform) -> dict[str, object]:
        async with platform.db.system("the command line shows an event", write=False) as tx:
            found = await event_log.find_event(tx, event_id)
            if found is None:
                raise EventUnknown
            takers = [
                consumer.name
                for consumer in platform.modules.consumers
                if found.envelope.type in consumer.handlers
            ]
            behind = await inbox.list_deliveries(
                tx, found.envelope.tenant_id, event_id, consumers=takers
            )
        done = {delivery.consumer: delivery.applied_at for delivery in behind}
        deliveries = [{"consumer": name, "applied_at": done.get(name)} for name in takers]
        return line_data(found) | {"deliveries": deliveries}

    shown = with_platform(invocation, work)
    # The document is the same for both: an event is JSON, and a table would hide its data.
    invocation.emit(shown, lambda: to_json(shown))


@events.command()
@click.option(
    "--timeout",
    "timeout_seconds",
    type=click.FloatRange(0.1, 86_400),
    default=60.0,
    show_default=True,
    help="Seconds to give up after.",
)
@click.pass_obj
def drain(invocation: Invocation, timeout_seconds: float) -> None:
    """Deliver every pending event.

    Where a running server does so already, it waits for that. Exit 1 when --timeout is over.
    """

    async def work(platform: Platform) -> dict[str, int]:
        before, buried_before = await _waiting(platform)
        stop = asyncio.Event()
        # The relay takes its lease or leaves the work to who has it; both empty the outbox.
        relay = asyncio.create_task(platform.relay.run(stop), name="relay")
        pending = before
        try:
            async with asyncio.timeout(timeout_seconds):
                while pending:
                    await asyncio.sleep(0.05)
                    pending, _ = await _waiting(platform)
        except TimeoutError:
            raise DrainTimedOut(pending, timeout_seconds) from None
        finally:
            stop.set()
            platform.relay.wake()
            await relay
        _, buried = await _waiting(platform)
        return {"were_pending": before, "pending": 0, "new_dead_letters": buried - buried_before}

    result = with_platform(invocation, work)
    invocation.emit(result, lambda: f"Nothing is pending; {result['were_pending']} event(s) were.")
    if result["new_dead_letters"] > 0:
        invocation.note(
            f"{result['new_dead_letters']} could not be applied: rustok events dead-letters list"
        )


async def _waiting(platform: Platform) -> tuple[int, int]:
    async with platform.db.system("the command line counts what waits", write=False) as tx:
        return (await outbox.backlog(tx)).pending, await dead_letters.count_open(tx)


@events.command()
@click.option("--asyncapi", "as_asyncapi", is_flag=True, help="Print AsyncAPI 3.0 instead.")
@click.pass_obj
def schema(invocation: Invocation, as_asyncapi: bool) -> None:
    """Print the JSON Schema of all events.

    One document on stdout; needs no database.
    """
    all_modules(
        invocation.settings().modules.extra
    )  # importing the features registers their events
    document = asyncapi if as_asyncapi else json_schema
    click.echo(to_json(document(version=rustok.__version__)))
