"""Judges what is installed and what is locked, without asking anybody on the network.

Refuses: being a full list of advisories. `pip-audit` asks one; this knows those of packages that
this program stands on, and works where nothing answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from importlib.metadata import distributions
from pathlib import Path
from typing import Final

from rustok.server.audit.security_rules import Weakness, weakness

ADVISORIES: Final[dict[str, tuple[str, str]]] = {
    "certifi": ("2024.7.4", "CVE-2024-39689"),
    "cryptography": ("44.0.1", "CVE-2024-12797"),
    "h11": ("0.16.0", "CVE-2025-43859"),
    "idna": ("3.7", "CVE-2024-3651"),
    "jinja2": ("3.1.6", "CVE-2025-27516"),
    "protobuf": ("5.29.5", "CVE-2025-4565"),
    "requests": ("2.32.4", "CVE-2024-47081"),
    "setuptools": ("78.1.1", "CVE-2025-47273"),
    "urllib3": ("2.5.0", "CVE-2025-50181"),
}
"""The first version without the weakness, and what the weakness is called."""

_LINE: Final = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*==(?P<version>[^\s;\\]*)", re.M
)
_NUMBER: Final = re.compile(r"\d+")


def audit_dependencies(
    installed: Mapping[str, str] | None = None, locks: Path | None = None
) -> tuple[list[Weakness], int, int]:
    """Weaknesses, how many packages are installed and how many lines are locked.

    Args:
        installed: version by name; None means those of this environment.
        locks: the folder with `requirements*.lock`; None: they are not looked at.
    """
    packages = installed if installed is not None else installed_packages()
    found = [
        weakness("dependencies.advisory", name, f"{version} has {cve}; {fixed} has not.")
        for name, version in sorted(packages.items())
        for fixed, cve in [ADVISORIES.get(name, ("0", ""))]
        if _ordered(version) < _ordered(fixed)
    ]
    files = sorted(locks.glob("requirements*.lock")) if locks is not None else []
    locked = 0
    for file in files:
        text = file.read_text("utf-8")
        locked += len(_LINE.findall(text))
        found += [
            weakness("dependencies.unhashed", f"{file.name}: {name}", "Anything may be installed.")
            for name in unhashed(text)
        ]
        if file.name == "requirements.lock":
            found += drifted(packages, text)
    return found, len(packages), locked


def installed_packages() -> dict[str, str]:
    """Version by normalised name."""
    found = [(one.metadata["Name"], one.version) for one in distributions()]
    return {re.sub(r"[-_.]+", "-", name).lower(): version for name, version in found if name}


def drifted(installed: Mapping[str, str], lock: str) -> Iterator[Weakness]:
    """Packages of which another version is installed than the lock names."""
    for match in _LINE.finditer(lock):
        name = re.sub(r"[-_.]+", "-", match["name"]).lower()
        here, wanted = installed.get(name), match["version"]
        if here is not None and here != wanted:
            yield weakness("dependencies.drift", name, f"{here} is installed, {wanted} is locked.")


def unhashed(lock: str) -> Iterator[str]:
    """Names of requirements of a lock that no hash follows, and lines that are no pinned requirement."""
    for entry in re.sub(r"\\\n", " ", lock).splitlines():
        line = entry.strip()
        if not line or line.startswith("#"):
            continue
        if not _LINE.match(line) or "--hash=sha256:" not in line:
            yield line.split("==")[0].split()[0]


def _ordered(version: str) -> list[int]:
    return [int(number) for number in _NUMBER.findall(version)[:3]]
