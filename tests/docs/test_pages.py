"""The comparison of the tested commands finds what is wrong, and forgives only what a page may leave out."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.pages import Step, mismatch, steps_of

ID = "01a20ab8-8bf4-744f-b668-2c4c8805ece0"
OTHER_ID = "01a20ac0-125c-7041-ac4c-49a509e9e479"


def _shown(kind: str, output: str) -> Step:
    return Step(Path("page.md"), 1, "true", kind, output)


@pytest.mark.parametrize(
    ("kind", "shown", "printed"),
    [
        ("json", '{"a": 1, …}', '{"a":1,"b":2}'),
        ("json", '{"a": [{"b": 1}, …]}', '{"a": [{"b": 1}, {"b": 2}]}'),
        ("json", '{"a": "begins … ends"}', '{"a": "begins here and ends"}'),
        ("json", f'{{"id": "{ID}"}}', f'{{"id": "{OTHER_ID}"}}'),
        ("json", '{"at": "2026-11-23T23:23:17.197559Z"}', '{"at": "2027-01-01T00:00:00Z"}'),
        ("text", "first\n…\nlast", "first\nbetween\nbetween\nlast\n"),
        ("text", "a   table  row", "a table row"),
        ("text", "only …", "only this\n\n"),
        ("", "", "anything"),
    ],
)
def test_what_a_page_may_leave_out_is_forgiven(kind: str, shown: str, printed: str) -> None:
    assert mismatch(_shown(kind, shown), printed) is None


@pytest.mark.parametrize(
    ("kind", "shown", "printed"),
    [
        ("json", '{"a": 1}', '{"a": 2}'),
        ("json", '{"a": 1}', '{"a": 1, "b": 2}'),
        ("json", '{"a": 1, …}', '{"b": 2}'),
        ("json", '{"a": [1]}', '{"a": [1, 2]}'),
        ("json", '{"a": [1, 2, …]}', '{"a": [1]}'),
        ("json", '{"a": true}', "not json"),
        ("text", "first\nlast", "first\nbetween\nlast"),
        ("text", "first", "first\nsecond"),
        ("text", "first\n…\nlast", "first\nbetween"),
        ("text", "order 1001", "order 1002"),
    ],
)
def test_what_is_not_so_is_found(kind: str, shown: str, printed: str) -> None:
    assert mismatch(_shown(kind, shown), printed) is not None


def test_only_marked_blocks_are_run_and_the_block_behind_is_their_output(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nrm -rf everything\n```\n\n<!-- tested -->\n```sh\necho hello\n```\n```text\nhello\n```\n"
        "\n<!-- tested -->\n```sh\ntrue\n```\n",
        encoding="utf-8",
    )
    steps = steps_of(page)
    assert [(step.commands, step.kind, step.output) for step in steps] == [
        ("echo hello", "text", "hello"),
        ("true", "", ""),
    ]
