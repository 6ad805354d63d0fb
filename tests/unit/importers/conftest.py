"""Where the files are that importer tests read; real exports are read in place, never copied."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.shared_data import real_export

SharedFile = Callable[[str], Path]


@pytest.fixture
def fixture_files() -> Path:
    return Path(__file__).parent / "fixtures"


@pytest.fixture
def shared_file() -> SharedFile:
    return real_export
