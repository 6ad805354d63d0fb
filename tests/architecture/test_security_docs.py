"""docs/security says what asvs.toml says, counts right, and names tests and files that there are."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from tools.generate_security_docs import CHAPTERS, FOLDER, Security, load, pages

ROOT = Path(__file__).parents[2]
LEVELS = {1: 70, 2: 184}
"""How many requirements ASVS 5.0.0 has at each level."""
ITEMS = {"OWASP Top 10 2021": 10, "OWASP Top 10 2025": 10, "OWASP API Security Top 10 2023": 10}
FILE = re.compile(r"`((?:src|docs|deploy|tools|tests)/[^`]*|[A-Za-z-]+\.(?:md|lock))`")


@pytest.fixture(scope="module")
def security() -> Security:
    return load()


@cache
def names_in(file: str) -> frozenset[str]:
    """The names of the tests of a file; none when there is no such file."""
    path = ROOT / file
    if not path.is_file():
        return frozenset()
    return frozenset(
        node.name
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and node.name.startswith("test_")
    )


def missing_tests(named: list[str]) -> list[str]:
    parts = [(test, *test.partition("::")[::2]) for test in named]
    return [test for test, file, name in parts if name not in names_in(file)]


def test_the_pages_are_current(security: Security) -> None:
    stale = [
        file.name
        for file, text in pages(security).items()
        if not file.is_file() or file.read_text(encoding="utf-8") != text
    ]

    assert not stale, "run `python -m tools.generate_security_docs`"


def test_every_test_that_is_named_exists(security: Security) -> None:
    named = [test for item in security.matrix for test in item.tests]
    named += [test for one in security.requirement for test in one.tests]

    assert missing_tests(named) == []


def test_a_test_that_does_not_exist_is_found() -> None:
    here = "tests/architecture/test_security_docs.py"
    good = f"{here}::test_a_test_that_does_not_exist_is_found"
    bad = [f"{here}::test_nobody_wrote", "tests/nowhere.py::test_any", here]

    assert missing_tests([good, *bad]) == bad


def test_every_item_of_the_lists_has_a_control_in_the_code_and_a_test(security: Security) -> None:
    assert Counter(item.list for item in security.matrix) == ITEMS
    assert len({(item.list, item.id) for item in security.matrix}) == sum(ITEMS.values())
    assert [item.id for item in security.matrix if not item.tests] == []
    assert [item.id for item in security.matrix if not FILE.search(item.control)] == []


def test_every_requirement_is_judged_once_and_the_counts_add_up(security: Security) -> None:
    ids = [one.id for one in security.requirement]
    counted = Counter(one.status for one in security.requirement)
    total = (counted["pass"], counted["not applicable"], counted["missing"], len(ids))

    assert len(set(ids)) == len(ids)
    assert Counter(one.level for one in security.requirement) == LEVELS
    assert {one.chapter for one in security.requirement} == set(CHAPTERS)
    assert sum(total[:3]) == total[3]
    for page in ("README.md", "asvs.md"):
        row = f"| 1 and 2 | {' | '.join(map(str, total))} |"
        assert row in (FOLDER / page).read_text(encoding="utf-8"), page


def test_every_requirement_has_evidence_and_its_files_exist(security: Security) -> None:
    texts = [one.evidence for one in security.requirement]
    texts += [item.control for item in security.matrix]
    named = {file for text in texts for file in FILE.findall(text)}

    assert [one.id for one in security.requirement if not one.evidence.strip()] == []
    assert sorted(file for file in named if not (ROOT / file).exists()) == []
