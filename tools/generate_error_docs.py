"""Writes docs/errors/: a page for every registered problem code, and their index.

Run: `python -m tools.generate_error_docs`; `--check` writes nothing and fails when a page is stale.
Refuses: text of its own; all of it stands in the error classes.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from rustok.server.modules import all_modules
from rustok.server.openapi import document
from rustok.server.pages import reference
from rustok.server.pages.documentation import ProblemText, problem_texts

FOLDER: Final = Path(__file__).parents[1] / "docs" / "errors"
_NOTE: Final = "<!-- Made by tools/generate_error_docs.py from the error classes; do not edit. -->"


def pages() -> dict[str, str]:
    """File name -> Markdown, of what docs/errors/ should hold."""
    api = reference.read(document(all_modules()))
    texts = problem_texts()
    found = {f"{one.code}.md": _page(one, api.operations_with(one.code)) for one in texts}
    found["README.md"] = _index(texts)
    return found


def _page(one: ProblemText, operations: tuple[reference.Operation, ...]) -> str:
    lines = [_NOTE, f"# {one.title}", "", f"`{one.code}` · HTTP {one.status} {one.phrase}", ""]
    if one.meaning:
        lines += [one.meaning, ""]
    lines += ["## How to mend it", one.mend, ""]
    if operations:
        lines += ["## Where it comes up"]
        lines += [f"- `{op.method} {op.path}`: {op.summary}" for op in operations]
        lines += [""]
    return "\n".join(lines)


def _index(texts: tuple[ProblemText, ...]) -> str:
    lines = [
        _NOTE,
        "# Problems",
        "",
        "Every error is an RFC 9457 document whose `type` is `/problems/<code>`. Program against",
        "`code`: it is stable; titles and details are for people.",
        "",
        "| Code | Status | Title |",
        "|---|---|---|",
    ]
    lines += [f"| [{one.code}]({one.code}.md) | {one.status} | {one.title} |" for one in texts]
    return "\n".join([*lines, ""])


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of files that are missing, outdated or no longer wanted."""
    wanted = pages()
    there = {file.name for file in folder.glob("*.md")} if folder.is_dir() else set()
    changed = [
        name
        for name, text in wanted.items()
        if name not in there or (folder / name).read_text(encoding="utf-8") != text
    ]
    return sorted([*changed, *(there - wanted.keys())])


def write(folder: Path = FOLDER) -> int:
    """Bring the folder up to date; returns how many files changed."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = pages()
    names = stale(folder)
    for name in names:
        if name in wanted:
            (folder / name).write_text(wanted[name], encoding="utf-8")
        else:
            (folder / name).unlink()
    return len(names)


def main(arguments: list[str]) -> int:
    if "--check" in arguments:
        names = stale()
        for name in names:
            print(f"stale: docs/errors/{name}", file=sys.stderr)
        return 1 if names else 0
    print(f"{write()} files changed in docs/errors/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
