"""`rustok config`: shows the settings in force with secrets masked and judges them for production.

It never prints a secret and changes no setting.
"""

from __future__ import annotations

import click

from rustok.cli.invocation import EXIT_FAILED, Invocation
from rustok.server.settings import masked, variable_name
from rustok.server.settings.safety import Finding, check_production


@click.group()
def config() -> None:
    """Show and check the settings."""


@config.command()
@click.pass_obj
def show(invocation: Invocation) -> None:
    """Print every setting, its value and where it comes from."""
    loaded = invocation.loaded()
    values, sources = masked(loaded.settings), loaded.sources
    rows = {key: {"value": v, "source": sources.get(key, "default")} for key, v in values.items()}

    def text() -> str:
        width = max(len(key) for key in values)
        return "\n".join(
            f"{key:<{width}}  {_plain(value)}  # {sources.get(key, 'default')}"
            for key, value in values.items()
        )

    invocation.emit(rows, text)


@config.command()
@click.pass_obj
def check(invocation: Invocation) -> None:
    """Tell what production would refuse (exit 1) or warn of, whatever the environment is now."""
    settings = invocation.settings()
    findings = check_production(settings)
    invocation.emit(findings, lambda: _findings_text(findings))
    if any(finding.severity == "refuse" for finding in findings):
        click.get_current_context().exit(EXIT_FAILED)


def _plain(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value)) or "-"
    if isinstance(value, bool):
        return str(value).lower()
    return "-" if value is None else str(value)


def _findings_text(findings: list[Finding]) -> str:
    if not findings:
        return "The settings are fit for production."
    return "\n".join(
        f"{f.severity}: {f.key} ({variable_name(f.key)}): {f.problem} {f.mend}" for f in findings
    )
