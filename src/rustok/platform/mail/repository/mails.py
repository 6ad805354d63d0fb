"""Queries on mails, as the tenant sees them and as the record keeps them; the sealed part apart."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from sqlalchemy import Integer, Text, bindparam, select

from rustok.core.db import TENANT, Id, Query, ReadTx, WriteTx, any_of
from rustok.core.ids import parse_id
from rustok.core.pagination import Page, PageRequest, cut_page, decode_cursor
from rustok.platform.mail.errors import MailNotFound
from rustok.platform.mail.model.mail import (
    FailedMail,
    HeldMail,
    Mail,
    MailData,
    MailState,
    QueuedMail,
    SentMail,
)
from rustok.platform.mail.tables import mails

_STORED: Final = [
    *(mails.c[name] for name in MailData.__struct_fields__),
    mails.c.status,
    mails.c.next_attempt_at,
    mails.c.sent_at,
]
_OWN: Final = mails.c.tenant_id == TENANT


def to_mail(
    *, status: MailState, next_attempt_at: datetime | None, sent_at: datetime | None, **fields: Any
) -> Mail:
    """A row as the type of its state."""
    match status:
        case "queued":
            # A queued row always has its time; `add` and `store` write it.
            return QueuedMail(next_attempt_at=next_attempt_at or fields["created_at"], **fields)
        case "sent":
            return SentMail(sent_at=sent_at or fields["updated_at"], **fields)
        case "failed":
            return FailedMail(**fields)
        case "held":
            return HeldMail(**fields)


_BY_ID = select(*_STORED).where(_OWN, mails.c.id == bindparam("id", type_=Id()))
_GET: Final = Query(_BY_ID, to_mail)
_LOCK: Final = Query(_BY_ID.with_for_update(), to_mail)
_CLAIMED: Final = Query(
    _BY_ID.where(
        mails.c.status == "queued", mails.c.claimed_by == bindparam("claim", type_=Id())
    ).with_for_update(),
    to_mail,
)


async def get(tx: ReadTx, mail_id: UUID) -> Mail:
    """Raises MailNotFound."""
    found = await tx.one(_GET, id=mail_id)
    if found is None:
        raise MailNotFound
    return found


async def lock(tx: WriteTx, mail_id: UUID) -> Mail:
    """As `get`, holding the row until the transaction ends."""
    found = await tx.one(_LOCK, id=mail_id)
    if found is None:
        raise MailNotFound
    return found


_ALL_CLAIMED: Final = Query(
    select(*_STORED)
    .where(
        _OWN,
        any_of(mails.c.id, "ids"),
        mails.c.status == "queued",
        mails.c.claimed_by == bindparam("claim", type_=Id()),
    )
    .order_by(mails.c.id)
    .with_for_update(),
    to_mail,
)


async def list_claimed(tx: WriteTx, mail_ids: Sequence[UUID], *, claim: UUID) -> list[QueuedMail]:
    """Those of the mails that `claim` still holds, locked."""
    found = await tx.all(_ALL_CLAIMED, ids=list(mail_ids), claim=claim)
    return [mail for mail in found if isinstance(mail, QueuedMail)]


async def find_claimed(tx: WriteTx, mail_id: UUID, *, claim: UUID) -> QueuedMail | None:
    """The mail if `claim` still holds it, locked; None when the lease ran out or it is gone."""
    found = await tx.one(_CLAIMED, id=mail_id, claim=claim)
    return found if isinstance(found, QueuedMail) else None


@cache
def _page(*, by_status: bool, by_template: bool, is_first: bool) -> Query[Mail]:
    statement = select(*_STORED).where(_OWN)
    if by_status:
        statement = statement.where(mails.c.status == bindparam("status", type_=Text()))
    if by_template:
        statement = statement.where(mails.c.template == bindparam("template", type_=Text()))
    if not is_first:
        statement = statement.where(mails.c.id < bindparam("before", type_=Id()))
    return Query(
        statement.order_by(mails.c.id.desc()).limit(bindparam("limit", type_=Integer())), to_mail
    )


async def list_mails(
    tx: ReadTx,
    page: PageRequest,
    *,
    status: MailState | None = None,
    template: str | None = None,
) -> Page[Mail]:
    """Mails, the newest first."""
    params: dict[str, object] = {"limit": page.limit + 1}
    if page.cursor is not None:
        (text,) = decode_cursor(page.cursor, (str,))
        params["before"] = parse_id(str(text), pointer="cursor")
    if status is not None:
        params["status"] = status
    if template is not None:
        params["template"] = template
    query = _page(
        by_status=status is not None,
        by_template=template is not None,
        is_first=page.cursor is None,
    )
    rows = await tx.all(query, **params)
    return cut_page(rows, limit=page.limit, key_of=lambda one: (str(one.id),))


def add(
    tx: WriteTx, mail: QueuedMail, *, sealed: str | None = None, reference_id: UUID | None = None
) -> None:
    """Insert a mail with the end of the transaction."""
    row = {name: getattr(mail, name) for name in mail.__struct_fields__}
    tx.insert_last(
        mails,
        status=mail.state,
        sealed_secret=sealed,
        reference_id=reference_id,
        traceparent=tx.ctx.traceparent,
        **row,
    )


async def store(tx: WriteTx, before: Mail, after: Mail, *, forget_secret: bool = False) -> None:
    """Write `after` over `before` and free its claim.

    Args:
        forget_secret: what filled the template is removed for good.

    Raises:
        ConcurrentUpdate: somebody else changed the row.
    """
    forgotten: dict[str, object] = {"sealed_secret": None} if forget_secret else {}
    await tx.update_version(
        mails,
        {"id": before.id, "status": before.state},
        version=before.version,
        **_columns(after, now=tx.now),
        **forgotten,
    )


def store_last(tx: WriteTx, before: Mail, after: Mail) -> None:
    """As `store`, with the end of the transaction; many at once travel together."""
    tx.update_version_last(
        mails,
        {"id": before.id, "status": before.state},
        version=before.version,
        **_columns(after, now=tx.now),
    )


def _columns(after: Mail, *, now: datetime) -> dict[str, object]:
    return {
        "status": after.state,
        "attempt_count": after.attempt_count,
        "run_count": after.run_count,
        "attempts": after.attempts,
        "last_error": after.last_error,
        "next_attempt_at": after.next_attempt_at if isinstance(after, QueuedMail) else None,
        "sent_at": after.sent_at if isinstance(after, SentMail) else None,
        "claimed_by": None,
        "claimed_until": None,
        "updated_at": now,
    }
