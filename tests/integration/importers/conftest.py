"""Where the files are that these tests import; real exports are read in place, never copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shared_data import real_export

ROOT = Path(__file__).resolve().parents[3]
FileOf = Callable[[str], Path]


@pytest.fixture
def shared_file() -> FileOf:
    return real_export


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
