"""Real exports of shops and magazines: read in place, never copied into the project."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

VARIABLE: Final = "RUSTOK_TEST_SHARED_DATA"
_BESIDE: Final = Path(__file__).resolve().parents[2] / "shared" / "data"


def real_export(name: str) -> Path:
    """The real export of a name; skips where the folder is absent, fails in CI where it is not."""
    path = Path(os.environ.get(VARIABLE) or _BESIDE) / name
    if not path.is_file():
        why = f"the real export {name} is not here; set {VARIABLE} to its folder"
        if os.environ.get("CI") == "true" and _BESIDE.is_dir():
            pytest.fail(why)
        pytest.skip(why)
    return path
