"""A `rustok` command line against an empty database of each kind; tests here are not coroutines,
because a command runs its own loop."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import structlog

from rustok.cli import main
from rustok.server import migrations
from rustok.server.settings import Settings


class Result:
    """What a command line left behind."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def data(self) -> Any:
        """stdout as JSON."""
        return json.loads(self.out)

    @property
    def problem(self) -> Any:
        """stderr as JSON."""
        return json.loads(self.err)


class Cli:
    """Runs command lines as the script does."""

    def __init__(self, settings: Settings, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = settings
        self._capsys = capsys

    def run(self, *args: str) -> Result:
        self._capsys.readouterr()
        code = main.run(args)
        out, err = self._capsys.readouterr()
        assert "Traceback" not in err, err
        return Result(code, out, err)

    def ok(self, *args: str) -> Result:
        """As `run`, of a command that must succeed."""
        result = self.run(*args)
        assert result.code == 0, result.err
        return result

    def json(self, *args: str) -> Any:
        """The result of a command that must succeed."""
        return self.ok(*args, "--json").data

    def tenant(self, slug: str = "acme") -> Any:
        return self.json("tenant", "create", slug)


@pytest.fixture
def cli(
    database_settings: Settings,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Iterator[Cli]:
    """The schema comes from the tests' template, so the revisions are said to be in place."""
    database = database_settings.database
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUSTOK_CONFIG", raising=False)
    monkeypatch.setenv("RUSTOK_DATABASE__URL", str(database.url))
    monkeypatch.setenv("RUSTOK_DATABASE__SYSTEM_URL", str(database.system_url or ""))
    monkeypatch.setenv("RUSTOK_DATABASE__SQLITE_SYNCHRONOUS", "OFF")
    monkeypatch.setenv("RUSTOK_SECURITY__SECRET_KEY", "test-" + "k" * 43)
    monkeypatch.setenv("RUSTOK_MEDIA__ROOT", str(tmp_path / "media"))
    monkeypatch.setenv("RUSTOK_EVENTS__MAX_ATTEMPTS", "3")

    async def in_place(*_: object) -> str:
        return "0001"

    monkeypatch.setattr(migrations, "head", lambda: "0001")
    monkeypatch.setattr(migrations, "current", in_place)
    handlers = logging.getLogger().handlers[:]
    yield Cli(database_settings, capsys)
    # A command sends logs to the stderr it was given, and that one ends with the test.
    logging.getLogger().handlers[:] = handlers
    structlog.reset_defaults()
