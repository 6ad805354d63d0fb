"""`rustok tenant erase` on both databases: all of one tenant goes, and nothing of another."""

from __future__ import annotations

from tests.integration.cli.conftest import Cli


def test_a_served_tenant_is_not_erased(cli: Cli) -> None:
    cli.tenant("acme")
    result = cli.run("tenant", "erase", "acme", "--confirm", "acme")
    assert result.code != 0
    assert "suspend" in result.err
    assert cli.json("tenant", "show", "acme")["status"] == "active"


def test_the_slug_must_be_repeated(cli: Cli) -> None:
    cli.tenant("acme")
    cli.ok("tenant", "suspend", "acme", "--reason", "Contract ended")
    result = cli.run("tenant", "erase", "acme", "--confirm", "other")
    assert result.code == 2
    assert cli.json("tenant", "show", "acme")["status"] == "suspended"


def test_the_platform_is_not_erased(cli: Cli) -> None:
    assert cli.run("tenant", "erase", "platform", "--confirm", "platform").code == 2


def test_an_erased_tenant_is_unknown_and_its_slug_and_host_are_free(cli: Cli) -> None:
    cli.json("tenant", "create", "acme", "--domain", "acme.example.com")
    cli.ok("tenant", "suspend", "acme", "--reason", "Contract ended")
    done = cli.json("tenant", "erase", "acme", "--confirm", "acme")
    assert done["slug"] == "acme"
    assert done["rows"]["tenant_domains"] == 1
    assert cli.run("tenant", "show", "acme").code != 0
    assert cli.run("tenant", "erase", "acme", "--confirm", "acme").code != 0
    cli.json("tenant", "create", "acme", "--domain", "acme.example.com")
    cli.ok("audit", "events", "--only", "database")
    cli.ok("audit", "verify")
