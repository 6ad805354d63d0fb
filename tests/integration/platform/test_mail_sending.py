"""Mail against a real SMTP relay: taken, refused, hanging, cut; what becomes of the mail each time."""

from __future__ import annotations

import asyncio
import ipaddress
import re
import ssl
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec
import pytest
from cryptography import x509
from sqlalchemy import select

from rustok.core.db import Query
from rustok.core.mail_route import MailRoute
from rustok.core.pagination import PageRequest
from rustok.core.resilience.circuit_breaker import BreakerState, CircuitBreaker
from rustok.core.security.identifiers import InvalidEmail
from rustok.core.tenancy import TenantProfile
from rustok.platform.mail import api as mail
from rustok.platform.mail.service.leaving import sender_for
from rustok.platform.mail.service.mails import purge_old
from rustok.platform.mail.service.postman import BREAKER, Postman
from rustok.platform.mail.service.smtp import SmtpSender
from rustok.platform.mail.tables import mails
from rustok.platform.tenants import api as tenants
from tests.conftest import World
from tests.integration.platform import relay as relays
from tests.integration.platform.hooks import Clock
from tests.integration.platform.relay import Relay
from tests.integration.platform.test_webhooks_tls import certificate

LETTER = mail.register_template(
    mail.Template(
        "tests.letter",
        {
            "en": mail.MailText(
                subject="Hello {name}",
                parts=(
                    mail.Heading("Hello {name}"),
                    mail.Paragraph("Note: {note}", when="note"),
                    mail.Button("Open", "link"),
                    mail.Rows("lines"),
                ),
            ),
            "de": mail.MailText(
                subject="Hallo {name}",
                parts=(
                    mail.Heading("Hallo {name}"),
                    mail.Paragraph("Notiz: {note}", when="note"),
                    mail.Button("Öffnen", "link"),
                    mail.Rows("lines"),
                ),
            ),
        },
    )
)
SECRET = "https://shop.example/reset?token=s3cr3t-of-ada"


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with relays.running() as one:
        yield one


def postman(world: World, route: MailRoute, *, sender: Any = None) -> Postman:
    """A worker of its own, with a breaker that knows nothing yet."""
    parts = msgspec.structs.replace(world.parts, mail=route)
    circuit = CircuitBreaker("mail-test", BREAKER)
    return Postman(parts, sender or sender_for(route), circuit=circuit)


async def queue(
    world: World, tenant: TenantProfile, to: str = "ada@example.com", **kw: Any
) -> UUID:
    values = {"name": "Ada", "note": "", "link": SECRET, **kw.pop("values", {})}
    async with world.write(tenant) as tx:
        return await mail.queue(
            tx,
            world.parts.sealer,
            LETTER,
            to=to,
            values=values,
            tables={"lines": [("Skarn 2", "1 × 99,00 €")]},
            **kw,
        )


async def state_of(world: World, tenant: TenantProfile, mail_id: UUID) -> mail.Mail:
    async with world.read(tenant) as tx:
        return await mail.get(tx, mail_id)


async def sealed(world: World, mail_id: UUID) -> Any:
    query: Query[dict[str, Any]] = Query(
        select(mails.c.id, mails.c.sealed_secret), dict, system="test"
    )
    async with world.db.system("test", write=False) as tx:
        return {row["id"]: row["sealed_secret"] for row in await tx.all(query)}[mail_id]


async def test_a_mail_arrives_as_text_and_html_in_the_readers_language(
    world: World, relay: Relay
) -> None:
    tenant = await world.tenant(
        locales=["en", "de"],
        settings={"store_name": "Nordlicht", "mail_reply_to": "help@nordlicht.example"},
    )
    mail_id = await queue(world, tenant, locale="de-AT", values={"note": "5 < 6 & {name}"})
    assert await postman(world, relay.route()).settle() == 1
    ((to, message),) = relay.taken
    assert to == "ada@example.com"
    assert message["Subject"] == "Hallo Ada"
    assert message["From"] == "Nordlicht <no-reply@shop.example>"
    assert message["Reply-To"] == "help@nordlicht.example"
    assert message["Message-ID"] == f"<{mail_id}@shop.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    plain, html = [p.get_content().replace("\r\n", "\n") for p in message.iter_parts()]
    assert "Notiz: 5 < 6 & {name}" in plain
    assert f"Öffnen:\n{SECRET}" in plain
    assert "- Skarn 2: 1 × 99,00 €" in plain
    assert plain.rstrip().endswith("-- \nGesendet von Nordlicht.")
    assert "5 &lt; 6 &amp; {name}" in html
    assert f'href="{SECRET}"' in html
    found = await state_of(world, tenant, mail_id)
    assert found.state == "sent"
    assert [(one.error, one.reply) for one in found.attempts] == [(None, "2.0.0 taken")]


