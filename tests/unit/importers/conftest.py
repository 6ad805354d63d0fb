"""Where the files are that importer tests read; real exports are read in place, never copied."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

SharedFile = Callable[[str], Path]


@pytest.fixture
def fixture_files() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture
def shared_file() -> SharedFile:
    """Gives the real export of a name; skips the test where the folder is absent."""
    root = Path(__file__).resolve().parents[3]
    folder = Path(os.environ.get("RUSTOK_SHARED_DATA") or root.parent / "shared" / "data")

    def find(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            pytest.skip(f"the real export {name} is not here; set RUSTOK_SHARED_DATA to its folder")
        return path

    return find
