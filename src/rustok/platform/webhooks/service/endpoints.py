"""Endpoints: create, change, switch on and off, rotate their secret; every change carries its event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from rustok.core.audit.difference import difference, state_of
from rustok.core.audit.entry import AuditValue
from rustok.core.db import ReadTx, WriteTx
from rustok.core.events.event import event_types
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import check_version
from rustok.core.security.sealing import Sealer
from rustok.core.security.ssrf import OutboundPolicy, parse_url
from rustok.platform.webhooks.errors import WebhookEndpointLimit
from rustok.platform.webhooks.events import (
    DisabledBy,
    WebhookEndpointCreated,
    WebhookEndpointDeleted,
    WebhookEndpointUpdated,
    WebhookSecretRotated,
)
from rustok.platform.webhooks.model.endpoint import (
    DEFAULT_OVERLAP_SECONDS,
    MAX_ENDPOINTS,
    MAX_SECRETS,
    ActiveEndpoint,
    DisabledEndpoint,
    Endpoint,
    Mode,
    SigningSecret,
    secret_place,
)
from rustok.platform.webhooks.model.filters import parse_filters
from rustok.platform.webhooks.model.signatures import new_secret, shown
from rustok.platform.webhooks.repository import endpoints as repository
from rustok.platform.webhooks.states import ENDPOINT_LIFECYCLE


class NewEndpoint(msgspec.Struct, frozen=True, kw_only=True):
    """An endpoint with a secret (`whsec_…`) that is shown this once."""

    endpoint: Endpoint
    secret: str


async def create(
    tx: WriteTx,
    sealer: Sealer,
    policy: OutboundPolicy,
    *,
    url: str,
    event_filters: Sequence[str],
    description: str = "",
    mode: Mode = "standard",
    is_ordered: bool = False,
) -> NewEndpoint:
    """Tell `url` of all events relayed from now on that match a filter, replayed ones too.

    Raises:
        UnsafeUrl, InvalidEventFilter: see there.
        WebhookEndpointLimit: the tenant has `MAX_ENDPOINTS`.

    Emits: webhook.endpoint_created
    """
    target = parse_url(url, policy)
    filters = parse_filters(event_filters, known=event_types())
    if await repository.count(tx) >= MAX_ENDPOINTS:
        raise WebhookEndpointLimit(MAX_ENDPOINTS)
    endpoint = ActiveEndpoint(
        id=new_id(),
        url=target.url,
        description=description,
        event_filters=filters,
        mode=mode,
        is_ordered=is_ordered,
        failing_since=None,
        failure_count=0,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
    )
    await repository.add(tx, endpoint)
    secret = await _add_secret(tx, sealer, endpoint.id)
    tx.emit(
        WebhookEndpointCreated(
            endpoint_id=endpoint.id, host=target.host, event_filters=tuple(filters)
        )
    )
    return NewEndpoint(endpoint=endpoint, secret=secret)


async def _add_secret(tx: WriteTx, sealer: Sealer, endpoint_id: UUID) -> str:
    secret = new_secret()
    await repository.add_secret(
        tx,
        SigningSecret(
            id=new_id(),
            endpoint_id=endpoint_id,
            sealed_secret=sealer.seal(secret, belongs_to=secret_place(endpoint_id)),
            created_at=tx.now,
            expires_at=None,
        ),
    )
    return shown(secret)


async def get(tx: ReadTx, endpoint_id: UUID) -> Endpoint:
    """Raises WebhookEndpointNotFound."""
    return await repository.get(tx, endpoint_id)


async def list_endpoints(tx: ReadTx, page: PageRequest) -> Page[Endpoint]:
    """The tenant's endpoints, the oldest first."""
    return await repository.list_endpoints(tx, page)


async def update(
    tx: WriteTx,
    policy: OutboundPolicy,
    endpoint_id: UUID,
    *,
    expected_version: int | None,
    url: str | None = None,
    event_filters: Sequence[str] | None = None,
    description: str | None = None,
    mode: Mode | None = None,
    is_ordered: bool | None = None,
) -> Endpoint:
    """Change an endpoint; None leaves a field as it is. No change, no event.

    Deliveries that wait go to the new URL, with the body they were made with.

    Raises:
        WebhookEndpointNotFound, PreconditionFailed, UnsafeUrl, InvalidEventFilter, ConcurrentUpdate.

    Emits: webhook.endpoint_updated
    """
    endpoint = await repository.lock(tx, endpoint_id)
    check_version(endpoint.version, expected_version)
    wanted: dict[str, object] = {
        "url": None if url is None else parse_url(url, policy).url,
        "event_filters": None
        if event_filters is None
        else parse_filters(event_filters, known=event_types()),
        "description": description,
        "mode": mode,
        "is_ordered": is_ordered,
    }
    changed = {k: v for k, v in wanted.items() if v is not None and v != getattr(endpoint, k)}
    if not changed:
        return endpoint
    await repository.store(tx, endpoint, **changed)
    told = difference(endpoint, changed)
    tx.emit(
        WebhookEndpointUpdated(endpoint_id=endpoint_id, changed=tuple(sorted(changed))),
        before=_without_path(told.before),
        after=_without_path(told.after),
    )
    return await repository.get(tx, endpoint_id)


