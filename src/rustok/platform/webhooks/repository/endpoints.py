"""Queries on endpoints and their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, func, or_, select, update

from rustok.core.db import (
    TENANT,
    Command,
    Id,
    Query,
    ReadTx,
    SystemTx,
    Timestamp,
    WriteTx,
    any_of,
    scalar,
)
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.platform.webhooks.errors import WebhookEndpointNotFound
from rustok.platform.webhooks.events import DisabledBy
from rustok.platform.webhooks.model.endpoint import (
    MAX_ENDPOINTS,
    ActiveEndpoint,
    DisabledEndpoint,
    Endpoint,
    SigningSecret,
)
from rustok.platform.webhooks.tables import endpoints, signing_secrets

_STORED: Final = [column for column in endpoints.c if column.name != "tenant_id"]
_OWN: Final = endpoints.c.tenant_id == TENANT
_BY_ID = select(*_STORED).where(_OWN, endpoints.c.id == bindparam("id", type_=Id()))


def to_endpoint(
    *,
    status: str,
    disabled_at: datetime | None,
    disabled_by: DisabledBy | None,
    disabled_reason: str | None,
    **fields: Any,
) -> Endpoint:
    """A row as the type of its state."""
    if status == "active" or disabled_at is None or disabled_by is None:
        return ActiveEndpoint(**fields)
    return DisabledEndpoint(
        disabled_at=disabled_at,
        disabled_by=disabled_by,
        disabled_reason=disabled_reason or "",
        **fields,
    )


_GET: Final = Query(_BY_ID, to_endpoint)
_LOCK: Final = Query(_BY_ID.with_for_update(), to_endpoint)
_PAGE: Final = Query(
    select(*_STORED)
    .where(
        _OWN,
        or_(
            bindparam("after", type_=Id()).is_(None),
            endpoints.c.id > bindparam("after", type_=Id()),
        ),
    )
    .order_by(endpoints.c.id)
    .limit(bindparam("limit", type_=Integer())),
    to_endpoint,
)
_ACTIVE: Final = Query(
    select(*_STORED).where(_OWN, endpoints.c.status == "active").order_by(endpoints.c.id),
    to_endpoint,
)
_COUNT: Final = scalar(select(func.count()).select_from(endpoints).where(_OWN), int)


async def get(tx: ReadTx, endpoint_id: UUID) -> Endpoint:
    """Raises WebhookEndpointNotFound."""
    found = await tx.one(_GET, id=endpoint_id)
    if found is None:
        raise WebhookEndpointNotFound
    return found


async def lock(tx: WriteTx, endpoint_id: UUID) -> Endpoint:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCK, id=endpoint_id)
    if found is None:
        raise WebhookEndpointNotFound
    return found


async def list_endpoints(tx: ReadTx, page: PageRequest) -> Page[Endpoint]:
    """All endpoints, the oldest first."""
    after: UUID | None = None
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, (str,))
        after = parse_id(str(text), pointer="cursor")
    rows = await tx.all(_PAGE, after=after, limit=page.limit + 1)
    return cut_page(rows, limit=page.limit, key_of=lambda one: (str(one.id),))


async def list_active(tx: ReadTx, *, limit: int = MAX_ENDPOINTS) -> list[Endpoint]:
    """The endpoints events are sent to; a tenant has at most `MAX_ENDPOINTS`."""
    return (await tx.all(_ACTIVE))[:limit]


async def count(tx: ReadTx) -> int:
    return await tx.one(_COUNT) or 0


async def add(tx: WriteTx, endpoint: ActiveEndpoint) -> None:
    row = {name: getattr(endpoint, name) for name in endpoint.__struct_fields__}
    await tx.insert(endpoints, status=endpoint.state, **row)


async def store(tx: WriteTx, before: Endpoint, **changed: object) -> None:
    """Write changed columns at the version and state read. Raises ConcurrentUpdate."""
    await tx.update_version(
        endpoints,
        {"id": before.id, "status": before.state},
        version=before.version,
        updated_at=tx.now,
        **changed,
    )


async def remove(tx: WriteTx, endpoint_id: UUID) -> None:
    """Secrets, deliveries and their log go with it."""
    await tx.delete(endpoints, id=endpoint_id)


# The counters of failures leave the version alone: an administrator's If-Match is not about them.
_FAILED: Final = Command(
    update(endpoints)
    .where(_OWN, endpoints.c.id == bindparam("endpoint", type_=Id()))
    .values(
        failure_count=endpoints.c.failure_count + 1,
        failing_since=func.coalesce(
            endpoints.c.failing_since, bindparam("now", type_=Timestamp()), type_=Timestamp()
        ),
    )
)
_SUCCEEDED: Final = Command(
    update(endpoints)
    .where(
        _OWN,
        endpoints.c.id == bindparam("endpoint", type_=Id()),
        endpoints.c.failing_since.is_not(None),
    )
    .values(failure_count=0, failing_since=None)
)


async def note_failure(tx: WriteTx, endpoint_id: UUID) -> None:
    """One more failed attempt; the first after a success starts the window."""
    await tx.run(_FAILED, endpoint=endpoint_id, now=tx.now)


async def note_success(tx: WriteTx, endpoint_id: UUID) -> None:
    """The window of failures ends."""
    await tx.run(_SUCCEEDED, endpoint=endpoint_id)


_SECRET_COLUMNS: Final = [signing_secrets.c[name] for name in SigningSecret.__struct_fields__]
_SECRETS: Final = Query(
    select(*_SECRET_COLUMNS)
    .where(
        signing_secrets.c.tenant_id == TENANT,
        signing_secrets.c.endpoint_id == bindparam("endpoint", type_=Id()),
    )
    .order_by(signing_secrets.c.id.desc()),
    SigningSecret,
)


async def list_secrets(tx: ReadTx, endpoint_id: UUID, *, limit: int = 100) -> list[SigningSecret]:
    """The endpoint's secrets, the newest first; rotation keeps them few."""
    return (await tx.all(_SECRETS, endpoint=endpoint_id))[:limit]


