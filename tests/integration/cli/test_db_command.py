"""`rustok db` on both databases; the partitions themselves are proven by `test_partitioning`."""

from __future__ import annotations

import pytest

from rustok.server.settings import DatabaseUrl
from tests.integration.cli.conftest import Cli


@pytest.fixture
def owner_cli(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """On PostgreSQL as the owner of the tables, who is the superuser there."""
    url = cli.settings.database.url
    if not url.is_sqlite:
        owner = DatabaseUrl(url.replace("rustok_app@", "postgres@"))
        monkeypatch.setenv("RUSTOK_DATABASE__OWNER_URL", str(owner))
    return cli


def test_tables_are_listed_with_what_keeps_them_whole(owner_cli: Cli, database_kind: str) -> None:
    if database_kind == "sqlite":
        refused = owner_cli.run("db", "tables", "--json")
        assert refused.problem["code"] == "partitioning_refused"
        return
    found = {one["table"]: one for one in owner_cli.json("db", "tables")}
    assert (found["orders"]["partitions"], found["orders"]["obstacles"]) == (0, [])
    assert "unique over all tenants" in found["outbox"]["obstacles"][0]
    assert "no: it has no tenant_id" in owner_cli.ok("db", "tables").out


def test_a_dry_run_shows_statements_that_keep_the_policies(
    owner_cli: Cli, database_kind: str
) -> None:
    run = ("db", "partition", "--tables", "orders, order_lines", "--partitions", "2", "--dry-run")
    if database_kind == "sqlite":
        assert owner_cli.run(*run).code != 0
        return
    told = owner_cli.ok(*run).out
    assert "CREATE POLICY orders_tenant ON orders_p2_1 " in told
    assert "ALTER TABLE order_lines FORCE ROW LEVEL SECURITY;" in told
    found = {one["table"]: one["partitions"] for one in owner_cli.json("db", "tables")}
    assert found["orders"] == found["order_lines"] == 0


def test_what_is_wanted_must_be_said_plainly(owner_cli: Cli) -> None:
    for wrong in (
        ("--tables", "orders"),
        ("--tables", "orders", "--partitions", "4", "--undo"),
        ("--tables", " , ", "--undo"),
        ("--tables", "orders", "--partitions", "1"),
        ("--partitions", "4"),
    ):
        assert owner_cli.run("db", "partition", *wrong).code == 2, wrong
