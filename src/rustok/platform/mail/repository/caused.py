"""Mails that given requests caused, for timelines; neither the recipient nor the text is told."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, select

from rustok.core.db import TENANT, Query, ReadTx, any_of
from rustok.platform.mail.tables import mails


class CausedMail(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as it stands."""

    template: str
    status: str
    attempt_count: int
    correlation_id: UUID
    traceparent: str | None
    updated_at: datetime


_CAUSED: Final = Query(
    select(*(mails.c[name] for name in CausedMail.__struct_fields__))
    .where(
        mails.c.tenant_id == TENANT,
        any_of(mails.c.correlation_id, "correlations"),
    )
    .order_by(mails.c.id)
    .limit(bindparam("limit", type_=Integer())),
    CausedMail,
)


async def list_caused(tx: ReadTx, correlations: Sequence[UUID], *, limit: int) -> list[CausedMail]:
    return await tx.all(_CAUSED, correlations=list(correlations), limit=limit)
