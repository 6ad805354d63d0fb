"""Mails: queued in the caller's transaction, looked at, asked for again, recorded, removed when old."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.db import ReadTx, WriteTx
from rustok.core.ids import new_id
from rustok.core.pagination import Page, PageRequest
from rustok.core.parts import Parts
from rustok.core.routing import check_version
from rustok.core.security.identifiers import parse_email
from rustok.core.security.sealing import Sealer
from rustok.platform.mail.model.mail import (
    EXPIRED,
    Answer,
    FailedMail,
    HeldMail,
    Mail,
    MailState,
    QueuedMail,
    SentMail,
    secret_place,
)
from rustok.platform.mail.model.schedule import Verdict, judge
from rustok.platform.mail.model.templates import Template
from rustok.platform.mail.repository import due
from rustok.platform.mail.repository import mails as repository
from rustok.platform.mail.service.composing import composer_of
from rustok.platform.mail.states import MAIL_LIFECYCLE

_PURGE_BATCH: Final = 500
_PURGE_ROUNDS: Final = 10
_encode: Final = msgspec.json.Encoder().encode


async def queue(
    tx: WriteTx,
    sealer: Sealer,
    template: Template,
    *,
    to: str,
    values: Mapping[str, str],
    tables: Mapping[str, Sequence[tuple[str, str]]] | None = None,
    locale: str | None = None,
    expires_in: timedelta | None = None,
) -> UUID:
    """Keep a mail to be sent once this transaction is committed; gives its id.

    Args:
        to: the address as its owner wrote it.
        values: one text for each field of the template; links begin with http:// or https://. They
            are sealed, and removed once the mail is sent.
        tables: the rows of each table of the template.
        locale: the reader's language; None: that of the transaction.
        expires_in: after this it is of no use any more and is not sent.

    Raises:
        InvalidEmail: `to` is no address.
        ValueError: values or tables are not exactly those of the template.
    """
    content = template.content(values, tables or {})
    mail = _queued(tx, template, to=to, locale=locale, expires_in=expires_in)
    sealed = sealer.seal(_encode(content), belongs_to=secret_place(mail.id))
    repository.add(tx, mail, sealed=sealed)
    return mail.id


async def queue_reference(
    tx: WriteTx,
    template: Template,
    *,
    to: str,
    reference_id: UUID,
    locale: str | None = None,
    expires_in: timedelta | None = None,
) -> UUID:
    """As `queue`, of a template whose composer reads what to say when the mail is sent.

    Nothing of it is stored but the id; this is what handlers of events use.

    Args:
        reference_id: given to the composer, such as the id of an order.

    Raises:
        InvalidEmail: `to` is no address.
        ValueError: the template has no composer.
    """
    if composer_of(template.name) is None:
        raise ValueError(f"mail template {template.name} has no composer")
    mail = _queued(tx, template, to=to, locale=locale, expires_in=expires_in)
    repository.add(tx, mail, reference_id=reference_id)
    return mail.id


def _queued(
    tx: WriteTx,
    template: Template,
    *,
    to: str,
    locale: str | None,
    expires_in: timedelta | None,
) -> QueuedMail:
    parse_email(to, pointer="to")
    return QueuedMail(
        id=new_id(),
        template=template.name,
        locale=locale or tx.ctx.locale,
        recipient=to,
        attempt_count=0,
        run_count=0,
        attempts=[],
        last_error=None,
        expires_at=None if expires_in is None else tx.now + expires_in,
        correlation_id=tx.ctx.correlation_id,
        version=1,
        created_at=tx.now,
        updated_at=tx.now,
        next_attempt_at=tx.now,
    )


async def get(tx: ReadTx, mail_id: UUID) -> Mail:
    """Raises MailNotFound."""
    return await repository.get(tx, mail_id)


async def list_mails(
    tx: ReadTx,
    page: PageRequest,
    *,
    status: MailState | None = None,
    template: str | None = None,
) -> Page[Mail]:
    """The tenant's mails, the newest first."""
    return await repository.list_mails(tx, page, status=status, template=template)


async def retry(tx: WriteTx, mail_id: UUID, *, expected_version: int | None = None) -> QueuedMail:
    """Send a failed or held mail after all; its Message-ID stays.

    Raises:
        MailNotFound, PreconditionFailed, ConcurrentUpdate.
        IllegalTransition: it waits already, or was sent.
    """
    mail = await repository.lock(tx, mail_id)
    check_version(mail.version, expected_version)
    match mail:
        case FailedMail() | HeldMail():
            queued = mail.retry(now=tx.now)
        case _:
            raise MAIL_LIFECYCLE.refusal(mail.state, "retry")
    await repository.store(tx, mail, queued)
    return msgspec.structs.replace(queued, version=mail.version + 1, updated_at=tx.now)


async def record(
    tx: WriteTx, mail_id: UUID, *, claim: UUID, answer: Answer, jitter: float | None = None
) -> Verdict | None:
    """Keep an attempt in the log and move its mail on; None when `claim` holds it no more.

    Args:
        jitter: 0 to 1; None: at random.
    """
    mail = await repository.find_claimed(tx, mail_id, claim=claim)
    if mail is None:
        return None
    tried = mail.tried(answer, at=tx.now)
    verdict = judge(
        answer,
        run_count=tried.run_count,
        jitter=random.random() if jitter is None else jitter,  # noqa: S311 - spreads load, no secret
    )
    after: QueuedMail | SentMail | FailedMail
    match verdict.outcome:
        case "sent":
            after = tried.send(at=tx.now)
        case "retried":
            after = tried.wait(after_seconds=verdict.after_seconds, now=tx.now)
        case "exhausted" | "refused":
            after = tried.fail(error=answer.error)
    await repository.store(tx, mail, after, forget_secret=isinstance(after, SentMail))
    return verdict


async def give_up_expired(tx: WriteTx, mail_id: UUID, *, claim: UUID) -> bool:
    """Fail a mail that came too late to be of use; what filled it is forgotten."""
    mail = await repository.find_claimed(tx, mail_id, claim=claim)
    if mail is None:
        return False
    await repository.store(tx, mail, mail.fail(error=EXPIRED), forget_secret=True)
    return True


async def hold(tx: WriteTx, mail_ids: Sequence[UUID], *, claim: UUID) -> None:
    """Keep mails while mail is off; `retry` sends one once it is on."""
    for mail in await repository.list_claimed(tx, mail_ids, claim=claim):
        repository.store_last(tx, mail, mail.hold())


async def purge_old(parts: Parts) -> int:
    """Remove mails beyond retention with their log; what is left waits for the next run."""
    kept_for = timedelta(days=parts.mail.retention_days)
    removed = 0
    for _ in range(_PURGE_ROUNDS):
        async with parts.db.system("mail: old mails") as tx:
            gone = await due.purge(tx, before=tx.now - kept_for, limit=_PURGE_BATCH)
        removed += gone
        if gone < _PURGE_BATCH:
            break
    return removed