async def test_what_fills_a_mail_is_sealed_and_forgotten_once_it_is_sent(
    world: World, relay: Relay
) -> None:
    tenant = await world.tenant()
    mail_id = await queue(world, tenant)
    before = await sealed(world, mail_id)
    assert before is not None
    assert "s3cr3t" not in before
    await postman(world, relay.route()).settle()
    assert await sealed(world, mail_id) is None
    assert not [e for e in await world.events(tenant) if b"s3cr3t" in bytes(e.data)]


async def test_a_rolled_back_change_sends_no_mail(world: World, relay: Relay) -> None:
    tenant = await world.tenant()
    with pytest.raises(RuntimeError):
        async with world.write(tenant) as tx:
            await mail.queue(
                tx,
                world.parts.sealer,
                LETTER,
                to="ada@example.com",
                values={"name": "Ada", "note": "", "link": SECRET},
                tables={"lines": []},
            )
            raise RuntimeError
    assert await postman(world, relay.route()).settle() == 0


@pytest.mark.parametrize(
    ("said", "error"),
    [("450 4.2.1 later", "smtp_450"), ("hang", "timeout"), ("cut", "connection")],
)
async def test_a_passing_failure_is_tried_again_later_with_the_same_message_id(
    world: World, relay: Relay, said: str, error: str
) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant)
    relay.data = [said]
    worker = postman(world, relay.route(total_seconds=0.4))
    await worker.settle()
    found = await state_of(world, tenant, mail_id)
    assert isinstance(found, mail.QueuedMail)
    assert found.last_error == error
    assert timedelta(seconds=23) < found.next_attempt_at - world.db.now() < timedelta(seconds=37)
    assert await worker.settle() == 0
    clock.forward(seconds=40)
    await worker.settle()
    assert [message["Message-ID"] for _, message in relay.taken] == [f"<{mail_id}@shop.example>"]
    assert (await state_of(world, tenant, mail_id)).state == "sent"


@pytest.mark.parametrize("command", ["rcpt", "data"])
async def test_a_permanent_refusal_is_not_tried_again_by_itself(
    world: World, relay: Relay, command: str
) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant)
    setattr(relay, command, ["550 5.1.1 no such\x7f mailbox"])
    worker = postman(world, relay.route())
    await worker.settle()
    clock.forward(days=3)
    await worker.settle()
    found = await state_of(world, tenant, mail_id)
    assert (found.state, found.last_error, found.attempt_count) == ("failed", "smtp_550", 1)
    assert relay.taken == []
    async with world.write(tenant) as tx:
        await mail.retry(tx, mail_id)
    await worker.settle()
    assert len(relay.taken) == 1


async def test_a_mail_is_given_up_after_ten_attempts_over_a_day(world: World, relay: Relay) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant)
    began = world.db.now()
    relay.data = ["451 later"] * 20
    worker = postman(world, relay.route())
    while isinstance(found := await state_of(world, tenant, mail_id), mail.QueuedMail):
        wait = (found.next_attempt_at - world.db.now()).total_seconds()
        clock.forward(seconds=max(0.0, wait) + 1)
        await worker.settle()
    assert (found.state, found.attempt_count) == ("failed", 10)
    assert timedelta(hours=20) < world.db.now() - began < timedelta(hours=36)


async def test_a_relay_that_hangs_up_after_taking_costs_a_second_sending_at_most(
    world: World, relay: Relay
) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    await queue(world, tenant)
    relay.data = ["cut after"]
    worker = postman(world, relay.route())
    await worker.settle()
    clock.forward(seconds=40)
    await worker.settle()
    # At least once: two copies that say they are the same message.
    assert len({message["Message-ID"] for _, message in relay.taken}) == 1
    assert len(relay.taken) == 2


