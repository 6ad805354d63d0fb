"""`rustok events dead-letters`: shows events a consumer could not apply, retries and discards them.

A retry reaches that one consumer only; what the others applied is not done again.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

import click
import msgspec

from rustok.cli.event_options import chosen, event_options, matches
from rustok.cli.invocation import EXIT_FAILED, Invocation
from rustok.cli.listing import columns
from rustok.cli.params import ID
from rustok.cli.session import with_platform
from rustok.core import dead_letters
from rustok.core.bus import redelivery
from rustok.core.dead_letters import BuriedEvent
from rustok.core.errors import NotFound, RustokError, Unavailable
from rustok.core.event_log import EventFilter
from rustok.server.platform import Platform

PAGE: Final = 200

EPILOG = """\b
Examples:
  rustok events dead-letters list
  rustok events dead-letters retry 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60
  rustok events dead-letters retry --all

Later events of the same aggregate have been applied meanwhile. Read models look at the present
state, so a late event does no harm to them."""


class DeadLetterUnknown(NotFound):
    """There is no dead letter with this id; the id of its event is another one."""

    code = "dead_letter_unknown"
    title = "There is no such dead letter"
    mend = "Run: rustok events dead-letters list"

    def __init__(self) -> None:
        super().__init__("There is no dead letter with this id.")


class LetterView(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter without the data of its event, which `rustok events show` has."""

    id: UUID
    tenant_id: UUID
    consumer: str
    event_id: UUID
    type: str
    aggregate_type: str
    aggregate_id: UUID
    sequence: int
    attempts: int
    error: str
    failed_at: datetime


class Retried(msgspec.Struct, frozen=True, kw_only=True):
    """What a retry came to; `behind` waits for an earlier event of its aggregate that failed again."""

    id: UUID
    type: str
    consumer: str
    result: Literal["applied", "failed", "behind"]
    error: str | None = None


def view_of(letter: BuriedEvent) -> LetterView:
    return LetterView(
        id=letter.id,
        tenant_id=letter.tenant_id,
        consumer=letter.consumer,
        event_id=letter.event_id,
        type=letter.type,
        aggregate_type=letter.aggregate_type,
        aggregate_id=letter.aggregate_id,
        sequence=letter.envelope.sequence,
        attempts=letter.attempts,
        error=letter.error,
        failed_at=letter.failed_at,
    )


@click.group("dead-letters", epilog=EPILOG)
def dead_letters_group() -> None:
    """Events a consumer could not apply: list, retry, discard."""


async def every_letter(
    platform: Platform, wanted: EventFilter | None = None, consumer: str | None = None
) -> list[BuriedEvent]:
    """All open dead letters that match, in the order they were buried."""
    found: list[BuriedEvent] = []
    after: UUID | None = None
    while True:
        async with platform.db.system("the command line lists dead letters", write=False) as tx:
            page = await dead_letters.list_open(tx, after=after, limit=PAGE)
        found += [
            one
            for one in page
            if (wanted is None or matches(one, wanted)) and consumer in (None, one.consumer)
        ]
        if len(page) < PAGE:
            return found
        after = page[-1].id


async def letter_of(platform: Platform, letter_id: UUID) -> BuriedEvent:
    """Raises DeadLetterUnknown."""
    async with platform.db.system("the command line names a dead letter", write=False) as tx:
        found = await dead_letters.find_buried(tx, letter_id)
    if found is None:
        raise DeadLetterUnknown
    return found


consumer_option = click.option("--consumer", help="Given up by this consumer only.")


@dead_letters_group.command("list")
@event_options
@consumer_option
@click.pass_obj
def list_letters(invocation: Invocation, /, consumer: str | None, **options: Any) -> None:
    """List the dead letters that wait for somebody.

    --since and --until are about when they were given up.
    """

    async def work(platform: Platform) -> list[BuriedEvent]:
        return await every_letter(platform, await chosen(platform, **options), consumer)

    views = [view_of(one) for one in with_platform(invocation, work)]
    invocation.emit(
        views,
        lambda: columns(
            ("FAILED", "CONSUMER", "TYPE", "ATTEMPTS", "ERROR", "TENANT", "ID"),
            [
                (v.failed_at, v.consumer, v.type, v.attempts, v.error, v.tenant_id, v.id)
                for v in views
            ],
            empty="There are no dead letters.",
        ),
    )


