"""`rustok index rebuild` on both databases."""

from __future__ import annotations

from tests.integration.cli.conftest import Cli


def test_all_indexes_of_all_tenants_are_rebuilt(cli: Cli) -> None:
    cli.ok("tenant", "create", "nordlicht")
    cli.ok("tenant", "create", "kante")
    rebuilt = cli.json("index", "rebuild", "--all")
    assert [(one["tenant"], one["index"]) for one in rebuilt] == [
        ("kante", "products"),
        ("kante", "nodes"),
        ("nordlicht", "products"),
        ("nordlicht", "nodes"),
    ]
    one = cli.ok("index", "rebuild", "--tenant", "kante", "--only", "nodes", "--restart")
    assert one.out == "kante: nodes rebuilt, 0 of 0 differed.\n"


def test_a_tenant_must_be_named_and_known(cli: Cli) -> None:
    assert cli.run("index", "rebuild").code == 2
    assert cli.run("index", "rebuild", "--all", "--tenant", "x1").code == 2
    assert cli.run("index", "rebuild", "--tenant", "nobody").code == 1