async def test_a_mail_of_a_process_that_died_is_sent_by_another(world: World, relay: Relay) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant)

    class Dies:
        async def send(self, *_: Any, **__: Any) -> mail.Answer:
            raise asyncio.CancelledError

    await postman(world, relay.route(), sender=Dies()).settle()
    other = postman(world, relay.route())
    assert await other.settle() == 0
    clock.forward(seconds=121)
    await other.settle()
    assert (await state_of(world, tenant, mail_id)).state == "sent"


async def test_several_workers_send_each_mail_once_and_tenants_take_turns(
    world: World, relay: Relay
) -> None:
    flood, small = await world.tenant(), await world.tenant()
    for number in range(20):
        await queue(world, flood, f"flood-{number}@example.com")
    await queue(world, small, "small@example.com")
    relay.pause_seconds = 0.01
    workers = [postman(world, relay.route(concurrency=2)) for _ in range(3)]
    await asyncio.gather(*(worker.settle() for worker in workers))
    sent = [to for to, _ in relay.taken]
    assert len(sent) == len(set(sent)) == 21
    assert sent.index("small@example.com") < 8
    assert 1 < relay.most_at_once <= 6


async def test_the_breaker_opens_when_the_relay_is_away_and_costs_no_attempt(
    world: World, relay: Relay
) -> None:
    tenant = await world.tenant()
    ids = [await queue(world, tenant, f"{number}@example.com") for number in range(12)]
    # Nobody listens on the port of a closed server.
    async with relays.running() as gone:
        route = gone.route(concurrency=1)
    parts = msgspec.structs.replace(world.parts, mail=route)
    circuit = CircuitBreaker("mail-test", BREAKER)
    await Postman(parts, sender_for(route), circuit=circuit).settle()
    assert circuit.state is BreakerState.OPEN
    attempts = [(await state_of(world, tenant, one)).attempt_count for one in ids]
    assert sum(attempts) == 5
    circuit.reset("the relay is back")
    await Postman(parts, sender_for(relay.route()), circuit=circuit).settle()
    assert len(relay.taken) == 7


async def test_a_mail_that_came_too_late_is_not_sent(world: World, relay: Relay) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant, expires_in=timedelta(minutes=10))
    clock.forward(minutes=11)
    await postman(world, relay.route()).settle()
    found = await state_of(world, tenant, mail_id)
    assert (found.state, found.last_error) == ("failed", "expired")
    assert await sealed(world, mail_id) is None
    assert relay.taken == []


async def test_with_mail_off_mails_are_held_and_go_out_on_request(
    world: World, relay: Relay
) -> None:
    tenant = await world.tenant()
    mail_id = await queue(world, tenant)
    await postman(world, MailRoute()).settle()
    assert (await state_of(world, tenant, mail_id)).state == "held"
    worker = postman(world, relay.route())
    assert await worker.settle() == 0
    async with world.write(tenant) as tx:
        await mail.retry(tx, mail_id)
    await worker.settle()
    assert len(relay.taken) == 1


async def test_a_folder_takes_mails_as_files(world: World, tmp_path: Path) -> None:
    tenant = await world.tenant()
    mail_id = await queue(world, tenant)
    await postman(world, MailRoute(folder=tmp_path / "mail")).settle()
    (file,) = (tmp_path / "mail").iterdir()
    assert file.name == f"{mail_id}.eml"
    assert b"Subject: Hello Ada" in file.read_bytes()


async def test_a_suspended_tenant_sends_no_mail(world: World, relay: Relay) -> None:
    tenant = await world.tenant()
    await queue(world, tenant)
    async with world.db.system("test") as tx:
        await tenants.suspend(tx, tenant.id, reason="Unpaid", expected_version=None)
    world.platform.resolver.forget(tenant.id)
    await postman(world, relay.route()).settle()
    assert relay.taken == []


