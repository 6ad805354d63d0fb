"""What one run of `rustok` knows, its settings and its way of printing; it decides nothing.

A command gets it with `@click.pass_obj` and prints its result once with `emit`. Results go to
stdout; problems and progress go to stderr, so that `rustok --json … | jq` reads results only.

Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 a needed service does not answer,
130 stopped from the keyboard.
"""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

import click
import msgspec

from rustok.core.errors import InvalidInput, RustokError, Unavailable
from rustok.server import settings as settings_source
from rustok.server.settings import Loaded, Settings, SettingsInvalid

EXIT_OK: Final = 0
EXIT_FAILED: Final = 1
EXIT_USAGE: Final = 2
EXIT_UNAVAILABLE: Final = 3
EXIT_INTERRUPTED: Final = 130


@contextlib.contextmanager
def quick_imports() -> Iterator[None]:
    """Import without the cycle collector: modules live for ever, and looking through them costs a fifth of a start."""
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


class Invocation:
    """The options before the command: the settings file and whether to print JSON."""

    def __init__(self, *, config: Path | None = None, as_json: bool = False) -> None:
        self.config = config
        self.as_json = as_json

    def loaded(self, overrides: Mapping[str, object] | None = None) -> Loaded:
        """Settings with their sources; `overrides` are options of the command, by dotted key."""
        return settings_source.load_with_sources(self.config, overrides=overrides)

    def settings(self, overrides: Mapping[str, object] | None = None) -> Settings:
        return self.loaded(overrides).settings

    def emit(self, result: object, text: Callable[[], str]) -> None:
        """Print `result` as JSON, or what `text` makes of it for people."""
        click.echo(to_json(result) if self.as_json else text())

    def note(self, message: str) -> None:
        """A line of progress for people; silent with --json."""
        if not self.as_json:
            click.echo(message, err=True)


def to_json(value: object) -> str:
    """`value` as indented JSON; times, ids, structs and decimals as msgspec writes them."""
    return msgspec.json.format(msgspec.json.encode(value, enc_hook=str), indent=2).decode()


def problem_of(error: RustokError) -> dict[str, object]:
    """The problem an error is (RFC 9457 members, with `code`, `mend` and `errors` of ours)."""
    problem: dict[str, object] = {
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "code": error.code,
        "mend": error.mend,
    }
    if error.fields:
        problem["errors"] = list(error.fields)
    return problem | error.extensions


def exit_code_of(error: RustokError) -> int:
    if isinstance(error, Unavailable):
        return EXIT_UNAVAILABLE
    return EXIT_USAGE if isinstance(error, (InvalidInput, SettingsInvalid)) else EXIT_FAILED


def report(error: RustokError, *, as_json: bool) -> int:
    """Print `error` and its mend on stderr and give the exit code."""
    if as_json:
        click.echo(to_json(problem_of(error)), err=True)
    elif len(error.fields) > 1:
        click.echo(f"Error: {error.title}:", err=True)
        for field in error.fields:
            click.echo(f"  - {field.message}", err=True)
        click.echo(f"  {error.mend}", err=True)
    else:
        click.echo(f"Error: {error.detail} {error.mend}", err=True)
    return exit_code_of(error)
