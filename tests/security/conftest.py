"""One running server for the security tests of a worker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.security.live import Live, running


@pytest.fixture(scope="session")
def live(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Live]:
    with running(sqlite_template, tmp_path_factory.mktemp("live")) as server:
        yield server


@pytest.fixture(autouse=True)
def _still_well(request: pytest.FixtureRequest) -> Iterator[None]:
    """Whatever a test sent, the server goes on answering and has not crashed inside."""
    yield
    if "live" in request.fixturenames:
        server: Live = request.getfixturevalue("live")
        assert server.is_well()
        assert "request.crashed" not in server.log()
