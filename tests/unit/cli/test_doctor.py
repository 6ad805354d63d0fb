"""`rustok doctor`: each check finds its fault and says how to mend it."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

import rustok.cli.doctor  # noqa: F401 - plugs its probe in now, not in the middle of a test
from rustok.cli import doctor_checks as checks
from rustok.cli.doctor_checks import CheckResult, DatabaseFacts, judge_database, use_database_probe
from rustok.cli.main import run
from rustok.server.settings import Settings, load

HEALTHY = DatabaseFacts(server_version="3.45", revision="0003", head="0003")


@pytest.fixture(autouse=True)
def own_folder_and_port(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUSTOK_CONFIG", raising=False)
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        monkeypatch.setenv("RUSTOK_HTTP__PORT", str(probe.getsockname()[1]))
    # Every test begins without a probe, whatever the installed command plugs in.
    monkeypatch.setattr(checks, "_probe", [])


def outcomes(results: Iterable[CheckResult]) -> dict[str, str]:
    return {result.name: result.outcome for result in results}


def only(check: Callable[[Settings], Iterable[CheckResult]], settings: Settings) -> CheckResult:
    (result,) = check(settings)
    return result


def test_a_healthy_deployment_passes(capsys: pytest.CaptureFixture[str]) -> None:
    use_database_probe(lambda _settings: HEALTHY)
    assert run(["doctor"]) == 0
    out = capsys.readouterr().out
    assert "FAIL" not in out
    assert "at head (0003)" in out


def test_without_a_probe_the_database_is_said_to_be_unasked(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run(["doctor", "--json"])
    found = {r["name"]: r["outcome"] for r in json.loads(capsys.readouterr().out)}
    assert found["database"] == "skip"


def test_a_database_that_is_away_gives_exit_3_and_a_mend(
    capsys: pytest.CaptureFixture[str],
) -> None:
    use_database_probe(lambda _settings: DatabaseFacts(error="connection refused"))
    assert run(["doctor"]) == 3
    out = capsys.readouterr().out
    assert "connection refused" in out
    assert "-> Start the database" in out


def test_settings_that_cannot_be_read_are_the_first_thing_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUSTOK_HTTP__PORT", "x")
    assert run(["doctor"]) == 1
    assert "RUSTOK_HTTP__PORT" in capsys.readouterr().out


def test_missing_migrations_and_a_mighty_role_fail() -> None:
    facts = msgspec.structs.replace(HEALTHY, revision="0001", role_bypasses_rls=True)
    results = list(judge_database(Settings(), facts))
    assert outcomes(results) == {"database": "ok", "migrations": "fail", "isolation": "fail"}
    assert any("rustok migrate" in result.mend for result in results)


def test_a_bound_role_passes_and_a_wandering_clock_is_warned_of() -> None:
    facts = msgspec.structs.replace(HEALTHY, role_bypasses_rls=False, clock_skew_seconds=-7.5)
    found = outcomes(judge_database(Settings(), facts))
    assert found["isolation"] == "ok"
    assert found["clock"] == "warn"


def test_a_database_password_is_not_in_the_report() -> None:
    settings = load(None, {"RUSTOK_DATABASE__URL": "postgresql://app:hunter2@db/rustok"})
    results = [
        *judge_database(settings, DatabaseFacts(error="away")),
        *checks.check_database(settings),
    ]
    assert all("hunter2" not in result.detail for result in results)


def test_a_port_in_use_is_found() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        settings = load(None, {"RUSTOK_HTTP__PORT": str(taken.getsockname()[1])})
        result = only(checks.check_port, settings)
    assert result.outcome == "warn"
    assert "in use" in result.detail
    assert only(checks.check_port, settings).outcome == "ok"


def test_a_host_of_another_machine_fails() -> None:
    settings = load(None, {"RUSTOK_HTTP__HOST": "192.0.2.1"})
    assert only(checks.check_port, settings).outcome == "fail"


@pytest.mark.parametrize(
    ("free", "outcome"), [(100 * 2**20, "fail"), (500 * 2**20, "warn"), (2**40, "ok")]
)
def test_a_full_disk_is_found(free: int, outcome: str, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = type("Usage", (), {"free": free})
    monkeypatch.setattr("shutil.disk_usage", lambda _path: usage)
    assert {result.outcome for result in checks.check_disk(Settings())} == {outcome}


def test_a_folder_that_cannot_be_written_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    # The tests may run as root, whom no mode stops, so the answer of the system is replaced.
    monkeypatch.setattr("os.access", lambda _path, _mode: False)
    assert {result.outcome for result in checks.check_disk(Settings())} == {"fail"}


def test_a_clock_before_the_release_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "RELEASED_AT", datetime(9000, 1, 1, tzinfo=UTC))
    assert only(checks.check_clock, Settings()).outcome == "fail"


def test_an_old_sqlite_or_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "SQLITE_MINIMUM", (99, 0, 0))
    monkeypatch.setattr(checks, "PYTHON_MINIMUM", (99, 0))
    assert only(checks.check_sqlite, Settings()).outcome == "fail"
    assert only(checks.check_python, Settings()).outcome == "fail"


def test_unsafe_production_settings_are_failures() -> None:
    settings = load(None, {"RUSTOK_ENVIRONMENT": "production"})
    assert "fail" in {result.outcome for result in checks.check_settings(settings)}


@pytest.mark.parametrize(
    ("facts", "name", "outcome", "mend"),
    [
        ({"pending_events": 0}, "outbox", "ok", ""),
        ({"pending_events": 9, "oldest_pending_seconds": 5.0}, "outbox", "ok", ""),
        (
            {"pending_events": 9, "oldest_pending_seconds": 900.0},
            "outbox",
            "warn",
            "rustok events drain",
        ),
        ({"dead_letters": 0}, "dead letters", "ok", ""),
        ({"dead_letters": 2}, "dead letters", "warn", "rustok events dead-letters list"),
    ],
)
def test_what_waits_in_the_outbox_is_told(
    facts: dict[str, Any], name: str, outcome: str, mend: str
) -> None:
    results = judge_database(load(environ={}), msgspec.structs.replace(HEALTHY, **facts))
    (found,) = [result for result in results if result.name == name]
    assert found.outcome == outcome
    assert mend in found.mend
