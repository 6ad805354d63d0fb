"""`rustok debug`: looks into the running processes of this user on this machine.

Refuses: other machines and other users' processes.
"""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import msgspec

from rustok.cli.invocation import Invocation
from rustok.core.errors import RustokError
from rustok.server.control import Ask, Told, ask, control_folder
from rustok.telemetry.logs import LogLevel

LEVELS: tuple[LogLevel, ...] = ("DEBUG", "INFO", "WARNING", "ERROR")


class NothingRuns(RustokError):
    code = "nothing_runs"
    title = "No running process was found"
    mend = "Start `rustok serve` or `rustok worker` as this user, or name another --pid."

    def __init__(self, pid: int | None) -> None:
        named = f"with the process id {pid}" if pid is not None else "of this user on this machine"
        super().__init__(f"There is no rustok process {named}.")


@click.group()
def debug() -> None:
    """Look into running processes: what they do, how much they log."""


_pid = click.option("--pid", type=int, help="Only this process; default: all of this user.")


@debug.command()
@click.pass_obj
def processes(invocation: Invocation) -> None:
    """List the running processes."""
    found = _ask(Ask(what="describe"), None)
    invocation.emit(found, lambda: "\n".join(_head(one) for one in found))


@debug.command()
@_pid
@click.pass_obj
def tasks(invocation: Invocation, pid: int | None) -> None:
    """Show the tasks of the event loop and where each waits."""
    found = _ask(Ask(what="tasks"), pid)
    invocation.emit(found, lambda: "\n".join(_text(one) for one in found))


@debug.command("log-level")
@click.argument("level", type=click.Choice(LEVELS, case_sensitive=False))
@_pid
@click.pass_obj
def log_level(invocation: Invocation, level: LogLevel, pid: int | None) -> None:
    """Log more or less from now on, until the process ends."""
    found = _ask(Ask(what="log-level", level=msgspec.convert(level.upper(), LogLevel)), pid)
    invocation.emit(found, lambda: "\n".join(_head(one) for one in found))


def _ask(question: Ask, pid: int | None) -> list[Told]:
    sockets = sorted(control_folder().glob("*.sock"))
    if pid is not None:
        sockets = [one for one in sockets if one.stem == str(pid)]
    found = [told for one in sockets if (told := _one(one, question)) is not None]
    if not found:
        raise NothingRuns(pid)
    return found


def _one(path: Path, question: Ask) -> Told | None:
    try:
        return asyncio.run(ask(path, question))
    except TimeoutError:
        click.echo(f"Process {path.stem} does not answer: its event loop is busy.", err=True)
    except (OSError, msgspec.DecodeError):
        # Its process was killed and could not tidy up.
        path.unlink(missing_ok=True)
    return None


def _head(told: Told) -> str:
    return (
        f"{told.pid}  {told.role}  version {told.version}  up {told.uptime_seconds} s  "
        f"log level {told.log_level}"
    )


def _text(told: Told) -> str:
    lines = [_head(told)]
    for task in told.tasks:
        lines.append(f"  {task.name}  {task.coroutine}")
        lines += [f"      {frame}" for frame in task.stack]
    return "\n".join(lines)
