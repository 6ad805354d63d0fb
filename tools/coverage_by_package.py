"""Prints how much of each package the tests reached, from the JSON report of coverage.py.

    python -m tools.coverage_by_package build/coverage/report.json [--at-least PERCENT] [--worst N]

Lines and branches count together, as coverage.py counts them: what was run of both, over all of both.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import msgspec

AT_LEAST: Final = 85.0
"""Percent, over all packages."""


class Summary(msgspec.Struct, frozen=True):
    """Counts of one file."""

    num_statements: int
    covered_lines: int
    num_branches: int
    covered_branches: int


class _File(msgspec.Struct, frozen=True):
    summary: Summary


class _Report(msgspec.Struct, frozen=True):
    files: dict[str, _File]


def package_of(path: str) -> str:
    """`src/rustok/core/db/sqlite.py` belongs to `core.db`; deeper folders to the second level."""
    parts = Path(path).parts
    inside = parts[parts.index("rustok") + 1 : -1]
    return ".".join(inside[:2]) or "rustok"


def read(report: bytes) -> dict[str, Summary]:
    """Counts by file, of the package's own files.

    Raises:
        msgspec.DecodeError: it is no report of coverage.py with branches.
    """
    files = msgspec.json.decode(report, type=_Report).files
    return {path: one.summary for path, one in files.items() if "rustok" in Path(path).parts}


def together(summaries: Iterable[Summary]) -> Summary:
    """The sums of some files."""
    listed = list(summaries)
    return Summary(
        num_statements=sum(one.num_statements for one in listed),
        covered_lines=sum(one.covered_lines for one in listed),
        num_branches=sum(one.num_branches for one in listed),
        covered_branches=sum(one.covered_branches for one in listed),
    )


def percent(one: Summary) -> float:
    """Of lines and branches; 100 for what has neither."""
    possible = one.num_statements + one.num_branches
    return 100 * (one.covered_lines + one.covered_branches) / possible if possible else 100.0


def rows(files: dict[str, Summary]) -> list[str]:
    """The table, as Markdown."""
    packages: dict[str, list[Summary]] = {}
    for path, one in files.items():
        packages.setdefault(package_of(path), []).append(one)
    lines = ["| Package | Lines | Branches | Reached |", "|---|---:|---:|---:|"]
    for name, found in [*sorted(packages.items()), ("**all**", list(files.values()))]:
        sums = together(found)
        lines.append(
            f"| {name} | {sums.covered_lines:,} of {sums.num_statements:,} "
            f"| {sums.covered_branches:,} of {sums.num_branches:,} | {percent(sums):.1f} % |"
        )
    return lines


def worst(files: dict[str, Summary], count: int) -> list[str]:
    """The files with most lines and branches that nothing reached."""

    def missed(one: Summary) -> int:
        return one.num_statements - one.covered_lines + one.num_branches - one.covered_branches

    most = sorted(files.items(), key=lambda item: -missed(item[1]))[:count]
    return [f"{missed(one):>6} missed, {percent(one):5.1f} %  {path}" for path, one in most]


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("report", type=Path)
    arguments.add_argument("--at-least", type=float, default=AT_LEAST)
    arguments.add_argument("--worst", type=int, default=20)
    given = arguments.parse_args()
    files = read(given.report.read_bytes())
    print("\n".join(rows(files)))
    if given.worst:
        print("\nWhere most is missed:")
        print("\n".join(worst(files, given.worst)))
    reached = percent(together(files.values()))
    if reached < given.at_least:
        print(f"{reached:.1f} % is less than {given.at_least:g} %", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
