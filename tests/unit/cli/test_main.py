"""The command line: exit codes, errors on one line, JSON, lazy imports."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import click
import pytest

from rustok.cli import main
from rustok.cli.main import COMMANDS, Entry, run
from rustok.core.errors import Conflict, Unavailable


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUSTOK_CONFIG", raising=False)


@click.command()
@click.argument("how")
def fails(how: str) -> None:
    """A command that ends in the way asked for."""
    endings: dict[str, BaseException] = {
        "conflict": Conflict("The shop is closed."),
        "unavailable": Unavailable("The database is away."),
        "connection": ConnectionRefusedError("port 5432"),
        "interrupt": KeyboardInterrupt(),
        "exit": click.exceptions.Exit(7),
        "usage": click.BadParameter("no such thing"),
    }
    raise endings[how]


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(COMMANDS, "fails", Entry(f"{__name__}:fails", "Fails."))


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize(
    ("how", "code"),
    [
        ("conflict", 1),
        ("usage", 2),
        ("unavailable", 3),
        ("connection", 3),
        ("exit", 7),
        ("interrupt", 130),
    ],
)
def test_each_failure_has_its_exit_code_and_no_traceback(
    how: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["fails", how]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert "Traceback" not in err


@pytest.mark.usefixtures("failing")
def test_an_error_is_one_line_with_its_mend(capsys: pytest.CaptureFixture[str]) -> None:
    run(["fails", "conflict"])
    err = capsys.readouterr().err
    assert err == f"Error: The shop is closed. {Conflict.mend}\n"


@pytest.mark.usefixtures("failing")
@pytest.mark.parametrize("args", [["--json", "fails", "conflict"], ["fails", "conflict", "--json"]])
def test_with_json_anywhere_an_error_is_a_problem(
    args: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(args) == 1
    problem = json.loads(capsys.readouterr().err)
    assert problem["code"] == "conflict"
    assert problem["status"] == 409


def test_an_unknown_command_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["frobnicate"]) == 2
    assert "No such command 'frobnicate'" in capsys.readouterr().err
    assert run(["frobnicate", "--json"]) == 2
    assert json.loads(capsys.readouterr().err)["code"] == "usage"


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 2
    assert "Commands:" in capsys.readouterr().out


def test_help_and_version_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0
    assert run(["--version"]) == 0
    out = capsys.readouterr().out
    assert all(name in out for name in COMMANDS)
    assert "rustok, version" in out


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_listed_command_exists_and_has_help(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([name, "--help"]) == 0
    assert f"rustok {name}" in capsys.readouterr().out


def test_bad_settings_are_listed_one_per_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUSTOK_HTTP__PORT", "x")
    monkeypatch.setenv("RUSTOK_NOPE", "1")
    assert run(["config", "show"]) == 2
    err = capsys.readouterr().err
    assert err.count("\n  - ") == 2


def _seconds_of_children() -> float:
    """Processor time, which a busy machine does not stretch as it does a wall clock."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def test_help_imports_no_heavy_library_and_is_fast() -> None:
    program = (
        "import sys\nfrom rustok.cli.main import run\ncode = run(['--help'])\n"
        "heavy = {'sqlalchemy', 'asyncpg', 'starlette', 'granian', 'structlog', 'babel', 'rich'}\n"
        "loaded = heavy & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else code)"
    )
    seconds: list[float] = []
    for _ in range(3):
        began = _seconds_of_children()
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
        seconds.append(_seconds_of_children() - began)
        assert done.returncode == 0, done.stderr
    # The promise is 200 ms on an idle machine; the imports above are what keeps it.
    assert min(seconds) < 1.0


def test_a_server_imports_nothing_that_only_some_requests_need() -> None:
    program = (
        "import sys\nimport rustok.cli.serve, rustok.server.serving\n"
        "rare = {'alembic', 'asyncpg', 'email_validator', 'httpx', 'joserfc', 'nats', 'redis', 'rich', 'stripe'}\n"
        "loaded = rare & set(sys.modules)\n"
        "sys.exit(f'loaded: {loaded}' if loaded else 0)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_command_table_entry_that_is_no_command_is_a_bug(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(COMMANDS, "odd", Entry(f"{main.__name__}:run", "Odd."))
    with pytest.raises(TypeError, match="is not a command"):
        run(["odd"])


def test_a_reader_that_goes_away_ends_it_in_silence() -> None:
    read_end, write_end = os.pipe()
    os.close(read_end)
    program = "import sys\nfrom rustok.cli.main import run\nsys.exit(run(['config', 'show']))"
    # -u writes at once, so the closed pipe is met inside the command and not at exit.
    command = [sys.executable, "-u", "-c", program]
    done = subprocess.run(command, stdout=write_end, stderr=subprocess.PIPE, text=True)
    os.close(write_end)
    assert (done.returncode, done.stderr) == (1, "")
