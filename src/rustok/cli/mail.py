"""`rustok mail`: shows mails and how their sending went, asks for one again, sends a test at once.

Only the test is sent from here; the rest the running server or worker sends, within seconds. What a
mail says is never shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast, get_args
from uuid import UUID

import click

from rustok.cli.invocation import Invocation
from rustok.cli.listing import cell, columns
from rustok.cli.params import ID, TENANT_REF
from rustok.cli.session import tenant_of, with_platform
from rustok.core.errors import Unavailable
from rustok.core.pagination import PageRequest
from rustok.core.tenancy import context_for
from rustok.platform.mail import api as mail
from rustok.platform.mail.schemas import MailLog, MailView, mail_log, mail_view
from rustok.server.platform import Platform

MAX_LISTED = 100
STATES: Sequence[str] = get_args(mail.MailState)

EPILOG = """\b
Examples:
  rustok mail list --tenant nordlicht --status failed
  rustok mail show --tenant nordlicht 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60
  rustok mail retry --tenant nordlicht 0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60
  rustok mail test --tenant nordlicht --to ada@example.com"""

tenant_option = click.option(
    "--tenant", "tenant_ref", type=TENANT_REF, required=True, help="Slug or id of the tenant."
)


class TestMailFailed(Unavailable):
    """The relay did not take the test message."""

    __test__ = False  # no test of pytest's

    code = "test_mail_failed"
    title = "The test message was not sent"
    mend = "Check the settings mail.host, mail.port, mail.security, mail.user and mail.sender."


@click.group("mail", epilog=EPILOG)
def mail_group() -> None:
    """Show mails, send one again, send a test."""


@mail_group.command("list")
@tenant_option
@click.option("--status", type=click.Choice(STATES), help="In this state only.")
@click.option("--template", help="Of this template only.")
@click.option(
    "--limit", type=click.IntRange(1, MAX_LISTED), default=20, show_default=True, help="At most."
)
@click.pass_obj
def list_mails(
    invocation: Invocation,
    tenant_ref: UUID | str,
    status: str | None,
    template: str | None,
    limit: int,
) -> None:
    """List mails, the newest first."""

    async def work(platform: Platform) -> list[MailView]:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.read(context_for(profile)) as tx:
            page = await mail.list_mails(
                tx,
                PageRequest(limit=limit),
                status=cast("mail.MailState | None", status),
                template=template,
            )
        return [mail_view(one) for one in page.items]

    found = with_platform(invocation, work)
    invocation.emit(
        found,
        lambda: columns(
            ("CREATED", "STATUS", "TEMPLATE", "TO", "ATTEMPTS", "NEXT", "LAST ERROR", "ID"),
            [
                (
                    m.created_at,
                    m.status,
                    m.template,
                    m.recipient,
                    m.attempt_count,
                    m.next_attempt_at,
                    m.last_error,
                    m.id,
                )
                for m in found
            ],
            empty="There is no such mail.",
        ),
    )


@mail_group.command()
@click.argument("mail_id", type=ID)
@tenant_option
@click.pass_obj
def show(invocation: Invocation, mail_id: UUID, tenant_ref: UUID | str) -> None:
    """Show the mail MAIL_ID with its attempts."""

    async def work(platform: Platform) -> MailLog:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.read(context_for(profile)) as tx:
            return mail_log(await mail.get(tx, mail_id))

    log = with_platform(invocation, work)
    invocation.emit(log, lambda: _text(log))


def _text(log: MailLog) -> str:
    facts = "\n".join(
        f"{name:<16}  {cell(getattr(log.mail, name))}" for name in log.mail.__struct_fields__
    )
    attempts = columns(
        ("NUMBER", "AT", "ERROR", "MS", "REPLY"),
        [
            (one.number, one.attempted_at, one.error, one.latency_ms, one.reply)
            for one in log.attempts
        ],
        empty="Nothing was tried yet.",
    )
    return f"{facts}\n\n{attempts}"


@mail_group.command()
@click.argument("mail_id", type=ID)
@tenant_option
@click.pass_obj
def retry(invocation: Invocation, mail_id: UUID, tenant_ref: UUID | str) -> None:
    """Send the failed or held mail MAIL_ID after all."""

    async def work(platform: Platform) -> MailView:
        profile = await tenant_of(platform, tenant_ref)
        async with platform.db.write(context_for(profile)) as tx:
            return mail_view(await mail.retry(tx, mail_id))

    view = with_platform(invocation, work)
    invocation.emit(view, lambda: f"Mail {view.id} is due; the running server sends it.")


@mail_group.command()
@tenant_option
@click.option("--to", "recipient", required=True, help="Address of the recipient.")
@click.pass_obj
def test(invocation: Invocation, tenant_ref: UUID | str, recipient: str) -> None:
    """Send a test message now and show what the relay says to it."""

    async def work(platform: Platform) -> mail.Answer | None:
        profile = await tenant_of(platform, tenant_ref)
        return await mail.send_test(platform.parts, profile, to=recipient)

    answer = with_platform(invocation, work)
    if answer is None:
        raise TestMailFailed("Mail is off: mail.host is not set.")
    if answer.error is not None:
        said = f" The relay said: {answer.reply}" if answer.reply else ""
        raise TestMailFailed(f"The message was not taken ({answer.error}).{said}")
    invocation.emit(answer, lambda: f"Sent in {answer.latency_ms} ms. {answer.reply or ''}".strip())
