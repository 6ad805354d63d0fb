"""The documentation holds together: links lead somewhere, generated pages are current, guides are short."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUIDES = sorted((ROOT / "docs" / "guides").glob("*.md"))
PAGES = [
    *sorted(ROOT.glob("*.md")),
    ROOT / "docs" / "README.md",
    *GUIDES,
    *sorted((ROOT / "docs" / "reference").glob("*.md")),
    *sorted((ROOT / "docs" / "decisions").glob("*.md")),
]
GENERATED = {"lifecycles.md"}
LONGEST_LINES = 150
_LINK = re.compile(r"\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"```.*?```", re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as code hosts make them."""
    headings = _HEADING.findall(_CODE.sub("", page.read_text(encoding="utf-8")))
    return {re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-") for text in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    broken = []
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if ":" in path:
            continue
        target = page if not path else (page.parent / path).resolve()
        known = target.exists() and (not anchor or anchor in _anchors(target))
        if not known:
            broken.append(link)
    assert broken == []


def test_every_guide_is_linked_from_the_index() -> None:
    index = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    assert [page.name for page in GUIDES if f"(guides/{page.name})" not in index] == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_a_guide_is_short(page: Path) -> None:
    if page.name not in GENERATED:
        assert len(page.read_text(encoding="utf-8").splitlines()) <= LONGEST_LINES


@pytest.mark.parametrize("tool", ["generate_lifecycle_docs", "generate_reference_docs"])
def test_generated_pages_are_current(tool: str) -> None:
    # In a process of its own: tests that ran before may have declared things of theirs.
    done = subprocess.run(
        [sys.executable, "-m", f"tools.{tool}", "--check"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, f"run `python -m tools.{tool}`:\n{done.stderr[-2_000:]}"
