"""`rustok audit`: the audit log, and checks of the code and the database for promises that are not kept.

It mends nothing; exit 1 means that something is broken, or, with seeded data, that it was found.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Final, get_args

import click

from rustok.cli import audit_log, doctor_database
from rustok.cli.invocation import EXIT_FAILED, Invocation, to_json
from rustok.cli.session import with_platform
from rustok.server.audit.events_code import audit_code
from rustok.server.audit.events_database import audit_database
from rustok.server.audit.findings import Report
from rustok.server.audit.security import (
    Half,
    Part,
    categories_of,
    code_half,
    database_half,
    joined,
    sarif,
    settings_half,
)
from rustok.server.audit.security_database import audit_running
from rustok.server.audit.security_rules import (
    CHECKS,
    SEVERITIES,
    SecurityReport,
    Severity,
    at_least,
)
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from rustok.server.settings.loading import CONFIG_VARIABLE, DEFAULT_FILE

WORKERS_GRACE: Final = timedelta(minutes=10)
"""With JetStream an event is published before it is applied; so long that is no finding."""

EPILOG = """\b
Examples:
  rustok audit events
  rustok audit events --only code
  rustok --json audit events --only database"""

SECURITY_EPILOG = """\b
Examples:
  rustok audit security --production
  rustok audit security --only code --fail-on low
  rustok audit security --sarif security.sarif
  rustok --json audit security --only settings"""


@click.group()
def audit() -> None:
    """Read and verify the audit log; check that the promises about events are kept."""


for command in (audit_log.list_records, audit_log.verify, audit_log.export, audit_log.checkpoint):
    audit.add_command(command)


@audit.command(epilog=EPILOG)
@click.option("--only", type=click.Choice(["code", "database"]), help="One half; default: both.")
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the package to read; default: this program's own.",
)
@click.pass_obj
def events(invocation: Invocation, only: str | None, source: Path | None) -> None:
    """Check that every change is announced, once, by the outbox.

    The code half needs no database. Exit 1 if anything is found.
    """
    reports: list[Report] = []
    if only != "database":
        reports.append(audit_code(source))
    if only != "code":
        reports.append(with_platform(invocation, _database))
    invocation.emit(reports, lambda: "\n\n".join(_text(one) for one in reports))
    if any(report.findings for report in reports):
        click.get_current_context().exit(EXIT_FAILED)


async def _database(platform: Platform) -> Report:
    settings = platform.settings.events
    async with platform.db.system("the audit of events", write=False) as tx:
        return await audit_database(
            tx,
            platform.modules.consumers,
            retention=timedelta(days=settings.retention_days),
            grace=WORKERS_GRACE if settings.transport == "jetstream" else timedelta(0),
        )


def _text(report: Report) -> str:
    looked = ", ".join(f"{count} {what}" for what, count in report.checked.items())
    lines = [f"{report.half.capitalize()}: {looked}."]
    lines += [f"  {one.rule}: {one.place}: {one.message}" for one in report.findings]
    lines.append(f"  {len(report.findings)} finding(s).")
    if report.excuses:
        lines.append(f"  {len(report.excuses)} exception(s) with a reason:")
        lines += [f"    {one.place}: {one.reason}" for one in report.excuses]
    if report.not_derivable:
        lines.append("  Not checked:")
        lines += [f"    {what}" for what in report.not_derivable]
    return "\n".join(lines)


@audit.command(epilog=SECURITY_EPILOG)
@click.option("--only", type=click.Choice(get_args(Part)), multiple=True, help="Default: all.")
@click.option("--production", is_flag=True, help="Judge the settings as a production start does.")
@click.option(
    "--fail-on",
    type=click.Choice(SEVERITIES),
    default="high",
    show_default=True,
    help="Exit 1 with a finding this bad or worse.",
)
@click.option(
    "--sarif",
    "sarif_file",
    type=click.Path(path_type=Path, dir_okay=False, writable=True),
    help="Write the findings there, too, as SARIF 2.1.0.",
)
@click.option(
    "--source",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Folder of the package to read; default: this program's own.",
)
@click.pass_obj
def security(
    invocation: Invocation,
    only: tuple[Part, ...],
    production: bool,
    fail_on: Severity,
    sarif_file: Path | None,
    source: Path | None,
) -> None:
    """Look for weaknesses in settings, database and code, by the OWASP Top 10 of 2021 and 2025.

    The code half needs no settings and no database. Exit 1 if something as bad as --fail-on is found.
    """
    parts = only or get_args(Part)
    halves = [code_half(source)] if "code" in parts else []
    if "settings" in parts or "database" in parts:
        settings = invocation.settings()
        strict = production or settings.is_production
        if "settings" in parts:
            config = invocation.config or Path(os.environ.get(CONFIG_VARIABLE, DEFAULT_FILE))
            halves.append(settings_half(settings, config, production=strict))
        if "database" in parts:
            halves.append(_database_half(settings, production=strict))
    report = joined(halves)
    if sarif_file is not None:
        sarif_file.write_text(to_json(sarif(report)) + "\n", "utf-8")
    invocation.emit(report, lambda: _security_text(report))
    if at_least(report.findings, fail_on):
        click.get_current_context().exit(EXIT_FAILED)


def _database_half(settings: Settings, *, production: bool) -> Half:
    """Judge the database if it answers and has this program's tables; else say why not."""
    facts = doctor_database.probe(settings)
    error, running = facts.error, None
    if error is None and facts.revision != facts.head:
        error = f"its schema is {facts.revision or 'not there'}, not {facts.head}"
    if error is None:
        running = doctor_database.with_database(settings, audit_running)
    return database_half(
        is_sqlite=settings.database.url.is_sqlite,
        bypasses=facts.role_bypasses_rls,
        error=error,
        running=running,
        production=production,
    )


def _security_text(report: SecurityReport) -> str:
    looked = ", ".join(f"{count} {what}" for what, count in report.checked.items() if count)
    lines = [f"{len(report.checks)} checks of {looked or 'nothing'}."]
    for one in report.findings:
        check = CHECKS[one.check]
        lines.append(f"  {one.severity.upper()} {one.check}: {one.place}: {one.message}")
        lines.append(f"    {categories_of(check)}. {check.mend}")
    if report.excuses:
        lines.append(f"  {len(report.excuses)} place(s) with a reason; --json lists them.")
    lines += [f"  Not checked: {what}" for what in report.not_checked]
    lines.append(f"Score: {report.score} of 100, {len(report.findings)} finding(s).")
    return "\n".join(lines)
