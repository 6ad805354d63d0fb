"""`rustok doctor` asks a real database of each kind."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from rustok.server import migrations
from tests.integration.cli.conftest import Cli


@pytest.fixture(autouse=True)
def free_port(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RUSTOK_HTTP__PORT", str(taken.getsockname()[1]))


def outcomes(cli: Cli) -> dict[str, tuple[str, str]]:
    rows = cli.run("doctor", "--json").data
    return {row["name"]: (row["outcome"], row["detail"]) for row in rows}


def test_a_healthy_database_passes_every_check(cli: Cli) -> None:
    found = outcomes(cli)
    assert found["database"][0] == "ok"
    assert found["migrations"] == ("ok", "at head (0001)")
    assert found["outbox"] == ("ok", "0 event(s) wait")
    assert found["dead letters"] == ("ok", "none")
    if cli.settings.database.url.is_sqlite:
        assert "SQLite" in found["database"][1]
    else:
        assert "PostgreSQL" in found["database"][1]
        assert found["isolation"][0] == "ok"
    cli.tenant()
    assert outcomes(cli)["outbox"] == ("ok", "1 event(s) wait")


def test_a_role_that_owns_the_tables_is_found(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    if cli.settings.database.url.is_sqlite:
        pytest.skip("SQLite has no roles")
    owner = str(cli.settings.database.url).replace("rustok_app@", "postgres@")
    monkeypatch.setenv("RUSTOK_DATABASE__URL", owner)
    assert outcomes(cli)["isolation"][0] == "fail"


def test_another_revision_is_told_and_the_outbox_not_asked(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrations, "head", lambda: "0002")
    found = outcomes(cli)
    assert found["migrations"][0] == "fail"
    assert "outbox" not in found


def test_a_database_that_does_not_answer_is_exit_3(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("URL", "SYSTEM_URL"):
        monkeypatch.setenv(
            f"RUSTOK_DATABASE__{name}", "postgresql://rustok_app:hunter2@127.0.0.1:9/none"
        )
    result = cli.run("doctor")
    assert result.code == 3
    assert "FAIL  database" in result.out
    assert "hunter2" not in result.out + result.err


def test_a_sqlite_file_that_is_not_there_is_not_made(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RUSTOK_DATABASE__URL", f"sqlite:///{tmp_path}/new/rustok.sqlite3")
    monkeypatch.setenv("RUSTOK_DATABASE__SYSTEM_URL", "")
    assert outcomes(cli)["migrations"][0] == "fail"
    assert not (tmp_path / "new").exists()
    broken = tmp_path / "broken.sqlite3"
    broken.write_text("this is no database, it is a letter to my mother " * 50, "utf-8")
    monkeypatch.setenv("RUSTOK_DATABASE__URL", f"sqlite:///{broken}")
    assert outcomes(cli)["database"][0] == "fail"