async def add_secret(tx: WriteTx, secret: SigningSecret) -> None:
    row = {name: getattr(secret, name) for name in SigningSecret.__struct_fields__}
    await tx.insert(signing_secrets, **row)


async def expire_secret(tx: WriteTx, secret_id: UUID, *, at: datetime) -> None:
    await tx.update(signing_secrets, {"id": secret_id}, expires_at=at)


async def remove_secret(tx: WriteTx, secret_id: UUID) -> None:
    await tx.delete(signing_secrets, id=secret_id)


class Destination(msgspec.Struct, frozen=True, kw_only=True):
    """What sending needs to know of an endpoint."""

    endpoint_id: UUID
    url: str


class SealedKey(msgspec.Struct, frozen=True, kw_only=True):
    endpoint_id: UUID
    sealed_secret: str


_DESTINATIONS: Final = Query(
    select(endpoints.c.id.label("endpoint_id"), endpoints.c.url).where(
        any_of(endpoints.c.tenant_id, "tenants"), any_of(endpoints.c.id, "endpoints")
    ),
    Destination,
    system="webhooks are sent for all tenants",
)
_KEYS: Final = Query(
    select(signing_secrets.c.endpoint_id, signing_secrets.c.sealed_secret)
    .where(
        any_of(signing_secrets.c.tenant_id, "tenants"),
        any_of(signing_secrets.c.endpoint_id, "endpoints"),
        or_(
            signing_secrets.c.expires_at.is_(None),
            signing_secrets.c.expires_at > bindparam("now", type_=Timestamp()),
        ),
    )
    .order_by(signing_secrets.c.id.desc()),
    SealedKey,
    system="webhooks are sent for all tenants",
)


async def list_destinations(
    tx: SystemTx, *, tenants: Sequence[UUID], ids: Sequence[UUID]
) -> list[Destination]:
    """Where to send, for endpoints of several tenants."""
    return await tx.all(_DESTINATIONS, tenants=list(tenants), endpoints=list(ids))


async def list_valid_keys(
    tx: SystemTx, *, tenants: Sequence[UUID], ids: Sequence[UUID], now: datetime
) -> list[SealedKey]:
    """The secrets to sign with, for endpoints of several tenants; the newest first."""
    return await tx.all(_KEYS, tenants=list(tenants), endpoints=list(ids), now=now)
