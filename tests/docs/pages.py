"""Reads the tested commands out of a Markdown page and compares what they print with what it shows.

Refuses: guessing. A `sh` block counts only below `<!-- tested -->`, and only the block right behind
it is its output.

How an output is compared:
- `…` stands for anything: within a line, alone on a line for any lines, in JSON for further members.
- Ids, times, digests and durations differ from run to run and are masked on both sides.
- In a `json` block the values must be equal; spacing is free.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

MARK: Final = "<!-- tested -->"
_FENCE: Final = re.compile(r"^```(\w*)$")
_MASKS: Final = (
    (re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b"), "<id>"),
    (re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|\+00:00)?"), "<time>"),
    (re.compile(r"\b[0-9a-f]{32}\b"), "<trace>"),
    (re.compile(r"http://([a-z.]*)(?:127\.0\.0\.1|localhost):\d+"), r"http://\1<host>"),
)


class Step(NamedTuple):
    """One tested command block and the output the page shows; `kind` "" where it shows none."""

    page: Path
    line: int
    commands: str
    kind: str
    output: str


def steps_of(page: Path) -> list[Step]:
    """The tested commands of a page, in its order."""
    blocks = list(_blocks(page.read_text(encoding="utf-8").splitlines()))
    found: list[Step] = []
    for index, (line, language, text, marked) in enumerate(blocks):
        if not marked:
            continue
        assert language == "sh", f"{page.name}:{line}: {MARK} stands before a sh block"
        following = blocks[index + 1] if index + 1 < len(blocks) else None
        shows = following is not None and following[1] in ("json", "text") and not following[3]
        kind, output = (following[1], following[2]) if shows and following else ("", "")
        found.append(Step(page, line, text, kind, output))
    return found


def _blocks(lines: list[str]) -> Iterator[tuple[int, str, str, bool]]:
    """(line number, language, text, is it marked) of every fenced block."""
    start, language, marked = 0, "", False
    body: list[str] | None = None
    last = ""
    for number, line in enumerate(lines, start=1):
        fence = _FENCE.match(line)
        if body is not None:
            if line == "```":
                yield start, language, "\n".join(body), marked
                body = None
            else:
                body.append(line)
        elif fence is not None:
            start, language, body, marked = number, fence[1], [], last == MARK
        if line.strip():
            last = line.strip()


def masked(text: str) -> str:
    for pattern, name in _MASKS:
        text = pattern.sub(name, text)
    return text


def mismatch(step: Step, printed: str) -> str | None:
    """What the page shows and the command did not print; None when they agree."""
    if step.kind == "json":
        try:
            actual = json.loads(printed)
        except json.JSONDecodeError:
            return f"this is no JSON: {printed[:2_000]}"
        return _json_mismatch(_shown_json(masked(step.output)), _masked_json(actual), "$")
    if step.kind == "text":
        return _text_mismatch(masked(step.output).splitlines(), masked(printed).splitlines())
    return None


def _masked_json(value: Any) -> Any:
    return json.loads(masked(json.dumps(value, ensure_ascii=False)))


def _shown_json(text: str) -> Any:
    """JSON in which a bare `…` stands for further members."""
    out: list[str] = []
    depth: list[str] = []
    in_string = escaped = False
    for char in text:
        if in_string:
            in_string = escaped or char != '"'
            escaped = char == "\\" and not escaped
        elif char == "…":
            char = '"…"' if depth and depth[-1] == "[" else '"…": "…"'
        elif char == '"':
            in_string = True
        elif char in "[{":
            depth.append(char)
        elif char in "]}":
            depth.pop()
        out.append(char)
    return json.loads("".join(out))


def _json_mismatch(shown: Any, actual: Any, where: str) -> str | None:
    if isinstance(shown, dict) and isinstance(actual, dict):
        open_ended = shown.get("…") == "…"
        wanted = {name: value for name, value in shown.items() if name != "…"}
        missing, more = wanted.keys() - actual.keys(), actual.keys() - wanted.keys()
        if missing or (more and not open_ended):
            return f"{where}: not printed {sorted(missing)}, not shown {sorted(more)}"
        found = (_json_mismatch(v, actual[k], f"{where}.{k}") for k, v in wanted.items())
        return next((one for one in found if one), None)
    if isinstance(shown, list) and isinstance(actual, list):
        wanted_items = [item for item in shown if item != "…"]
        too_many = len(actual) > len(wanted_items) and len(wanted_items) == len(shown)
        if len(actual) < len(wanted_items) or too_many:
            return f"{where}: {len(actual)} items printed, {len(wanted_items)} shown"
        found = (
            _json_mismatch(one, other, f"{where}[{index}]")
            for index, (one, other) in enumerate(zip(wanted_items, actual, strict=False))
        )
        return next((one for one in found if one), None)
    if isinstance(shown, str) and "…" in shown and isinstance(actual, str):
        return None if _line_fits(shown, actual) else f"{where}: {actual!r} is not {shown!r}"
    return None if shown == actual else f"{where}: {actual!r} printed, {shown!r} shown"


def _line_fits(shown: str, actual: str) -> bool:
    parts = [re.escape(" ".join(part.split())) for part in shown.split("…")]
    return re.fullmatch(r"\s*" + ".*".join(parts) + r"\s*", " ".join(actual.split())) is not None


def _text_mismatch(shown: list[str], actual: list[str]) -> str | None:
    """Line by line; a shown `…` alone skips lines until the next shown line fits."""
    position, skipping = 0, False
    for line in shown:
        if line.strip() == "…":
            skipping = True
            continue
        while position < len(actual) and not _line_fits(line, actual[position]):
            if not skipping:
                return f"printed {actual[position]!r}, shown {line!r}"
            position += 1
        if position == len(actual):
            return f"not printed: {line!r}; printed was:\n" + "\n".join(actual)
        position, skipping = position + 1, False
    rest = [line for line in actual[position:] if line.strip()]
    return f"printed, not shown: {rest}" if rest and not skipping else None
