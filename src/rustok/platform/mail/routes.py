"""Mail over HTTP: what was sent to whom and how it went; asking for a mail again."""

from __future__ import annotations

from uuid import UUID

from rustok.core.errors import IllegalTransition
from rustok.core.pagination import Page
from rustok.core.routing import ReadCall, Routes, WriteCall
from rustok.platform.mail.errors import MailNotFound
from rustok.platform.mail.schemas import MailLog, MailQuery, MailView, mail_log, mail_view
from rustok.platform.mail.service import mails

admin = Routes("mail", surface="admin", tag="Mail", essential=True)


@admin.get("/mails", permission="mails:list", summary="List mails, the newest first")
async def list_mails(call: ReadCall, query: MailQuery) -> Page[MailView]:
    page = await mails.list_mails(call.tx, query, status=query.status, template=query.template)
    return Page(items=[mail_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/mails/{mail_id}",
    permission="mails:read",
    summary="Show a mail with its attempts",
    errors=[MailNotFound],
)
async def get_mail(call: ReadCall, mail_id: UUID) -> MailLog:
    return mail_log(await mails.get(call.tx, mail_id))


@admin.post(
    "/mails/{mail_id}/retry",
    permission="mails:update",
    status=202,
    summary="Send a failed or held mail after all",
    errors=[MailNotFound, IllegalTransition],
)
async def retry_mail(call: WriteCall, mail_id: UUID) -> MailView:
    return mail_view(await mails.retry(call.tx, mail_id, expected_version=call.expected_version))
