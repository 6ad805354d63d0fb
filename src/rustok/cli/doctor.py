"""`rustok doctor`: runs every check of a deployment and says for each failure how to mend it.

It mends nothing itself and writes nothing.
"""

from __future__ import annotations

import click

from rustok.cli.doctor_checks import (
    Check,
    CheckResult,
    Outcome,
    checks_of_database,
    checks_of_host,
    use_database_probe,
)
from rustok.cli.doctor_database import probe
from rustok.cli.doctor_services import (
    check_cdn,
    check_circuits,
    check_collector,
    check_mail,
    check_redis,
    check_storage,
)
from rustok.cli.invocation import EXIT_FAILED, EXIT_UNAVAILABLE, Invocation
from rustok.server.settings import SettingsInvalid

use_database_probe(probe)

SIGNS: dict[Outcome, str] = {"ok": "ok  ", "warn": "warn", "fail": "FAIL", "skip": "skip"}


@click.command()
@click.pass_obj
def doctor(invocation: Invocation) -> None:
    """Check everything a deployment needs; exit 1 if something fails, 3 if a service is away."""
    results = run_checks(invocation)
    invocation.emit(results, lambda: report_text(results))
    failed = [result for result in results if result.outcome == "fail"]
    if failed:
        away = any(result.unavailable for result in failed)
        click.get_current_context().exit(EXIT_UNAVAILABLE if away else EXIT_FAILED)


def run_checks(invocation: Invocation) -> list[CheckResult]:
    """All results in the order of the checks; without usable settings only the first few."""
    try:
        settings = invocation.settings()
    except SettingsInvalid as error:
        return [
            CheckResult(name="settings", outcome="fail", detail=error.detail, mend=error.mend),
        ]
    checks: list[Check] = [
        *checks_of_host(),
        *checks_of_database(),
        check_redis,
        check_storage,
        check_mail,
        check_cdn,
        check_collector,
        check_circuits,
    ]
    return [result for check in checks for result in check(settings)]


def report_text(results: list[CheckResult]) -> str:
    width = max(len(result.name) for result in results)
    lines: list[str] = []
    for result in results:
        lines.append(f"{SIGNS[result.outcome]}  {result.name:<{width}}  {result.detail}")
        if result.outcome in {"warn", "fail"} and result.mend:
            lines.append(f"{'':<{width + 8}}-> {result.mend}")
    return "\n".join(lines)
