"""The checks of `rustok doctor`, each from settings to results with a mend; they print nothing.

What only a database can tell comes in as `DatabaseFacts` from the probe that is plugged in with
`use_database_probe`, so that this file speaks no SQL.
"""

from __future__ import annotations

import errno
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from rustok.server.settings import Settings
from rustok.server.settings.safety import check_production

Outcome = Literal["ok", "warn", "fail", "skip"]

PYTHON_MINIMUM: Final = (3, 11)
# STRICT tables came with 3.37.0; upserts with RETURNING before it.
SQLITE_MINIMUM: Final = (3, 37, 0)
DISK_FAIL_BYTES: Final = 200 * 1024 * 1024
DISK_WARN_BYTES: Final = 1024 * 1024 * 1024
# No machine with a right clock is before the first release.
RELEASED_AT: Final = datetime(2026, 1, 1, tzinfo=UTC)
CLOCK_SKEW_WARN_SECONDS: Final = 2.0
# A relay that works delivers within seconds; a retry waits a minute at most.
PENDING_WARN_SECONDS: Final = 300.0


class CheckResult(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the report; `unavailable` says the failure is a service that does not answer."""

    name: str
    outcome: Outcome
    detail: str
    mend: str = ""
    unavailable: bool = False


class DatabaseFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a probe found; a None means it could not find out or the database has no such thing.

    `clock_skew_seconds` is the database's clock minus ours. `pending_events` and
    `oldest_pending_seconds` are the outbox's, asked only at the newest revision.
    """

    error: str | None = None
    server_version: str | None = None
    revision: str | None = None
    head: str | None = None
    role_bypasses_rls: bool | None = None
    clock_skew_seconds: float | None = None
    pending_events: int | None = None
    oldest_pending_seconds: float | None = None
    dead_letters: int | None = None


Check = Callable[[Settings], Iterable[CheckResult]]
DatabaseProbe = Callable[[Settings], DatabaseFacts]

_probe: list[DatabaseProbe] = []


def use_database_probe(probe: DatabaseProbe | None) -> None:
    """Plug in what asks the database; None takes it out."""
    _probe[:] = [] if probe is None else [probe]


def checks_of_host() -> tuple[Check, ...]:
    return (check_python, check_settings, check_sqlite, check_clock, check_disk, check_port)


def checks_of_database() -> tuple[Check, ...]:
    return (check_database,)


def check_python(_settings: Settings) -> Iterable[CheckResult]:
    found = sys.version_info[:3]
    text = ".".join(map(str, found))
    if found[:2] < PYTHON_MINIMUM:
        mend = "Install Python 3.11 or newer and run make install again."
        yield CheckResult(name="python", outcome="fail", detail=f"{text} is too old", mend=mend)
    else:
        yield CheckResult(name="python", outcome="ok", detail=text)


def check_settings(settings: Settings) -> Iterable[CheckResult]:
    findings = check_production(settings)
    if not settings.is_production:
        refused = sum(finding.severity == "refuse" for finding in findings)
        detail = f"development; {refused} setting(s) to change before production"
        yield CheckResult(name="settings", outcome="ok", detail=detail)
        return
    if not findings:
        yield CheckResult(name="settings", outcome="ok", detail="production")
    for finding in findings:
        outcome: Outcome = "fail" if finding.severity == "refuse" else "warn"
        detail = f"{finding.key}: {finding.problem}"
        yield CheckResult(name="settings", outcome=outcome, detail=detail, mend=finding.mend)


def check_sqlite(settings: Settings) -> Iterable[CheckResult]:
    if not settings.database.url.is_sqlite:
        return
    version = sqlite3.sqlite_version
    if sqlite3.sqlite_version_info < SQLITE_MINIMUM:
        mend = "Use a Python whose sqlite3 module has SQLite 3.37 or newer."
        yield CheckResult(name="sqlite", outcome="fail", detail=f"{version} is too old", mend=mend)
        return
    with sqlite3.connect(":memory:") as connection:
        options = {row[0] for row in connection.execute("PRAGMA compile_options")}
    if "ENABLE_FTS5" not in options:
        mend = "Use a Python whose SQLite was built with FTS5; search needs it."
        yield CheckResult(name="sqlite", outcome="fail", detail="FTS5 is missing", mend=mend)
    else:
        yield CheckResult(name="sqlite", outcome="ok", detail=f"{version} with FTS5")


def check_clock(_settings: Settings) -> Iterable[CheckResult]:
    now = datetime.now(UTC)
    if now < RELEASED_AT:
        detail = f"the clock says {now:%Y-%m-%d}, before this program was released"
        mend = "Switch on time synchronisation (timedatectl set-ntp true)."
        yield CheckResult(name="clock", outcome="fail", detail=detail, mend=mend)
    else:
        yield CheckResult(name="clock", outcome="ok", detail=f"{now:%Y-%m-%d %H:%M:%S} UTC")


def data_folders(settings: Settings) -> list[Path]:
    """The folders this deployment writes to, without repetition."""
    file = settings.database.url.sqlite_path
    wanted = [settings.media.root, *([file.parent] if file else [])]
    return sorted({folder.absolute() for folder in wanted})


def existing_parent(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder


def check_disk(settings: Settings) -> Iterable[CheckResult]:
    for folder in data_folders(settings):
        place = existing_parent(folder)
        if not os.access(place, os.W_OK):
            mend = f"Let the user of this process write there: chown or chmod {place}."
            detail = f"{folder} is not writable"
            yield CheckResult(name="disk", outcome="fail", detail=detail, mend=mend)
            continue
        free = shutil.disk_usage(place).free
        detail = f"{free // 2**20:,} MiB free at {folder}"
        mend = "Free some space or move database.url and media.root to a larger disk."
        outcome: Outcome = "ok"
        if free < DISK_WARN_BYTES:
            outcome = "fail" if free < DISK_FAIL_BYTES else "warn"
        yield CheckResult(name="disk", outcome=outcome, detail=detail, mend=mend)


def check_port(settings: Settings) -> Iterable[CheckResult]:
    host, port = settings.http.host, settings.http.port
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as listener:
        # As the server does: a port in TIME_WAIT is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((host, port))
        except OSError as error:
            taken = error.errno == errno.EADDRINUSE
            why = "is in use, perhaps by a running rustok" if taken else f"{error.strerror}"
            mend = "Stop the other program or set http.port and http.host (RUSTOK_HTTP__PORT)."
            outcome: Outcome = "warn" if taken else "fail"
            detail = f"{host}:{port} {why}"
            yield CheckResult(name="port", outcome=outcome, detail=detail, mend=mend)
            return
    yield CheckResult(name="port", outcome="ok", detail=f"{host}:{port} is free")


def check_database(settings: Settings) -> Iterable[CheckResult]:
    if not _probe:
        detail = f"{settings.database.url.masked()} was not asked: no probe is plugged in"
        yield CheckResult(name="database", outcome="skip", detail=detail)
        return
    facts = _probe[0](settings)
    yield from judge_database(settings, facts)


def judge_database(settings: Settings, facts: DatabaseFacts) -> Iterable[CheckResult]:
    """Results from facts; the rules alone, so that they are tested without a database."""
    address = settings.database.url.masked()
    if facts.error is not None:
        mend = "Start the database or correct database.url (RUSTOK_DATABASE__URL)."
        detail = f"{address}: {facts.error}"
        yield CheckResult(
            name="database", outcome="fail", detail=detail, mend=mend, unavailable=True
        )
        return
    detail = f"{address} {facts.server_version or ''}".rstrip()
    yield CheckResult(name="database", outcome="ok", detail=detail)
    if facts.revision == facts.head:
        detail = f"at head ({facts.head})"
        yield CheckResult(name="migrations", outcome="ok", detail=detail)
    else:
        detail = f"at {facts.revision or 'nothing'}, head is {facts.head}"
        mend = "Run: rustok migrate"
        yield CheckResult(name="migrations", outcome="fail", detail=detail, mend=mend)
    if facts.role_bypasses_rls is not None:
        yield _judge_role(facts.role_bypasses_rls)
    skew = facts.clock_skew_seconds
    if skew is not None and abs(skew) > CLOCK_SKEW_WARN_SECONDS:
        mend = "Switch on time synchronisation on both machines."
        detail = f"the database's clock differs by {skew:+.1f} s"
        yield CheckResult(name="clock", outcome="warn", detail=detail, mend=mend)
    if facts.pending_events is not None:
        yield _judge_outbox(facts.pending_events, facts.oldest_pending_seconds or 0.0)
    if facts.dead_letters is not None:
        yield _judge_dead_letters(facts.dead_letters)


def _judge_outbox(pending: int, oldest_seconds: float) -> CheckResult:
    if pending and oldest_seconds > PENDING_WARN_SECONDS:
        return CheckResult(
            name="outbox",
            outcome="warn",
            detail=f"{pending:,} event(s) wait, the oldest for {oldest_seconds / 60:.0f} minutes",
            mend="Start rustok serve or rustok worker, or run: rustok events drain",
        )
    return CheckResult(name="outbox", outcome="ok", detail=f"{pending:,} event(s) wait")


def _judge_dead_letters(count: int) -> CheckResult:
    if count:
        return CheckResult(
            name="dead letters",
            outcome="warn",
            detail=f"{count:,} event(s) could not be applied",
            mend="Run: rustok events dead-letters list",
        )
    return CheckResult(name="dead letters", outcome="ok", detail="none")


def _judge_role(bypasses: bool) -> CheckResult:
    if bypasses:
        return CheckResult(
            name="isolation",
            outcome="fail",
            detail="the role of database.url bypasses row-level security",
            mend="Use the role rustok_app: no superuser, no BYPASSRLS, owner of nothing.",
        )
    return CheckResult(name="isolation", outcome="ok", detail="row-level security binds the role")
