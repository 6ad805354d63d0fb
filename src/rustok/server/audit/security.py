"""`rustok audit security`: puts the halves together, and writes the report as SARIF.

Source: SARIF 2.1.0 (OASIS).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final, Literal

import msgspec

import rustok
from rustok.server.audit.findings import Excuse
from rustok.server.audit.security_code import audit_sources
from rustok.server.audit.security_dependencies import audit_dependencies
from rustok.server.audit.security_routes import audit_routes
from rustok.server.audit.security_rules import (
    CHECKS,
    OWASP_2021,
    OWASP_2025,
    SEVERITIES,
    Check,
    SecurityReport,
    Severity,
    Weakness,
    score_of,
    weakness,
)
from rustok.server.audit.security_settings import audit_files, audit_settings
from rustok.server.modules import all_modules
from rustok.server.settings import Settings, known_keys

Part = Literal["settings", "code", "database"]
_HALVES: Final[dict[Part, tuple[str, ...]]] = {
    "settings": ("settings", "files"),
    "code": ("routes", "code", "dependencies"),
    "database": ("database",),
}
_LEVEL: Final[dict[Severity, str]] = {
    "low": "note",
    "medium": "warning",
    "high": "error",
    "critical": "error",
}
_NUMBER: Final[dict[Severity, str]] = {
    "low": "3.0",
    "medium": "5.5",
    "high": "8.0",
    "critical": "9.5",
}


class Half(msgspec.Struct, frozen=True, kw_only=True):
    """What one part of the audit looked at and found."""

    part: Part
    checked: dict[str, int]
    findings: list[Weakness] = msgspec.field(default_factory=list)
    excuses: list[Excuse] = msgspec.field(default_factory=list)
    not_checked: list[str] = msgspec.field(default_factory=list)


def settings_half(settings: Settings, config: Path | None, *, production: bool) -> Half:
    """Judge settings and the files they name.

    Args:
        config: the TOML file that was read, if any.
        production: judge as for production; otherwise what only production refuses is `low`.
    """
    found = audit_settings(settings)
    files, seen = audit_files(settings, config)
    if not production:
        found = [msgspec.structs.replace(one, severity="low") for one in found]
    checked = {"settings": len(known_keys()), "files of settings": seen}
    notes = [] if production else ["production's severities: this is development (--production)"]
    return Half(part="settings", checked=checked, findings=found + files, not_checked=notes)


def code_half(root: Path | None = None) -> Half:
    """Judge the source, the routes and the packages; with `root` only that source and its locks."""
    found, excuses, files = audit_sources(root)
    home = root or Path(rustok.__file__).parent
    locks = home.parents[1] if len(home.parents) > 1 and home.parent.name == "src" else root
    packages, installed, locked = audit_dependencies({} if root else None, locks)
    checked = {"files": files, "packages": installed, "locked requirements": locked}
    if root is None:
        weak, reasons, routes = audit_routes(all_modules().routes)
        found, excuses = weak + found, reasons + excuses
        checked["routes"] = routes
    notes = ["advisories newer than this program: pip-audit asks for them"]
    return Half(
        part="code",
        checked=checked,
        findings=found + packages,
        excuses=excuses,
        not_checked=notes,
    )


def database_half(
    *,
    is_sqlite: bool,
    bypasses: bool | None,
    error: str | None,
    running: tuple[list[Weakness], dict[str, int]] | None = None,
    production: bool = True,
) -> Half:
    """Judge what was found out about the application's role and, with `running`, all the rest.

    Args:
        production: judge as for production; otherwise what is not critical is `low`.
    """
    found, checked = running if running is not None else ([], {})
    notes = []
    if running is None:
        notes.append(f"tables, audit log and ways in: {error or 'the database was not asked'}")
    if is_sqlite:
        notes.append("roles and policies: SQLite has none")
    elif bypasses is None:
        notes.append(f"roles: {error or 'unknown'}")
    else:
        checked = {"roles": 1, **checked}
        if bypasses:
            message = "The role of database.url can pass by row-level security."
            found = [*found, weakness("database.role_powers", "database.url", message)]
    if not production:
        found = [
            one if one.severity == "critical" else msgspec.structs.replace(one, severity="low")
            for one in found
        ]
    return Half(part="database", checked=checked, findings=found, not_checked=notes)


def joined(halves: list[Half]) -> SecurityReport:
    """One report, the worst first."""
    found = sorted(
        (one for half in halves for one in half.findings),
        key=lambda one: (-SEVERITIES.index(one.severity), one.check, one.place),
    )
    ran = {name for half in halves for name in _HALVES[half.part]}
    checked: dict[str, int] = {}
    for half in halves:
        for what, count in half.checked.items():
            checked[what] = checked.get(what, 0) + count
    return SecurityReport(
        score=score_of(found),
        checked=checked,
        checks=[check.id for check in CHECKS.values() if check.half in ran],
        findings=found,
        excuses=[one for half in halves for one in half.excuses],
        not_checked=[one for half in halves for one in half.not_checked],
    )


def categories_of(check: Check) -> str:
    """`A01:2021 Broken Access Control, A01:2025 Broken Access Control`."""
    before, after = OWASP_2021[check.owasp_2021], OWASP_2025[check.owasp_2025]
    return f"{check.owasp_2021}:2021 {before}, {check.owasp_2025}:2025 {after}"


def sarif(report: SecurityReport) -> dict[str, object]:
    """The report for tools that read SARIF 2.1.0."""
    ids = report.checks
    return {
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "rustok audit security",
                        "version": rustok.__version__,
                        "rules": [_rule(CHECKS[one]) for one in ids],
                    }
                },
                "results": [_result(one, ids.index(one.check)) for one in report.findings],
                "properties": {"score": report.score},
            }
        ],
    }


def _rule(check: Check) -> dict[str, object]:
    return {
        "id": check.id,
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": f"{check.title} ({categories_of(check)})."},
        "help": {"text": check.mend},
        "defaultConfiguration": {"level": _LEVEL[check.severity]},
        "properties": {
            "security-severity": _NUMBER[check.severity],
            "tags": [
                "security",
                f"OWASP-{check.owasp_2021}:2021",
                f"OWASP-{check.owasp_2025}:2025",
            ],
        },
    }


def _result(one: Weakness, index: int) -> dict[str, object]:
    location: dict[str, object] = {"logicalLocations": [{"fullyQualifiedName": one.place}]}
    if one.path is not None:
        place: dict[str, object] = {"artifactLocation": {"uri": f"src/{one.path}"}}
        if one.line is not None:
            place["region"] = {"startLine": one.line}
        location = {"physicalLocation": place}
    return {
        "ruleId": one.check,
        "ruleIndex": index,
        "level": _LEVEL[one.severity],
        "message": {"text": f"{one.message} {CHECKS[one.check].mend}"},
        "locations": [location],
    }