@dead_letters_group.command()
@click.argument("letter_id", type=ID, required=False)
@click.option("--all", "every", is_flag=True, help="All that match, oldest first.")
@event_options
@consumer_option
@click.pass_obj
def retry(
    invocation: Invocation,
    /,
    letter_id: UUID | None,
    every: bool,
    consumer: str | None,
    **options: Any,
) -> None:
    """Apply events once more.

    They go to the one consumer that failed. Exit 1 if one fails again.
    """
    _one_or_all(letter_id, every, consumer, options)

    async def work(platform: Platform) -> list[Retried]:
        if letter_id is not None:
            return [await _retry(platform, await letter_of(platform, letter_id))]
        done: list[Retried] = []
        failed: set[tuple[str, UUID, UUID]] = set()
        for letter in await every_letter(platform, await chosen(platform, **options), consumer):
            key = (letter.consumer, letter.tenant_id, letter.aggregate_id)
            if key in failed:
                done.append(_outcome(letter, "behind"))
                continue
            try:
                outcome = await _retry(platform, letter)
            except Unavailable:
                raise
            except RustokError as error:  # one that nobody can take must not stop the others
                outcome = _outcome(letter, "failed", f"{error.code}: {error.detail}")
            if outcome.result == "failed":
                failed.add(key)
            done.append(outcome)
        return done

    done = with_platform(invocation, work)
    invocation.emit(
        done,
        lambda: columns(
            ("RESULT", "CONSUMER", "TYPE", "ERROR", "ID"),
            [(one.result, one.consumer, one.type, one.error, one.id) for one in done],
            empty="There are no dead letters.",
        ),
    )
    if any(one.result != "applied" for one in done):
        click.get_current_context().exit(EXIT_FAILED)


async def _retry(platform: Platform, letter: BuriedEvent) -> Retried:
    error = await redelivery.redeliver(
        platform.db,
        platform.modules.consumers,
        letter,
        profile_of=platform.resolver.profile_of,
    )
    return _outcome(letter, "applied" if error is None else "failed", error)


def _outcome(
    letter: BuriedEvent, result: Literal["applied", "failed", "behind"], error: str | None = None
) -> Retried:
    return Retried(
        id=letter.id, type=letter.type, consumer=letter.consumer, result=result, error=error
    )


def _one_or_all(
    letter_id: UUID | None, every: bool, consumer: str | None, options: dict[str, Any]
) -> None:
    if every == (letter_id is not None):
        raise click.UsageError("Name one dead letter or say --all.")
    if not every and (consumer is not None or any(v is not None for v in options.values())):
        raise click.UsageError("Options that choose go with --all.")


@dead_letters_group.command()
@click.argument("letter_id", type=ID, required=False)
@click.option("--all", "every", is_flag=True, help="All that match.")
@event_options
@consumer_option
@click.pass_obj
def discard(
    invocation: Invocation,
    /,
    letter_id: UUID | None,
    every: bool,
    consumer: str | None,
    **options: Any,
) -> None:
    """Close dead letters unapplied.

    Their events stay in the log; the consumer never sees them.
    """
    _one_or_all(letter_id, every, consumer, options)

    async def work(platform: Platform) -> list[UUID]:
        letters = (
            [await letter_of(platform, letter_id)]
            if letter_id is not None
            else await every_letter(platform, await chosen(platform, **options), consumer)
        )
        for letter in letters:
            await redelivery.discard(platform.db, letter, profile_of=platform.resolver.profile_of)
        return [letter.id for letter in letters]

    done = with_platform(invocation, work)
    if letter_id is not None:
        invocation.emit({"discarded": letter_id}, lambda: f"Discarded dead letter {letter_id}.")
    else:
        invocation.emit({"discarded": done}, lambda: f"Discarded {len(done)} dead letters.")
