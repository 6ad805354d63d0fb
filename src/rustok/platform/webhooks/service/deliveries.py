"""Deliveries: made of events, made anew on request, and what becomes of them after an attempt."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import Final
from uuid import UUID
from weakref import WeakKeyDictionary

import msgspec

from rustok.core.db import ReadTx, WriteTx
from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.parts import Parts
from rustok.platform.webhooks.errors import WebhookEndpointIsDisabled
from rustok.platform.webhooks.model.bodies import body_of, ping_envelope
from rustok.platform.webhooks.model.delivery import (
    Answer,
    Attempt,
    Delivery,
    DeliveryState,
    EndedDelivery,
    PendingDelivery,
)
from rustok.platform.webhooks.model.endpoint import (
    FAILING_ATTEMPTS,
    FAILING_FOR,
    ActiveEndpoint,
    Endpoint,
)
from rustok.platform.webhooks.model.filters import wants
from rustok.platform.webhooks.model.schedule import Verdict, judge
from rustok.platform.webhooks.repository import deliveries as repository
from rustok.platform.webhooks.repository import due
from rustok.platform.webhooks.repository import endpoints as endpoint_repository
from rustok.platform.webhooks.service.endpoints import switch_off
from rustok.platform.webhooks.states import DELIVERY_LIFECYCLE
from rustok.telemetry.structured import structlog

SLUG: Final = "webhooks"
KEPT_FOR: Final = timedelta(days=30)
_PURGE_BATCH: Final = 500
_PURGE_ROUNDS: Final = 10

log = structlog.get_logger("rustok.webhooks")

# Events come in chunks, one transaction for each; its endpoints are read once.
_active: Final[WeakKeyDictionary[ReadTx, list[Endpoint]]] = WeakKeyDictionary()


def _made_of(envelope: Envelope, endpoint: Endpoint, tx: WriteTx) -> PendingDelivery:
    return PendingDelivery(
        id=new_id(),
        endpoint_id=endpoint.id,
        event_id=envelope.id,
        event_type=envelope.type,
        aggregate_type=envelope.aggregate_type,
        aggregate_id=envelope.aggregate_id,
        sequence=envelope.sequence,
        mode=endpoint.mode,
        payload=body_of(envelope, endpoint.mode),
        correlation_id=envelope.correlation_id,
        traceparent=tx.ctx.traceparent or envelope.traceparent,
        attempt_count=0,
        run_count=0,
        last_status=None,
        last_error=None,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        next_attempt_at=tx.now,
    )


async def enqueue(tx: WriteTx, envelope: Envelope) -> int:
    """Make a delivery for each active endpoint that wants the event; returns how many are new.

    An endpoint is not told of itself: that it failed would fail as well.
    """
    if SLUG not in tx.ctx.tenant.modules:
        return 0
    active = _active.get(tx)
    if active is None:
        active = _active[tx] = await endpoint_repository.list_active(tx)
    made = 0
    for endpoint in active:
        if envelope.aggregate_id == endpoint.id:
            continue
        if wants(endpoint.event_filters, envelope.type):
            made += await repository.add(tx, _made_of(envelope, endpoint, tx))
    return made


async def get(tx: ReadTx, delivery_id: UUID) -> tuple[Delivery, list[Attempt]]:
    """A delivery and its attempts, the newest first. Raises WebhookDeliveryNotFound."""
    delivery = await repository.get(tx, delivery_id)
    return delivery, await repository.list_attempts(tx, delivery_id)


async def list_deliveries(
    tx: ReadTx,
    page: PageRequest,
    *,
    endpoint_id: UUID | None = None,
    status: DeliveryState | None = None,
) -> Page[Delivery]:
    """Deliveries, the newest first."""
    return await repository.list_deliveries(tx, page, endpoint_id=endpoint_id, status=status)


async def ping(tx: WriteTx, endpoint_id: UUID) -> PendingDelivery:
    """Send a test event (`webhook.ping`) the way all events go, whatever the filters say.

    Raises:
        WebhookEndpointNotFound, WebhookEndpointIsDisabled.
    """
    endpoint = await endpoint_repository.get(tx, endpoint_id)
    if not isinstance(endpoint, ActiveEndpoint):
        raise WebhookEndpointIsDisabled
    envelope = ping_envelope(
        event_id=new_id(),
        endpoint_id=endpoint.id,
        tenant_id=tx.ctx.tenant_id,
        now=tx.now,
        correlation_id=tx.ctx.correlation_id,
        traceparent=tx.ctx.traceparent,
    )
    delivery = _made_of(envelope, endpoint, tx)
    await repository.add(tx, delivery)
    return delivery


async def redeliver(tx: WriteTx, delivery_id: UUID) -> PendingDelivery:
    """Send an ended delivery once more: the same body and id, signed anew.

    Raises:
        WebhookDeliveryNotFound, WebhookEndpointIsDisabled, ConcurrentUpdate.
        IllegalTransition: it waits already.
    """
    delivery = await repository.lock(tx, delivery_id)
    if not isinstance(delivery, EndedDelivery):
        raise DELIVERY_LIFECYCLE.refusal(delivery.state, "redeliver")
    endpoint = await endpoint_repository.get(tx, delivery.endpoint_id)
    if not isinstance(endpoint, ActiveEndpoint):
        raise WebhookEndpointIsDisabled
    again = delivery.redeliver(now=tx.now)
    await repository.store(tx, delivery, again)
    return msgspec.structs.replace(again, version=delivery.version + 1, updated_at=tx.now)


async def record(
    tx: WriteTx, delivery_id: UUID, *, claim: UUID, answer: Answer, jitter: float | None = None
) -> Verdict | None:
    """Keep an attempt in the log and move its delivery on; None when `claim` holds it no more.

    Args:
        jitter: 0 to 1; None: at random.

    Emits: webhook.delivery_failed, webhook.endpoint_disabled
    """
    delivery = await repository.find_claimed(tx, delivery_id, claim=claim)
    if delivery is None:
        return None
    tried = delivery.tried(status=answer.status, error=answer.failure)
    await repository.add_attempt(
        tx,
        Attempt(
            id=new_id(),
            delivery_id=delivery.id,
            number=tried.attempt_count,
            attempted_at=tx.now,
            request_url=answer.request_url,
            request_headers=answer.request_headers,
            response_status=answer.status,
            response_body=answer.body,
            latency_ms=answer.latency_ms,
            error=answer.error,
        ),
    )
    verdict = judge(
        answer,
        run_count=tried.run_count,
        jitter=random.random() if jitter is None else jitter,  # noqa: S311 - spreads load, no secret
    )
    after: Delivery
    match verdict.outcome:
        case "delivered":
            after = tried.deliver(at=tx.now)
        case "retried":
            after = tried.retry(after_seconds=verdict.after_seconds, now=tx.now)
        case "exhausted" | "refused" as reason:
            after, given_up = tried.fail(reason=reason)
            tx.emit(given_up)
        case "gone":
            after, given_up = tried.go()
            tx.emit(given_up)
    await repository.store(tx, delivery, after)
    await _note(tx, delivery.endpoint_id, verdict)
    return verdict


async def _note(tx: WriteTx, endpoint_id: UUID, verdict: Verdict) -> None:
    """What the attempt says of the endpoint itself. Emits: webhook.endpoint_disabled"""
    if verdict.outcome == "delivered":
        await endpoint_repository.note_success(tx, endpoint_id)
        return
    await endpoint_repository.note_failure(tx, endpoint_id)
    endpoint = await endpoint_repository.lock(tx, endpoint_id)
    if not isinstance(endpoint, ActiveEndpoint):
        return
    if verdict.outcome == "gone":
        await switch_off(tx, endpoint, by="gone", reason="The receiver answered 410 Gone.")
    elif endpoint.has_failed_too_long(tx.now):
        hours = int(FAILING_FOR.total_seconds() // 3_600)
        reason = f"Nothing but failures for {hours} hours, {FAILING_ATTEMPTS} or more."
        await switch_off(tx, endpoint, by="failing", reason=reason)
    else:
        return
    log.warning("webhooks.endpoint_disabled", endpoint_id=str(endpoint.id), cause=verdict.outcome)


async def purge_old(parts: Parts) -> int:
    """Remove deliveries older than 30 days with their log; what is left waits for the next run."""
    removed = 0
    for _ in range(_PURGE_ROUNDS):
        async with parts.db.system("webhooks: old deliveries") as tx:
            gone = await due.purge(tx, before=tx.now - KEPT_FOR, limit=_PURGE_BATCH)
        removed += gone
        if gone < _PURGE_BATCH:
            break
    return removed
