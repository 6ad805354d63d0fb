"""Queries on requests for account mails that wait to be made."""

from __future__ import annotations

from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from sqlalchemy import Integer, bindparam, select

from rustok.core.db import Query, SystemTx, WriteTx
from rustok.core.ids import new_id
from rustok.platform.identity.tables import account_requests

RequestPurpose = Literal["reset_password", "verify_email", "registered"]


class AccountRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody named an address; whether anybody has it is looked up when the mail is made."""

    tenant_id: UUID
    id: UUID
    purpose: RequestPurpose
    email_normal: str
    locale: str
    created_at: datetime


_WAITING: Final = Query(
    select(*[account_requests.c[name] for name in AccountRequest.__struct_fields__])
    .order_by(account_requests.c.created_at, account_requests.c.id)
    .limit(bindparam("limit", type_=Integer())),
    AccountRequest,
    system="account mails of all tenants are made by one job",
)


async def add(tx: WriteTx, *, purpose: RequestPurpose, email_normal: str) -> None:
    await tx.insert(
        account_requests,
        id=new_id(),
        purpose=purpose,
        email_normal=email_normal,
        locale=tx.ctx.locale,
        created_at=tx.now,
    )


async def list_waiting(tx: SystemTx, *, limit: int) -> list[AccountRequest]:
    """Requests of all tenants, the oldest first."""
    return await tx.all(_WAITING, limit=limit)


async def take(tx: WriteTx, request: AccountRequest) -> bool:
    """Remove a request that is being answered; False when another process was first."""
    return await tx.delete(account_requests, id=request.id) == 1
