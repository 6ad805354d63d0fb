"""Steps a lifecycle does not have must be errors for both type checkers, each on its own line.

A case in `cases/` marks every illegal line with `# expect: <mypy code>`; all other lines must be clean.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

CASES = Path(__file__).parent / "cases"
ROOT = Path(__file__).parents[2]
EXPECT = re.compile(r"# expect: (?P<code>[a-z-]+)")
FILES = sorted(CASES.glob("*.py"))


def expected(case: Path) -> dict[int, str]:
    found: dict[int, str] = {}
    for number, line in enumerate(case.read_text("utf-8").splitlines(), 1):
        if match := EXPECT.search(line):
            found[number] = match["code"]
    return found


@cache
def said_by_mypy() -> dict[str, dict[int, str]]:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--no-error-summary", *map(str, FILES)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    found: dict[str, dict[int, str]] = {case.name: {} for case in FILES}
    for line in run.stdout.splitlines():
        match = re.match(r"(?P<file>[^:]+):(?P<line>\d+): error: .*\[(?P<code>[a-z-]+)\]$", line)
        if match and Path(match["file"]).name in found:
            found[Path(match["file"]).name][int(match["line"])] = match["code"]
    return found


@cache
def said_by_pyright() -> dict[str, set[int]]:
    run = subprocess.run(
        [sys.executable, "-m", "pyright", "--outputjson", *map(str, FILES)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    report = json.loads(run.stdout)
    found: dict[str, set[int]] = {case.name: set() for case in FILES}
    for one in report["generalDiagnostics"]:
        if one["severity"] == "error":
            found[Path(one["file"]).name].add(one["range"]["start"]["line"] + 1)
    return found


def test_there_are_cases() -> None:
    assert sum(len(expected(case)) for case in FILES) >= 10


@pytest.mark.slow
@pytest.mark.parametrize("case", FILES, ids=lambda case: case.stem)
def test_mypy_refuses_exactly_the_illegal_lines(case: Path) -> None:
    assert said_by_mypy()[case.name] == expected(case)


@pytest.mark.slow
@pytest.mark.parametrize("case", FILES, ids=lambda case: case.stem)
def test_pyright_refuses_exactly_the_illegal_lines(case: Path) -> None:
    assert said_by_pyright()[case.name] == set(expected(case))
