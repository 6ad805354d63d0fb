"""A door into a running process for its own operator: tasks and log level, over a local socket.

The socket lies in a folder only the user who runs the process may enter; who can open it could as
well stop the process. Refuses: the network, secrets, and changes that outlive the process.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import tempfile
import time
from pathlib import Path
from typing import Final, Literal

import msgspec

import rustok
from rustok.telemetry import logs, runtime
from rustok.telemetry.logs import LogLevel, get_logger
from rustok.telemetry.runtime import TaskView

MAX_LINE_BYTES: Final = 64 * 1024
ANSWER_SECONDS: Final = 5.0

log = get_logger("rustok.control")


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What is asked of a process; `level` goes with log-level."""

    what: Literal["describe", "tasks", "log-level"]
    level: LogLevel | None = None


class Told(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a process says."""

    pid: int
    role: str
    version: str
    uptime_seconds: int
    log_level: str
    tasks: list[TaskView] = []


def control_folder() -> Path:
    """Where the sockets of this user's processes are.

    Raises:
        PermissionError: somebody else owns the folder or may enter it.
    """
    base = Path(os.environ.get("XDG_RUNTIME_DIR") or tempfile.gettempdir())
    folder = base / f"rustok-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    found = folder.stat()
    if found.st_uid != os.getuid() or found.st_mode & 0o077 or folder.is_symlink():
        raise PermissionError(f"{folder} must belong to this user alone (mode 0700)")
    return folder


class Control:
    """Args:
    role: what the process does: serve, worker or web.
    """

    def __init__(self, role: str) -> None:
        self._role = role
        self._started_at = time.monotonic()
        self._server: asyncio.Server | None = None
        self._path: Path | None = None

    async def open(self) -> None:
        """Take questions; without a folder for it the process goes on without."""
        try:
            self._path = control_folder() / f"{os.getpid()}.sock"
            self._path.unlink(missing_ok=True)
            self._server = await asyncio.start_unix_server(
                self._serve, self._path, limit=MAX_LINE_BYTES
            )
        except OSError as error:
            log.warning("control.unavailable", reason=type(error).__name__)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._path is not None:
            self._path.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(ANSWER_SECONDS):
                ask = msgspec.json.decode(await reader.readline(), type=Ask)
                writer.write(msgspec.json.encode(self.answer(ask)) + b"\n")
                await writer.drain()
        except (TimeoutError, OSError, ValueError, msgspec.DecodeError):
            pass
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    def answer(self, ask: Ask) -> Told:
        """Do what is asked."""
        if ask.what == "log-level" and ask.level is not None:
            before = logs.level_in_force()
            logs.set_level(ask.level)
            log.warning("control.log_level", before=before, after=ask.level)
        return Told(
            pid=os.getpid(),
            role=self._role,
            version=rustok.__version__,
            uptime_seconds=int(time.monotonic() - self._started_at),
            log_level=logs.level_in_force(),
            tasks=runtime.tasks() if ask.what == "tasks" else [],
        )


async def ask(path: Path, question: Ask) -> Told:
    """Put a question to the process behind a socket.

    Raises:
        OSError: nobody listens there.
        TimeoutError: the process does not answer; its loop is busy or stands still.
    """
    async with asyncio.timeout(ANSWER_SECONDS):
        reader, writer = await asyncio.open_unix_connection(path, limit=16 * 1024 * 1024)
        try:
            writer.write(msgspec.json.encode(question) + b"\n")
            await writer.drain()
            return msgspec.json.decode(await reader.readline(), type=Told)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
