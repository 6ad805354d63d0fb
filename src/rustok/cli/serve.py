"""`rustok serve`, `rustok worker` and `rustok migrate`: run the server, the background work, the migrations.

Refuses: unsafe production settings and a schema of another revision.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable

import click
import uvloop

from rustok.cli.invocation import Invocation, quick_imports
from rustok.core.errors import RustokError
from rustok.server import migrations
from rustok.server.platform import Duty, Platform
from rustok.server.settings import CONFIG_VARIABLE, Settings
from rustok.server.settings.safety import refuse_unsafe, with_secret_key
from rustok.telemetry import logs


class SchemaOutdated(RustokError):
    code = "schema_outdated"
    title = "The database schema is of another revision"
    mend = "Run: rustok migrate"

    def __init__(self, found: str | None, wanted: str, *, module: str | None = None) -> None:
        of = "" if module is None else f" of module {module}"
        super().__init__(
            f"The database is at revision {found or 'none'}{of}, this program needs {wanted}."
        )


async def _check_schema(settings: Settings) -> None:
    found, wanted = await migrations.current(settings), migrations.head()
    if found != wanted:
        raise SchemaOutdated(found, wanted)
    for module in await migrations.modules_behind(settings):
        raise SchemaOutdated("an earlier one", "its newest", module=module)


async def prepared(settings: Settings) -> Platform:
    """An open platform over a schema that fits; an embedded SQLite file is migrated on the way.

    Raises:
        SchemaOutdated: PostgreSQL is at another revision.
        DatabaseUnavailable: it does not answer.
    """
    if settings.database.url.is_sqlite:
        await migrations.migrate(settings)
    else:
        await _check_schema(settings)
    platform = Platform(settings)
    await platform.open()
    return platform


def checked(invocation: Invocation, overrides: dict[str, object]) -> Settings:
    """Settings fit to run with, logging configured."""
    settings = invocation.settings(overrides)
    for finding in refuse_unsafe(settings):
        invocation.note(f"Warning: {finding.key}: {finding.problem} {finding.mend}")
    settings = with_secret_key(settings)
    logs.configure(level=settings.telemetry.log_level, log_format=settings.telemetry.log_format)
    return settings


def run_on_loop(main: Callable[[], Awaitable[None]]) -> None:
    """Run on uvloop, as the server does everywhere."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:

        async def start() -> None:
            await main()

        runner.run(start())


@click.command()
@click.option("--host", help="Address to listen on.")
@click.option("--port", type=int, help="Port to listen on.")
@click.option(
    "--workers", type=int, help="Web processes; above 1 needs PostgreSQL and `rustok worker`."
)
@click.pass_obj
def serve(invocation: Invocation, host: str | None, port: int | None, workers: int | None) -> None:
    """Serve HTTP; with one process the relay and the jobs run inside it."""
    with quick_imports():
        from rustok.server import serving  # late: the web server is not needed by other commands

    settings = checked(invocation, {"http.host": host, "http.port": port, "http.workers": workers})
    serving.check_port(settings.http.host, settings.http.port)
    if settings.http.workers > 1:
        if settings.database.url.is_sqlite:
            raise click.UsageError("Several processes need PostgreSQL; SQLite is for one.")
        asyncio.run(_check_schema(settings))
        if invocation.config is not None:
            # The web processes read their settings themselves.
            os.environ[CONFIG_VARIABLE] = str(invocation.config.resolve())
        serving.serve_processes(settings)
        return

    async def main() -> None:
        platform = await prepared(settings)
        address = f"http://{settings.http.host}:{settings.http.port}"
        await serving.serve_embedded(
            platform, ready=lambda: invocation.note(f"Serving {address} (Ctrl-C stops)")
        )

    run_on_loop(main)


@click.command()
@click.option(
    "--only",
    "duties",
    type=click.Choice(["relay", "consumers", "jobs"]),
    multiple=True,
    help="Do only this; may be given more than once. Default: all three.",
)
@click.pass_obj
def worker(invocation: Invocation, duties: tuple[Duty, ...]) -> None:
    """Run relay, consumers and jobs apart from the web processes.

    With events.transport embedded the relay applies events itself; consumers are for jetstream.
    """
    from rustok.server import serving  # late: as above

    settings = checked(invocation, {})
    if duties == ("consumers",) and settings.events.transport != "jetstream":
        raise click.UsageError(
            "Consumers of their own need events.transport jetstream; the embedded relay applies events."
        )

    async def main() -> None:
        platform = await prepared(settings)
        invocation.note("Working (Ctrl-C stops)")
        await serving.work(platform, duties or serving.ALL_DUTIES)

    run_on_loop(main)


@click.command()
@click.option(
    "--to", default="head", show_default=True, help="head, base or a revision such as 0001."
)
@click.pass_obj
def migrate(invocation: Invocation, to: str) -> None:
    """Bring the database schema to a revision."""
    known = {
        path.name.split("_", 1)[0] for path in (migrations.folder() / "versions").glob("0*_*.py")
    }
    if to not in ("head", "base", *known):
        raise click.UsageError(f"There is no revision {to!r}.")
    settings = with_secret_key(invocation.settings())
    before, after = asyncio.run(migrations.migrate(settings, to))
    result = {"before": before, "after": after, "changed": before != after}
    invocation.emit(
        result,
        lambda: (
            f"Migrated from {before or 'nothing'} to {after or 'nothing'}."
            if before != after
            else f"Nothing to do: the schema is at {after or 'nothing'}."
        ),
    )
