"""`rustok user` and `rustok apikey` on both databases."""

from __future__ import annotations

import asyncio
import io
from uuid import UUID

import pytest

from rustok.core.tenancy import PLATFORM_TENANT_ID, Actor, context_for
from rustok.platform.identity import api as identity
from rustok.server.platform import Platform
from tests.integration.cli.conftest import Cli

PASSWORD = "correct horse battery staple"
ID = "0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60"


def typed(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(text))


def signs_in(cli: Cli, tenant_id: UUID, email: str, password: str) -> bool:
    async def main() -> bool:
        platform = Platform(cli.settings)
        await platform.open()
        try:
            profile = await platform.resolver.profile_of(tenant_id)
            ctx = context_for(profile, actor=Actor(kind="anonymous"))
            await identity.login(platform.parts, ctx, email=email, password=password)
        except identity.InvalidCredentials:
            return False
        finally:
            await platform.close()
        return True

    return asyncio.run(main())


def test_a_created_user_can_sign_in_with_the_password_from_stdin(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = cli.tenant()
    typed(monkeypatch, f"{PASSWORD}\nnot this line\n")
    made = cli.json(
        *("user", "create", "--tenant", "acme", "--email", "Ada@example.com"),
        *("--role", "editor", "--role", "support", "--name", "Ada", "--password-stdin"),
    )
    assert made["roles"] == ["editor", "support"]
    assert "password" not in made
    assert signs_in(cli, UUID(tenant["id"]), "ada@example.com", PASSWORD)


def test_a_generated_password_is_shown_once_and_works(cli: Cli) -> None:
    tenant = cli.tenant()
    args = ("user", "create", "--tenant", tenant["id"], "--email", "a@example.com", "--generate")
    made = cli.json(*args)
    assert made["roles"] == ["admin"]
    assert signs_in(cli, UUID(tenant["id"]), "a@example.com", made["password"])
    listed = cli.ok("user", "list", "--tenant", "acme", "--json")
    assert made["password"] not in listed.out
    assert "password" not in listed.data[0]
    again = cli.run(*args)
    assert (again.code, "e-mail address" in again.err) == (1, True)


def test_platform_staff_live_in_the_reserved_tenant_which_is_made_for_them(cli: Cli) -> None:
    base = ("user", "create", "--platform", "--generate", "--email")
    assert cli.json(*base, "one@example.com")["roles"] == ["super_admin"]
    made = cli.json(*base, "two@example.com")
    assert signs_in(cli, PLATFORM_TENANT_ID, "two@example.com", made["password"])
    assert [u["email"] for u in cli.json("user", "list", "--platform")] == [
        "one@example.com",
        "two@example.com",
    ]
    assert cli.json("tenant", "show", "platform")["slug"] == "platform"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((), "--tenant REF or --platform"),
        (("--tenant", "acme", "--platform"), "one of them"),
        (("--tenant", "acme", "--email", "nonsense"), "--email"),
        (("--tenant", "..", "--email", "a@example.com"), "begins with a lower-case letter"),
        (("--tenant", "acme", "--email", "a@example.com"), "no terminal to ask on"),
        (
            ("--tenant", "acme", "--email", "a@example.com", "--generate", "--password-stdin"),
            "not both",
        ),
    ],
)
def test_nonsense_makes_no_user(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, args: tuple[str, ...], said: str
) -> None:
    typed(monkeypatch, PASSWORD)
    given = args if "--email" in args else (*args, "--email", "a@example.com")
    result = cli.run("user", "create", *given)
    assert result.code == 2
    assert said in result.err


@pytest.mark.parametrize("password", ["", "short", "password123", "aaaaaaaaaaaa"])
def test_a_weak_password_is_refused_and_not_repeated(
    cli: Cli, monkeypatch: pytest.MonkeyPatch, password: str
) -> None:
    cli.tenant()
    typed(monkeypatch, password + "\n")
    result = cli.run(
        *("user", "create", "--tenant", "acme", "--email", "a@example.com", "--password-stdin")
    )
    assert result.code == 2
    assert not password or password not in result.err
    assert cli.json("user", "list", "--tenant", "acme") == []