def _without_path(facts: dict[str, AuditValue]) -> dict[str, AuditValue]:
    """Some receivers are known by a secret in the path: the log keeps where it leads, not that."""
    url = facts.get("url")
    return {**facts, "url": urlsplit(url).netloc} if isinstance(url, str) else facts


async def delete(tx: WriteTx, endpoint_id: UUID, *, expected_version: int | None = None) -> None:
    """Remove an endpoint with its secrets, deliveries and their log.

    Raises:
        WebhookEndpointNotFound, PreconditionFailed.

    Emits: webhook.endpoint_deleted
    """
    endpoint = await repository.lock(tx, endpoint_id)
    check_version(endpoint.version, expected_version)
    await repository.remove(tx, endpoint_id)
    tx.emit(
        WebhookEndpointDeleted(endpoint_id=endpoint_id),
        before=_without_path(state_of(endpoint, "url", "event_filters", "state")),
    )


async def disable(
    tx: WriteTx, endpoint_id: UUID, *, reason: str, expected_version: int | None = None
) -> DisabledEndpoint:
    """Send nothing to it until it is enabled; deliveries that wait stay waiting.

    Raises:
        WebhookEndpointNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: webhook.endpoint_disabled
    """
    endpoint = await repository.lock(tx, endpoint_id)
    check_version(endpoint.version, expected_version)
    match endpoint:
        case ActiveEndpoint():
            return await switch_off(tx, endpoint, by="staff", reason=reason)
        case DisabledEndpoint():
            raise ENDPOINT_LIFECYCLE.refusal(endpoint.state, "disable")


async def switch_off(
    tx: WriteTx, endpoint: ActiveEndpoint, *, by: DisabledBy, reason: str
) -> DisabledEndpoint:
    """As `disable`, of an endpoint that is read already. Emits: webhook.endpoint_disabled"""
    disabled, event = endpoint.disable(by=by, reason=reason, at=tx.now)
    await repository.store(
        tx,
        endpoint,
        status=disabled.state,
        disabled_at=tx.now,
        disabled_by=by,
        disabled_reason=reason,
    )
    tx.emit(event, before={"state": endpoint.state}, after={"state": disabled.state})
    return msgspec.structs.replace(disabled, version=endpoint.version + 1, updated_at=tx.now)


async def enable(
    tx: WriteTx, endpoint_id: UUID, *, expected_version: int | None = None
) -> ActiveEndpoint:
    """Send to it again; deliveries that waited are due at once.

    Raises:
        WebhookEndpointNotFound, PreconditionFailed, IllegalTransition, ConcurrentUpdate.

    Emits: webhook.endpoint_enabled
    """
    endpoint = await repository.lock(tx, endpoint_id)
    check_version(endpoint.version, expected_version)
    if not isinstance(endpoint, DisabledEndpoint):
        raise ENDPOINT_LIFECYCLE.refusal(endpoint.state, "enable")
    active, event = endpoint.enable()
    await repository.store(
        tx,
        endpoint,
        status=active.state,
        disabled_at=None,
        disabled_by=None,
        disabled_reason=None,
        failing_since=None,
        failure_count=0,
    )
    tx.emit(event, before={"state": endpoint.state}, after={"state": active.state})
    return msgspec.structs.replace(active, version=endpoint.version + 1, updated_at=tx.now)


async def rotate_secret(
    tx: WriteTx,
    sealer: Sealer,
    endpoint_id: UUID,
    *,
    overlap_seconds: int = DEFAULT_OVERLAP_SECONDS,
    expected_version: int | None = None,
) -> NewEndpoint:
    """Make a new secret. Until the overlap ends, deliveries carry a signature of each.

    Args:
        overlap_seconds: how long the secrets in use stay valid; 0 ends them at once.

    Raises:
        WebhookEndpointNotFound, PreconditionFailed, ConcurrentUpdate.

    Emits: webhook.secret_rotated
    """
    endpoint = await repository.lock(tx, endpoint_id)
    check_version(endpoint.version, expected_version)
    ends_at = tx.now + timedelta(seconds=overlap_seconds)
    valid = 0
    for secret in await repository.list_secrets(tx, endpoint_id):
        keeps = secret.is_valid(tx.now) and overlap_seconds > 0 and valid < MAX_SECRETS - 1
        if not keeps:
            await repository.remove_secret(tx, secret.id)
            continue
        valid += 1
        if secret.expires_at is None or secret.expires_at > ends_at:
            await repository.expire_secret(tx, secret.id, at=ends_at)
    shown_once = await _add_secret(tx, sealer, endpoint_id)
    await repository.store(tx, endpoint)
    tx.emit(WebhookSecretRotated(endpoint_id=endpoint_id, overlap_seconds=overlap_seconds))
    return NewEndpoint(endpoint=await repository.get(tx, endpoint_id), secret=shown_once)