async def test_no_value_breaks_out_of_a_header(world: World, relay: Relay) -> None:
    tenant = await world.tenant(
        settings={
            "store_name": "Evil\r\nBcc: all@example.com",
            "mail_reply_to": "a@example.com\r\nBcc: b@example.com",
            "mail_subject_tests_letter": "{name}\r\nX-Own: 1",
        }
    )
    await queue(
        world, tenant, values={"name": "Ada\r\nBcc: eve@example.com\r\n\r\n<b>", "link": ""}
    )
    await postman(world, relay.route()).settle()
    ((to, message),) = relay.taken
    assert to == "ada@example.com"
    assert message["Bcc"] is None
    assert message["X-Own"] is None
    assert message["Reply-To"] is None
    assert message["Subject"] == "Ada Bcc: eve@example.com <b> X-Own: 1"
    assert str(message["From"].addresses[0].display_name) == "Evil Bcc: all@example.com"


async def test_an_address_with_a_line_end_is_refused_when_it_is_queued(world: World) -> None:
    tenant = await world.tenant()
    for address in ("ada@example.com\r\nBcc: eve@example.com", "ada@example.com, eve@example.com"):
        with pytest.raises(InvalidEmail):
            await queue(world, tenant, address)


async def test_letters_beyond_ascii_in_an_address_are_carried(world: World, relay: Relay) -> None:
    tenant = await world.tenant()
    await queue(world, tenant, "jörg@bücher.example")
    await postman(world, relay.route()).settle()
    assert [to for to, _ in relay.taken] == ["jörg@bücher.example"]


async def test_a_relay_that_needs_a_password_takes_mail_with_the_right_one_only(
    world: World,
) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant)
    async with relays.running(needs_auth=True) as relay:
        await postman(world, relay.route(user="shop", password="wrong")).settle()
        found = await state_of(world, tenant, mail_id)
        assert (found.state, found.last_error) == ("queued", "authentication")
        clock.forward(seconds=40)
        await postman(world, relay.route(user="shop", password="right horse")).settle()
    assert (await state_of(world, tenant, mail_id)).state == "sent"


async def test_starttls_is_insisted_on_and_the_certificate_is_checked(
    world: World, relay: Relay, tmp_path: Path
) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    mail_id = await queue(world, tenant)
    pem = certificate(tmp_path, x509.IPAddress(ipaddress.ip_address("127.0.0.1")))
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(pem)
    plain = relay.route(security="starttls")
    await postman(world, plain).settle()
    assert (await state_of(world, tenant, mail_id)).last_error == "not_supported"
    async with relays.running(tls=serving) as secure:
        route = secure.route(security="starttls")
        clock.forward(minutes=1)
        await postman(world, route).settle()
        assert (await state_of(world, tenant, mail_id)).last_error == "tls"
        clock.forward(minutes=5)
        trusting = SmtpSender(route, tls=ssl.create_default_context(cafile=str(pem)))
        await postman(world, route, sender=trusting).settle()
        assert secure.was_encrypted == [True]
    assert relay.taken == []


async def test_old_mails_are_removed(world: World, relay: Relay) -> None:
    tenant, clock = await world.tenant(), Clock(world)
    await queue(world, tenant)
    clock.forward(days=20)
    await queue(world, tenant)
    clock.forward(days=11)
    assert await purge_old(world.parts) == 1
    async with world.read(tenant) as tx:
        assert len((await mail.list_mails(tx, PageRequest(limit=10))).items) == 1


def test_a_template_whose_languages_ask_for_different_fields_is_refused() -> None:
    with pytest.raises(ValueError, match="other fields"):
        mail.Template(
            "tests.odd",
            {
                "en": mail.MailText(subject="{name}", parts=()),
                "de": mail.MailText(subject="Hallo", parts=()),
            },
        )


def test_an_address_that_is_no_web_address_makes_no_link() -> None:
    rendered = mail.render(
        LETTER,
        LETTER.content({"name": "Ada", "note": "", "link": "javascript:alert(1)"}, {"lines": []}),
        locale="en",
        store="Shop",
        settings={"mail_footer": "<i>{store}</i>"},
    )
    assert not re.search("javascript", rendered.html + rendered.text)
    assert "&lt;i&gt;Shop&lt;/i&gt;" in rendered.html
