"""`python -m tools.licences [--check]`: the licences of what is delivered, from installed metadata.

It prints a table of the packages of requirements.lock; with --check it is silent and exits with 1
if a licence is not on the list. A choice ("A or B") is fine when one of them is.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]
ALLOWED: Final = re.compile(
    r"^(?:MIT(?: License|-0)?|Apache(?: Software License|-2\.0)|(?:[23]-Clause )?BSD(?: License|-[23]-Clause)?"
    r"|ISC(?: License.*)?|PSF-2\.0|Python Software Foundation License|The Unlicense \(Unlicense\)"
    r"|Mozilla Public License 2\.0 \(MPL 2\.0\)|MPL-2\.0|Artistic License|0BSD|Zlib)$"
)
"""Free to use in any product; those of MPL are used unchanged."""
_NAME: Final = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?==", re.M)


def locked_names(lock: str) -> list[str]:
    """Names of the packages of a lock."""
    return sorted(set(_NAME.findall(lock)))


def licence_of(name: str) -> str | None:
    """What the package says of itself; None when it is not installed here."""
    try:
        told = metadata(name)
    except PackageNotFoundError:
        return None
    if "License-Expression" in told:
        return told["License-Expression"]
    named = [
        one.rpartition(":: ")[2]
        for one in told.get_all("Classifier") or []
        if one.startswith("License ::")
    ]
    stated = told.get_all("License") or ["unknown"]
    return " OR ".join(named) or str(stated[0]).split("\n")[0]


def is_allowed(licence: str) -> bool:
    """Whether one of the choices is on the list, with all its parts."""
    choices = re.split(r"\s+OR\s+", licence)
    return any(
        all(
            ALLOWED.match(part.strip(" ()")) or ALLOWED.match(part)
            for part in choice.split(" AND ")
        )
        for choice in choices
    )


def main(arguments: list[str]) -> int:
    names = locked_names((ROOT / "requirements.lock").read_text("utf-8"))
    found = {name: licence for name in names if (licence := licence_of(name)) is not None}
    if "--check" not in arguments:
        for name, licence in found.items():
            print(f"{name:40} {licence}")
    refused = [f"{name}: {licence}" for name, licence in found.items() if not is_allowed(licence)]
    for one in refused:
        print(f"This licence is not on the list of tools.licences: {one}", file=sys.stderr)
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
