"""Where the files are that these tests import; real exports are read in place, never copied."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
FileOf = Callable[[str], Path]


@pytest.fixture
def shared_file() -> FileOf:
    """Gives the real export of a name; skips where the folder is absent, fails in CI where it is not."""
    beside = ROOT.parent / "shared" / "data"
    folder = Path(os.environ.get("RUSTOK_SHARED_DATA") or beside)

    def find(name: str) -> Path:
        path = folder / name
        if not path.is_file():
            why = f"the real export {name} is not here; set RUSTOK_SHARED_DATA to its folder"
            if os.environ.get("CI") == "true" and beside.is_dir():
                pytest.fail(why)
            pytest.skip(why)
        return path

    return find


@pytest.fixture
def demo_file() -> FileOf:
    """Gives a file of the sample data by its path."""
    return lambda name: ROOT / "src" / "rustok" / "cli" / "demo_data" / name


@pytest.fixture
def parser_file() -> FileOf:
    """Gives a file the parsers are tested with."""
    return lambda name: ROOT / "tests" / "unit" / "importers" / "fixtures" / name


@pytest.fixture
def written(tmp_path: Path) -> Callable[[str, str], Path]:
    """Writes a text to a file of a name."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