def test_a_role_nobody_knows_or_of_the_platform_is_refused(cli: Cli) -> None:
    cli.tenant()
    base = ("user", "create", "--tenant", "acme", "--email", "a@example.com", "--generate")
    for role in ("wizard", "super_admin"):
        result = cli.run(*base, "--role", role)
        assert result.code == 1
        assert role in result.err


def test_a_user_is_disabled_enabled_and_given_a_new_password(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant_id = UUID(cli.tenant()["id"])
    email, whose = "a@example.com", ("--tenant", "acme")
    made = cli.json("user", "create", *whose, "--email", email, "--generate")
    assert cli.json("user", "disable", email, *whose)["is_disabled"] is True
    assert not signs_in(cli, tenant_id, email, made["password"])
    assert cli.json("user", "enable", made["id"], *whose)["is_disabled"] is False
    assert signs_in(cli, tenant_id, email, made["password"])
    typed(monkeypatch, PASSWORD)
    cli.ok("user", "reset-password", email, *whose, "--password-stdin")
    assert not signs_in(cli, tenant_id, email, made["password"])
    assert signs_in(cli, tenant_id, email, PASSWORD)


def test_a_user_of_another_tenant_is_nobody_here(cli: Cli) -> None:
    cli.tenant("acme")
    cli.tenant("other")
    made = cli.json("user", "create", "--tenant", "acme", "--email", "a@example.com", "--generate")
    for who in ("a@example.com", made["id"]):
        for command in (("disable",), ("enable",), ("reset-password", "--generate")):
            result = cli.run("user", *command, who, "--tenant", "other", "--json")
            assert (result.code, result.problem["code"]) == (1, "user_unknown")


@pytest.mark.parametrize("who", ["ada", "@", "a@", "1234", "00000000-0000-0000-0000-000000000000"])
def test_a_name_that_is_neither_email_nor_id_is_wrong_usage(cli: Cli, who: str) -> None:
    cli.tenant()
    assert cli.run("user", "disable", who, "--tenant", "acme").code == 2


def test_an_api_key_shows_its_secret_once_and_can_be_revoked(cli: Cli) -> None:
    cli.tenant()
    whose = ("--tenant", "acme")
    made = cli.json(
        *("apikey", "create", *whose, "--name", "ERP", "--permission", "orders:read"),
        *("--permission", "inventory:*", "--expires-days", "30"),
    )
    assert made["secret"].startswith(made["prefix"])
    assert made["permissions"] == ["inventory:*", "orders:read"]
    listed = cli.ok("apikey", "list", *whose, "--json")
    assert made["secret"] not in listed.out
    assert listed.data[0]["revoked_at"] is None
    cli.ok("apikey", "revoke", made["id"], *whose)
    cli.ok("apikey", "revoke", made["id"], *whose)
    (key,) = cli.json("apikey", "list", *whose)
    assert key["revoked_at"] is not None
    assert "ERP" in cli.ok("apikey", "list", *whose).out


@pytest.mark.parametrize(
    ("args", "code"),
    [
        (("create", "--name", "x"), 2),
        (("create", "--name", "x", "--permission", "orders"), 2),
        (("create", "--name", "x", "--permission", "orders:explode"), 2),
        (("create", "--name", "x", "--permission", "orders:read", "--expires-days", "0"), 2),
        (("create", "--name", "x", "--permission", "tenants:create"), 1),
        (("revoke", "not-an-id"), 2),
        (("revoke", ID), 1),
    ],
)
def test_nonsense_makes_or_ends_no_key(cli: Cli, args: tuple[str, ...], code: int) -> None:
    cli.tenant()
    result = cli.run("apikey", *args, "--tenant", "acme")
    assert result.code == code
    assert "Error: " in result.err
    assert cli.json("apikey", "list", "--tenant", "acme") == []
