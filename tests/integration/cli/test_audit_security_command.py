"""`rustok audit security` over settings, files, code and the running database at once."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.integration.cli.conftest import Cli

PRODUCTION = {
    "ENVIRONMENT": "production",
    "HTTP__PUBLIC_URL": "https://shop.example",
    "SECURITY__SECRET_KEY": "kJ8s-2hQz91LmXv0aPtYwEr7CbNu4DfGqT5oZi3S",
    "DATABASE__SQLITE_SYNCHRONOUS": "FULL",
}
WEAK = {
    "DEBUG": "true",
    "HTTP__CORS": "*",
    "RATE_LIMITS__ENABLED": "false",
    "WEBHOOKS__ALLOW_PRIVATE": "true",
    "AUDIT__RETENTION_DAYS": "7",
}
COMMAND = ("audit", "security", "--production", "--fail-on", "low")


@pytest.fixture
def production(cli: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Cli:
    tmp_path.chmod(0o700)
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(f"RUSTOK_{name}", value)
    return cli


def test_nothing_is_found_in_the_production_profile_over_its_database(production: Cli) -> None:
    only = ("--only", "settings", "--only", "database")  # what stands in code has tests of its own
    production.tenant()
    found = production.json(*COMMAND, *only)
    assert (found["findings"], found["score"]) == ([], 100)
    assert found["checked"]["guarded tables"] == 3
    if not production.settings.database.url.is_sqlite:
        assert found["checked"]["tables"] > 40
        assert found["not_checked"] == []


@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_seeded_weaknesses_are_in_the_text_the_json_and_the_sarif(
    production: Cli, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    production.tenant()  # before the settings are too weak to begin with
    owner = str(production.settings.database.url).replace("rustok_app@", "postgres@")
    monkeypatch.setenv("RUSTOK_DATABASE__URL", owner)
    for name, value in WEAK.items():
        monkeypatch.setenv(f"RUSTOK_{name}", value)
    result = production.run(
        *COMMAND, "--only", "settings", "--only", "database", "--sarif", "out.sarif", "--json"
    )
    assert result.code == 1
    found = {one["check"] for one in result.data["findings"]}
    assert found >= {
        "database.role_powers",
        "settings.debug",
        "settings.cors",
        "settings.rate_limits",
        "settings.webhooks_private",
        "settings.audit_retention",
    }
    run = json.loads((tmp_path / "out.sarif").read_text("utf-8"))["runs"][0]
    assert {one["ruleId"] for one in run["results"]} == found
    text = production.run(*COMMAND, "--only", "settings", "--only", "database").out
    assert all(name in text for name in found)
