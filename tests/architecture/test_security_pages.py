"""What the pages of docs/security say of numbers is what the code has."""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Final

import pytest

FOLDER: Final = Path(__file__).parents[2] / "docs" / "security"
# `| lines of a cart | 100 | `module.NAME` |` and `(`module.NAME` = 16)`.
_ROW: Final = re.compile(r"\| (\d+) \| `([\w.]+)\.([A-Z_]+)` \|")
_INLINE: Final = re.compile(r"`([\w.]+)\.([A-Z_]+)` = (\d+)\)")


def _claims() -> list[tuple[str, str, int]]:
    text = (FOLDER / "rules-and-limits.md").read_text("utf-8")
    rows = [(module, name, int(value)) for value, module, name in _ROW.findall(text)]
    return rows + [(module, name, int(value)) for module, name, value in _INLINE.findall(text)]


CLAIMS: Final = _claims()


def test_the_page_of_limits_names_many_constants() -> None:
    assert len(CLAIMS) > 20


@pytest.mark.parametrize(("module", "name", "value"), CLAIMS, ids=lambda one: str(one))
def test_a_limit_is_what_the_page_says(module: str, name: str, value: int) -> None:
    assert getattr(importlib.import_module(module), name) == value
