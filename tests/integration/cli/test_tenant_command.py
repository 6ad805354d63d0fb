"""`rustok tenant` on both databases: what it does, and what it says to nonsense."""

from __future__ import annotations

import pytest

from tests.integration.cli.conftest import Cli


def test_a_tenant_is_created_and_shown_by_slug_and_id(cli: Cli) -> None:
    made = cli.json(
        *("tenant", "create", "north-shop", "--locale", "de", "--locale", "en"),
        *("--currency", "CHF", "--domain", "Shop.Example.com", "--domain", "www.example.com"),
    )
    assert made["name"] == "North shop"
    assert made["locales"] == ["de", "en"]
    assert made["currencies"] == ["CHF"]
    assert "tenants" in made["modules"]
    assert cli.json("tenant", "show", made["id"]) == cli.json("tenant", "show", "north-shop")
    hosts = cli.json("tenant", "domain", "list", "north-shop")
    assert [(d["host"], d["is_primary"]) for d in hosts] == [
        ("shop.example.com", True),
        ("www.example.com", False),
    ]


def test_all_tenants_are_listed_for_people_and_for_machines(cli: Cli) -> None:
    assert "There is no tenant yet" in cli.ok("tenant", "list").out
    cli.tenant("zebra")
    cli.tenant("acme")
    assert [one["slug"] for one in cli.json("tenant", "list")] == ["acme", "zebra"]
    lines = cli.ok("tenant", "list").out.splitlines()
    assert lines[0].startswith("SLUG")
    assert [line.split()[0] for line in lines[1:]] == ["acme", "zebra"]


@pytest.mark.parametrize(
    ("slug", "rule"),
    [
        ("Acme", "begins with a lower-case letter"),
        ("a'; DROP TABLE tenants", "begins with a lower-case letter"),
        ("../etc", "begins with a lower-case letter"),
        ("<script>", "begins with a lower-case letter"),
        ("x" * 64, "1 to 63 characters"),
        ("admin", "kept for the platform"),
        ("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60", "must not look like an id"),
    ],
)
def test_a_slug_the_api_would_refuse_is_wrong_usage(cli: Cli, slug: str, rule: str) -> None:
    result = cli.run("tenant", "create", slug)
    assert result.code == 2
    assert rule in result.err
    assert cli.json("tenant", "list") == []


@pytest.mark.parametrize(
    ("args", "rule"),
    [
        (("--locale", "english!"), "zh-Hant-TW"),
        (("--currency", "EURO"), "ISO 4217"),
        (("--domain", "not a host"), "host"),
        (("--name", " "), "something visible"),
    ],
)
def test_a_bad_option_of_create_names_its_rule(cli: Cli, args: tuple[str, ...], rule: str) -> None:
    result = cli.run("tenant", "create", "acme", *args)
    assert result.code == 2
    assert args[0] in result.err
    assert rule in result.err


def test_a_taken_slug_or_host_creates_nothing(cli: Cli) -> None:
    cli.ok("tenant", "create", "acme", "--domain", "acme.example.com")
    taken = cli.run("tenant", "create", "acme", "--json")
    assert (taken.code, taken.problem["code"]) == (1, "tenant_slug_taken")
    host = cli.run("tenant", "create", "other", "--domain", "acme.example.com")
    assert host.code == 1
    assert "leads to another tenant" in host.err
    assert [one["slug"] for one in cli.json("tenant", "list")] == ["acme"]


def test_an_update_changes_what_is_named_and_nothing_else(cli: Cli) -> None:
    cli.tenant()
    changed = cli.json(
        *("tenant", "update", "acme", "--name", "Acme GmbH", "--default-locale", "fr"),
        *("--set", "review_required=true", "--set", "page_size=20", "--set", "motto=a=b"),
    )
    assert changed["name"] == "Acme GmbH"
    assert changed["locales"] == ["en", "fr"]
    assert changed["settings"] == {"review_required": True, "page_size": 20, "motto": "a=b"}
    again = cli.json("tenant", "update", "acme", "--unset", "motto", "--currency", "USD")
    assert again["settings"] == {"review_required": True, "page_size": 20}
    assert again["currencies"] == ["USD"]
    assert again["name"] == "Acme GmbH"


@pytest.mark.parametrize(
    "args", [(), ("--set", "novalue"), ("--cors-origin", "shop.example"), ("--currency", "eur")]
)
def test_an_update_with_nothing_or_nonsense_is_wrong_usage(cli: Cli, args: tuple[str, ...]) -> None:
    cli.tenant()
    result = cli.run("tenant", "update", "acme", *args)
    assert result.code == 2
    assert "Error: " in result.err


def test_a_tenant_is_suspended_with_a_reason_and_reactivated(cli: Cli) -> None:
    cli.tenant()
    assert cli.run("tenant", "suspend", "acme").code == 2
    view = cli.json("tenant", "suspend", "acme", "--reason", "Unpaid invoice")
    assert (view["status"], view["suspended_reason"]) == ("suspended", "Unpaid invoice")
    twice = cli.run("tenant", "suspend", "acme", "--reason", "again", "--json")
    assert (twice.code, twice.problem["code"]) == (1, "illegal_transition")
    assert cli.json("tenant", "reactivate", "acme")["status"] == "active"
    assert cli.run("tenant", "suspend", "platform", "--reason", "no").code == 2


def test_a_domain_comes_and_goes(cli: Cli) -> None:
    cli.tenant()
    cli.tenant("other")
    cli.ok("tenant", "domain", "add", "acme", "acme.example.com", "--primary")
    taken = cli.run("tenant", "domain", "add", "other", "acme.example.com")
    assert (taken.code, "in use" in taken.err) == (1, True)
    cli.ok("tenant", "domain", "remove", "acme", "acme.example.com")
    gone = cli.run("tenant", "domain", "remove", "acme", "acme.example.com")
    assert gone.code == 1
    assert "rustok tenant domain list" in gone.err
    assert "No domain" in cli.ok("tenant", "domain", "list", "acme").out


def test_a_locale_is_switched_but_never_the_default_one_off(cli: Cli) -> None:
    cli.tenant()
    assert cli.json("tenant", "locale", "enable", "acme", "zh-hant")["locales"] == ["en", "zh-Hant"]
    assert cli.json("tenant", "locale", "disable", "acme", "zh-Hant")["locales"] == ["en"]
    result = cli.run("tenant", "locale", "disable", "acme", "en")
    assert (result.code, "default locale" in result.err) == (1, True)


def test_modules_are_listed_and_unknown_ones_refused(cli: Cli) -> None:
    cli.tenant()
    rows = {row["slug"]: row for row in cli.json("tenant", "module", "list", "acme")}
    assert rows["tenants"]["always_on"] is True
    cli.ok("tenant", "module", "enable", "acme", "tenants")
    for verb in ("enable", "disable"):
        result = cli.run("tenant", "module", verb, "acme", "teleport")
        assert (result.code, "no module 'teleport'" in result.err) == (1, True)
    always = cli.run("tenant", "module", "disable", "acme", "tenants")
    assert always.code == 1


def test_an_unknown_tenant_is_one_line_with_its_mend(cli: Cli) -> None:
    result = cli.run("tenant", "show", "nobody")
    assert result.code == 1
    assert result.err == ("Error: No tenant has the slug or id 'nobody'. Run: rustok tenant list\n")
