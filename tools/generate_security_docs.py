"""Writes docs/security: which control and which tests stand against each OWASP item, and the ASVS list.

Run: `python -m tools.generate_security_docs`; `--check` writes nothing and fails when a page is stale.
Who sees which field, and where cryptography is used, are read from the code.
Refuses: judging anything; all of it stands in docs/security/asvs.toml.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Final, Literal

import msgspec

from tools.security_cryptography import cryptography_page
from tools.security_fields import fields_page

ROOT: Final = Path(__file__).parents[1]
FOLDER: Final = ROOT / "docs" / "security"
SOURCE: Final = FOLDER / "asvs.toml"
STATUSES: Final = ("pass", "not applicable", "missing")
CHAPTERS: Final = {
    "V1": "Encoding and sanitising",
    "V2": "Validation and business logic",
    "V3": "Web front end",
    "V4": "API and web service",
    "V5": "Files",
    "V6": "Authentication",
    "V7": "Sessions",
    "V8": "Authorisation",
    "V9": "Self-contained tokens",
    "V10": "OAuth and OpenID Connect",
    "V11": "Cryptography",
    "V12": "Secure communication",
    "V13": "Configuration",
    "V14": "Data protection",
    "V15": "Secure coding and architecture",
    "V16": "Logging and error handling",
    "V17": "WebRTC",
}
_MADE: Final = "<!-- Made by tools/generate_security_docs.py from asvs.toml; do not edit. -->"


class Item(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An item of an OWASP Top 10. `open` is what the control does not reach."""

    list: str
    id: str
    name: str
    control: str
    open: str | None = None
    tests: tuple[str, ...] = ()


class Requirement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A requirement of the ASVS, with one line of evidence for its status."""

    id: str
    level: Literal[1, 2]
    status: Literal["pass", "not applicable", "missing"]
    about: str
    evidence: str
    tests: tuple[str, ...] = ()

    @property
    def chapter(self) -> str:
        return self.id.split(".")[0]


class Security(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole of asvs.toml."""

    matrix: tuple[Item, ...]
    requirement: tuple[Requirement, ...]


def load() -> Security:
    """What asvs.toml says.

    Raises:
        msgspec.ValidationError: a field is missing, unknown or of another type.
    """
    return msgspec.toml.decode(SOURCE.read_bytes(), type=Security)


def pages(security: Security) -> dict[Path, str]:
    """What each page should hold."""
    return {
        FOLDER / "README.md": _matrix_page(security),
        FOLDER / "asvs.md": _asvs_page(security.requirement),
        FOLDER / "fields.md": fields_page(),
        FOLDER / "cryptography.md": cryptography_page(),
    }


def _matrix_page(security: Security) -> str:
    lines = [
        _MADE,
        "# Security controls and their tests",
        "",
        "What stands against each item of the OWASP lists, where it is in the code, and the tests that fail",
        "without it. A test checks that each of them exists. Guides: [security](../guides/security.md),",
        "[signing in](../guides/signing-in.md), [tenants](../guides/tenants-and-isolation.md),",
        "[audit log](../guides/audit-log.md), [personal data](../guides/personal-data.md). Written down:",
        "[threat model](threat-model.md), [rules and limits](rules-and-limits.md), [sessions](sessions.md),",
        "[keys](keys.md), [cryptography](cryptography.md), [fields](fields.md), [data and logs](data-and-logs.md),",
        "[dependencies](dependencies.md).",
        "",
        "## ASVS 5.0, counted",
        *_counts(security.requirement),
        "",
        "One by one: [ASVS list](asvs.md). Judged by reading the code, by its makers; nobody else has audited it.",
    ]
    for name in dict.fromkeys(item.list for item in security.matrix):
        lines += ["", f"## {name}", "| Item | Control | Tests |", "|---|---|---|"]
        for item in security.matrix:
            if item.list == name:
                reach = f"<br>Open: {item.open}." if item.open else ""
                cells = (f"{item.id} {item.name}", f"{item.control}{reach}", _tests(item.tests))
                lines.append(f"| {' | '.join(cells)} |")
    return "\n".join([*lines, ""])


def _asvs_page(requirements: tuple[Requirement, ...]) -> str:
    lines = [
        _MADE,
        "# ASVS 5.0, levels 1 and 2",
        "",
        "The requirements are those of the OWASP Application Security Verification Standard 5.0.0, licensed",
        "[CC BY-SA 4.0](https://creativecommons.org/licenses/by-sa/4.0/); ids are the standard's, the words",
        "are ours and shorter, so read the standard for what is asked. This list is under the same licence.",
        "",
        "- **pass**: the code does all of it, at level 2 too.",
        "- **not applicable**: what it is about is not in the product.",
        "- **missing**: not built, built in part, left to the operator, or not written down.",
        "",
        *_counts(requirements),
    ]
    for chapter, name in CHAPTERS.items():
        lines += ["", f"## {chapter} {name}", "| Id | Level | About | Status | Evidence |"]
        lines.append("|---|---|---|---|---|")
        for one in requirements:
            if one.chapter == chapter:
                shown = "; ".join(part for part in (one.evidence, _tests(one.tests)) if part)
                status = "**missing**" if one.status == "missing" else one.status
                lines.append(f"| {one.id} | {one.level} | {one.about} | {status} | {shown} |")
    return "\n".join([*lines, ""])


def _counts(requirements: Iterable[Requirement]) -> list[str]:
    counted = Counter((one.level, one.status) for one in requirements)
    lines = ["| Level | Pass | Not applicable | Missing | All |", "|---|---|---|---|---|"]
    rows = [(str(level), [counted[level, status] for status in STATUSES]) for level in (1, 2)]
    rows.append(("1 and 2", [sum(row[1][at] for row in rows) for at in range(len(STATUSES))]))
    for name, row in rows:
        lines.append(f"| {name} | {' | '.join(map(str, [*row, sum(row)]))} |")
    return lines


def _tests(named: Iterable[str]) -> str:
    return "<br>".join(f"`{test}`" for test in named)


def main(arguments: list[str]) -> int:
    stale = [
        (file, text)
        for file, text in pages(load()).items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]
    for file, text in stale:
        name = file.relative_to(ROOT).as_posix()
        if "--check" in arguments:
            print(f"stale: {name}", file=sys.stderr)
        else:
            file.write_text(text, encoding="utf-8")
            print(f"{name} written")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
