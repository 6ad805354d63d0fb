"""The commands of the README and the guides do, on a really started demo, what the pages show.

Each page runs from its top to its end in one shell; all share one demo server. What is not below
`<!-- tested -->` (installing, starting, PostgreSQL) is not run here.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.docs.pages import Step, mismatch, steps_of

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
TESTED = [page for page in PAGES if steps_of(page)]
SHOWN_PORT = "8000"
START_SECONDS = 60
STEP_SECONDS = 30
END = "--- the step ended with "
# A page sleeps where read models follow; a busy machine may need longer than a reader's.
SLEEP = """sleep() {
  command sleep "$1"
  for try in {1..100}; do
    curl -s http://127.0.0.1:8000/health/ready | grep -q '"0 pending"' && return
    command sleep 0.2
  done
}
"""


class Demo:
    """A running demo: its port, and the folder it was started in."""

    def __init__(self, port: int, folder: Path, environment: dict[str, str]) -> None:
        self.port, self.folder, self.environment = port, folder, environment


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder, port = tmp_path_factory.mktemp("demo"), _free_port()
    program = Path(sys.executable).parent
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("RUSTOK_")},
        "PATH": f"{program}{os.pathsep}{os.environ.get('PATH', '')}",
        "LC_ALL": "C.UTF-8",
        "COLUMNS": "200",
    }
    with (folder / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [program / "rustok", "demo", "--port", str(port)],
            cwd=folder,
            env=environment,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
    try:
        _wait_until_ready(server, port, folder)
        yield Demo(port, folder, environment)
    finally:
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(timeout=30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def _wait_until_ready(server: subprocess.Popen[bytes], port: int, folder: Path) -> None:
    until = time.monotonic() + START_SECONDS
    while time.monotonic() < until:
        assert server.poll() is None, (folder / "server.log").read_text()[-3_000:]
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=2):
                return
        except OSError:
            time.sleep(0.1)
    pytest.fail(f"the demo did not start: {(folder / 'server.log').read_text()[-3_000:]}")


def _run(demo: Demo, steps: list[Step]) -> list[str]:
    """What each step printed, in one bash that keeps its variables."""
    script = "".join(
        f'{step.commands.replace(SHOWN_PORT, str(demo.port))}\nprintf "\\n{END}%s\\n" "$?"\n'
        for step in steps
    )
    done = subprocess.run(
        ["bash", "-u", "-c", script.replace(SHOWN_PORT, str(demo.port))],
        cwd=demo.folder,
        env=demo.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=STEP_SECONDS * len(steps),
    )
    printed = done.stdout.split(f"\n{END}")
    outputs = [printed[0], *(part.partition("\n")[2] for part in printed[1:])]
    assert len(outputs) == len(steps) + 1, f"the shell stopped early:\n{done.stdout[-3_000:]}"
    return outputs[:-1]


@pytest.mark.timeout(180)
@pytest.mark.parametrize("page", TESTED, ids=lambda page: page.name)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, demo: Demo) -> None:
    steps = steps_of(page)

    outputs = _run(demo, steps)

    wrong = [
        f"{step.page.name}:{step.line}: {problem}"
        for step, output in zip(steps, outputs, strict=True)
        if (problem := mismatch(step, output)) is not None
    ]
    assert not wrong, "\n\n".join(wrong)


def test_the_readme_has_the_tour_of_an_order() -> None:
    commands = "\n".join(step.commands for step in steps_of(ROOT / "README.md"))

    wanted = ("?q=", "/lines", "checkout", "step ship", "step pay", "step deliver", "events list")
    assert [step for step in wanted if step not in commands] == []
