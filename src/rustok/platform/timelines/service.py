"""Puts a timeline together from the records: the log, the audit log, the inbox, webhooks and mails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rustok.core import timeline
from rustok.core.bus.port import Consumer
from rustok.core.db import ReadTx
from rustok.core.event_log import LoggedEvent
from rustok.core.machine import step_announced_by
from rustok.platform.audit import api as audit
from rustok.platform.mail import api as mail
from rustok.platform.timelines.errors import NothingRecorded
from rustok.platform.timelines.model import Moment, in_order, trace_id_of
from rustok.platform.webhooks import api as webhooks

MAX_AUDITED: Final = 100


async def trace(
    tx: ReadTx, consumers: Sequence[Consumer], thing_id: UUID, *, audited: bool = False
) -> list[Moment]:
    """All that is recorded of a thing and of what the same requests set going, the oldest first.

    Args:
        audited: with the newest entries of the audit log about it, for who may read that log.

    Raises:
        NothingRecorded: the log holds no event about it.
    """
    events = await timeline.list_events_around(tx, thing_id)
    if not events:
        raise NothingRecorded
    ids = [event.envelope.id for event in events]
    names = [consumer.name for consumer in consumers]
    by_id = {event.envelope.id: event for event in events}
    moments = [*_requests(events), *map(_event, events)]
    moments += [
        Moment(
            at=applied.applied_at,
            source="consumer",
            what=f"{applied.consumer}: {by_id[applied.event_id].envelope.type}",
            outcome="applied",
            event_id=applied.event_id,
        )
        for applied in await timeline.list_applied(tx, ids, consumers=names)
    ]
    moments += [
        Moment(
            at=letter.failed_at,
            source="dead_letter",
            what=f"{letter.consumer}: {by_id[letter.event_id].envelope.type}",
            outcome=letter.resolution or "waits for a person",
            event_id=letter.event_id,
            attempts=letter.attempts,
        )
        for letter in await timeline.list_given_up(tx, ids, consumers=names)
    ]
    moments += [_webhook(sent) for sent in await webhooks.list_sent(tx, ids)]
    if audited:
        kinds = {e.envelope.aggregate_type for e in events if e.envelope.aggregate_id == thing_id}
        for kind in sorted(kinds):
            about = audit.RecordFilter(object_type=kind, object_id=str(thing_id))
            page = await audit.list_records(tx, about, audit.PageRequest(limit=MAX_AUDITED))
            moments += map(_audited, page.items)
    correlations = list({event.envelope.correlation_id for event in events})
    caused = await mail.list_caused(tx, correlations)
    moments += [_mail(one) for one in caused]
    return in_order(moments)


def _requests(events: Sequence[LoggedEvent]) -> list[Moment]:
    """One moment for each request, or job, that the first of its events tells of."""
    found: dict[UUID, Moment] = {}
    for event in events:
        envelope = event.envelope
        if envelope.causation_id is None and envelope.correlation_id not in found:
            found[envelope.correlation_id] = Moment(
                at=envelope.occurred_at,
                source="request",
                what="request",
                correlation_id=envelope.correlation_id,
                trace_id=trace_id_of(envelope.traceparent),
                actor_id=envelope.actor_id,
            )
    return list(found.values())


def _event(event: LoggedEvent) -> Moment:
    envelope = event.envelope
    step = step_announced_by(envelope.type)
    waits = "not published yet" if event.published_at is None else None
    return Moment(
        at=envelope.occurred_at,
        source="event",
        what=f"{envelope.type} #{envelope.sequence}",
        outcome=waits or (step.name if step is not None else None),
        correlation_id=envelope.correlation_id,
        trace_id=trace_id_of(envelope.traceparent),
        actor_id=envelope.actor_id,
        event_id=envelope.id,
    )


def _audited(record: audit.Record) -> Moment:
    return Moment(
        at=record.occurred_at,
        source="audit",
        what=f"{record.action} #{record.number}",
        outcome=record.outcome if record.reason is None else f"{record.outcome} ({record.reason})",
        correlation_id=record.correlation_id,
        trace_id=record.trace_id,
        actor_id=record.actor_id,
    )


def _webhook(sent: webhooks.Sent) -> Moment:
    return Moment(
        at=sent.updated_at,
        source="webhook",
        what=f"{sent.host}: {sent.event_type}",
        outcome=sent.status if sent.last_status is None else f"{sent.status} ({sent.last_status})",
        correlation_id=sent.correlation_id,
        trace_id=trace_id_of(sent.traceparent),
        event_id=sent.event_id,
        attempts=sent.attempt_count,
    )


def _mail(one: mail.CausedMail) -> Moment:
    return Moment(
        at=one.updated_at,
        source="mail",
        what=one.template,
        outcome=one.status,
        correlation_id=one.correlation_id,
        trace_id=trace_id_of(one.traceparent),
        attempts=one.attempt_count,
    )
