"""`rustok audit`: the audit log, and checks of the code and the database for promises that are not kept.

It mends nothing; exit 1 means that something is broken, or, with seeded data, that it was found.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Final

import click

from rustok.cli import audit_log
from rustok.cli.invocation import EXIT_FAILED, Invocation
from rustok.cli.session import with_platform
from rustok.server.audit.events_code import audit_code
from rustok.server.audit.events_database import audit_database
from rustok.server.audit.findings import Report
from rustok.server.platform import Platform

WORKERS_GRACE: Final = timedelta(minutes=10)
"""With JetStream an event is published before it is applied; so long that is no finding."""

EPILOG = """\b
Examples:
  rustok audit events
  rustok audit events --only code
  rustok --json audit events --only database"""


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
