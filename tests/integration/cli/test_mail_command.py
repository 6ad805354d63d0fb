"""`rustok mail` on both databases."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID

import pytest

from rustok.core.mail_route import MailRoute
from rustok.core.tenancy import context_for
from rustok.platform.mail import api as mail
from rustok.platform.mail.service.postman import Postman
from rustok.platform.mail.service.testing import TEST
from rustok.server.platform import Platform
from tests.integration.cli.conftest import Cli


def held(cli: Cli, tenant: Any) -> str:
    """A mail that is held because mail is off."""

    async def main() -> str:
        platform = Platform(cli.settings)
        await platform.open()
        try:
            profile = await platform.resolver.profile_of(UUID(tenant["id"]))
            async with platform.db.write(context_for(profile)) as tx:
                mail_id = await mail.queue(
                    tx,
                    platform.parts.sealer,
                    TEST,
                    to="ada@example.com",
                    values={"recipient": "s3cr3t"},
                )
            assert platform.parts.mail == MailRoute()
            await Postman(platform.parts, None).settle()
            return str(mail_id)
        finally:
            await platform.close()

    return asyncio.run(main())


def test_a_held_mail_is_listed_shown_and_sent_after_all(cli: Cli) -> None:
    mail_id = held(cli, cli.tenant())
    (listed,) = cli.json("mail", "list", "--tenant", "acme", "--status", "held")
    assert (listed["id"], listed["template"]) == (mail_id, "mail.test")
    shown = cli.ok("mail", "show", "--tenant", "acme", mail_id).out
    assert "ada@example.com" in shown
    assert "s3cr3t" not in shown
    assert cli.json("mail", "retry", "--tenant", "acme", mail_id)["status"] == "queued"
    assert cli.run("mail", "retry", "--tenant", "acme", mail_id, "--json").problem["code"] == (
        "illegal_transition"
    )


def test_a_test_message_tells_what_is_wrong(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, unused_tcp_port: int
) -> None:
    cli.tenant()
    arguments = ("mail", "test", "--tenant", "acme", "--to", "ada@example.com", "--json")
    off = cli.run(*arguments)
    assert (off.code, off.problem["code"]) == (3, "test_mail_failed")
    monkeypatch.setenv("RUSTOK_MAIL__HOST", "127.0.0.1")
    monkeypatch.setenv("RUSTOK_MAIL__PORT", str(unused_tcp_port))
    away = cli.run(*arguments)
    assert away.code == 3
    assert "connection" in away.problem["detail"]


def test_a_test_message_is_written_to_the_folder(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Any
) -> None:
    cli.tenant()
    monkeypatch.setenv("RUSTOK_MAIL__FOLDER", str(tmp_path / "mail"))
    cli.ok("mail", "test", "--tenant", "acme", "--to", "ada@example.com")
    (file,) = (tmp_path / "mail").iterdir()
    assert b"To: ada@example.com" in file.read_bytes()
