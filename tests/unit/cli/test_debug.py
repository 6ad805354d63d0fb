"""`rustok debug`: a running process tells its tasks and changes how much it logs; strangers stay out."""

from __future__ import annotations

import asyncio
import contextlib
import io
import json
import os
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from rustok import __version__
from rustok.cli.main import run
from rustok.server.control import Ask, Control, control_folder
from rustok.telemetry import logs


@pytest.fixture(autouse=True)
def folder(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    # A short one: the path of a socket has at most 107 characters.
    with tempfile.TemporaryDirectory(prefix="rk-") as name:
        monkeypatch.setenv("XDG_RUNTIME_DIR", name)
        yield control_folder()
    logs.configure()


@pytest.fixture
async def control(folder: Path) -> AsyncIterator[Control]:
    running = Control("serve")
    await running.open()
    yield running
    await running.close()
    assert os.listdir(folder) == []  # noqa: PTH208 - nothing is left


async def rustok(*arguments: str) -> tuple[int, str]:
    """Exit code and output of a command on a thread of its own, while this loop answers."""
    said = io.StringIO()

    def work() -> int:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return run(arguments)

    return await asyncio.to_thread(work), said.getvalue()


async def asked(*arguments: str) -> list[dict[str, Any]]:
    code, text = await rustok("--json", "debug", *arguments)
    assert code == 0, text
    found: list[dict[str, Any]] = json.loads(text)
    return found


async def test_a_running_process_says_what_it_is(control: Control) -> None:
    (told,) = await asked("processes")
    assert told["pid"] == os.getpid()
    assert (told["role"], told["version"]) == ("serve", __version__)
    _, text = await rustok("debug", "processes")
    assert f"{os.getpid()}  serve  version {__version__}" in text


async def test_tasks_tell_where_they_wait_and_no_values(control: Control) -> None:
    secret = "a value that stays here"

    async def wait_for_ever(word: str) -> None:
        await asyncio.sleep(3_600)
        print(word)

    task = asyncio.create_task(wait_for_ever(secret), name="waits")
    await asyncio.sleep(0)
    told = await asked("tasks", "--pid", str(os.getpid()))
    (view,) = [one for one in told[0]["tasks"] if one["name"] == "waits"]
    assert view["coroutine"].endswith("wait_for_ever")
    assert "test_debug.py" in view["stack"][0]
    assert view["stack"][-1].endswith("sleep")
    assert secret not in str(told)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_the_log_level_changes_at_once_and_the_change_is_logged(
    control: Control, capfd: pytest.CaptureFixture[str]
) -> None:
    logs.configure(level="WARNING", log_format="json")
    log = logs.get_logger("test")
    log.info("before")
    assert not logs.takes_info()
    # Not by the command: it configures logging itself, and here both are one process.
    told = control.answer(Ask(what="log-level", level="DEBUG"))
    assert told.log_level == "DEBUG"
    assert logs.takes_info()
    log.debug("after")
    messages = [json.loads(line)["message"] for line in capfd.readouterr().err.splitlines()]
    assert messages == ["control.log_level", "after"]


async def test_the_command_asks_for_the_level(control: Control) -> None:
    (told,) = await asked("log-level", "error")
    assert told["log_level"] == "ERROR"


async def test_without_a_process_the_command_says_so() -> None:
    code, text = await rustok("debug", "tasks")
    assert code != 0
    assert "no rustok process" in text
    _, text = await rustok("debug", "tasks", "--pid", "1")
    assert "with the process id 1" in text


async def test_the_socket_of_a_killed_process_is_tidied_away(folder: Path) -> None:
    left = folder / "4711.sock"
    server = await asyncio.start_unix_server(lambda _r, _w: None, left)
    server.close()
    assert left.exists()
    assert (await rustok("debug", "processes"))[0] != 0
    assert not left.exists()


async def test_nonsense_on_the_socket_harms_nobody(control: Control, folder: Path) -> None:
    for said in (b"nonsense\n", b'{"what":"shutdown"}\n', b"x" * 200_000):
        reader, writer = await asyncio.open_unix_connection(folder / f"{os.getpid()}.sock")
        with contextlib.suppress(OSError):
            writer.write(said)
            await writer.drain()
        with contextlib.suppress(OSError):
            assert await reader.read() == b""
        writer.close()
    assert len(await asked("processes")) == 1


def test_a_folder_others_may_enter_is_refused(folder: Path) -> None:
    folder.chmod(0o755)
    with pytest.raises(PermissionError, match="must belong to this user alone"):
        control_folder()
