"""What was sent because of given events, for timelines."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, select

from rustok.core.db import TENANT, Query, ReadTx, any_of
from rustok.platform.webhooks.model.delivery import DeliveryState
from rustok.platform.webhooks.tables import deliveries, endpoints


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """A delivery as it stands; `host` is of the receiver, whose path may be a secret."""

    event_id: UUID
    event_type: str
    host: str
    status: DeliveryState
    attempt_count: int
    last_status: int | None
    correlation_id: UUID
    traceparent: str | None
    updated_at: datetime


def _to_sent(*, url: str, **fields: Any) -> Sent:
    return Sent(host=urlsplit(url).hostname or "", **fields)


# By endpoint and event: the key of the deliveries begins with the endpoint.
_SENT: Final = Query(
    select(
        endpoints.c.url,
        deliveries.c.event_id,
        deliveries.c.event_type,
        deliveries.c.status,
        deliveries.c.attempt_count,
        deliveries.c.last_status,
        deliveries.c.correlation_id,
        deliveries.c.traceparent,
        deliveries.c.updated_at,
    )
    .join_from(
        endpoints,
        deliveries,
        (deliveries.c.tenant_id == endpoints.c.tenant_id)
        & (deliveries.c.endpoint_id == endpoints.c.id),
    )
    .where(endpoints.c.tenant_id == TENANT, any_of(deliveries.c.event_id, "event_ids"))
    .order_by(deliveries.c.id)
    .limit(bindparam("limit", type_=Integer())),
    _to_sent,
)


async def list_sent(tx: ReadTx, event_ids: Sequence[UUID], *, limit: int) -> list[Sent]:
    return await tx.all(_SENT, event_ids=list(event_ids), limit=limit)
