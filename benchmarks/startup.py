"""Cold start and idle memory of the server with the demo's data.

Run: python -m benchmarks.startup [--runs 5]. Prepares var/demo when it is missing, then starts
`rustok serve` on it again and again: seconds from the start of the process to the first 200 of
`/health/ready` and of the shop's front page, the processor time used until it was ready (which a busy
machine stretches least), and resident memory after two idle seconds. A run before them writes the
bytecode, which an installation has. Memory is RSS: libraries that other processes share count whole,
so that the figure does not hang on what else runs. Medians count; `import` is a bare
`python -c "import rustok.server.serving"`.
"""

from __future__ import annotations

import argparse
import signal
import socket
import statistics
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.figures import Figure
from benchmarks.servers import surroundings

DEMO = Path("var/demo")


class Start(NamedTuple):
    """What one start took: seconds, seconds of a processor, and megabytes (10^6 bytes)."""

    ready_seconds: float
    page_seconds: float
    processor_seconds: float
    memory_mb: float


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, started: float, headers: dict[str, str]) -> float:
    """Seconds since `started` until `url` answers 200."""
    while time.perf_counter() - started < 60:
        try:
            request = urllib.request.Request(url, headers=headers)
            with urllib.request.urlopen(request, timeout=5) as answer:
                if answer.status == 200:
                    return time.perf_counter() - started
        except (urllib.error.URLError, OSError):
            time.sleep(0.005)
    raise SystemExit(f"{url} does not answer")


def one_run() -> Start:
    """One server, started and stopped."""
    port = free_port()
    environment = {
        **surroundings(),
        "RUSTOK_DATABASE__URL": f"sqlite:///{DEMO}/rustok.sqlite3",
        "RUSTOK_HTTP__PORT": str(port),
        "RUSTOK_TELEMETRY__LOG_LEVEL": "WARNING",
    }
    started = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-m", "rustok.cli.main", "serve"],
        env=environment,
        stderr=subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        ready = wait_for(f"{base}/health/ready", started, {})
        used = psutil.Process(process.pid).cpu_times()
        page = wait_for(f"{base}/", started, {"X-Tenant": "nordlicht"})
        time.sleep(2)
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        memory = sum(one.memory_info().rss for one in tree) / 1e6
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    return Start(ready, page, used.user + used.system, memory)


def prepare() -> None:
    """The demo's data, once."""
    if not (DEMO / "rustok.sqlite3").exists():
        command = [sys.executable, "-m", "rustok.cli.main", "demo", "--seed-only"]
        subprocess.run(command, env=surroundings(), check=True)


def measure(runs: int) -> list[Start]:
    """So many starts, after one that is not counted."""
    prepare()
    one_run()
    return [one_run() for _ in range(runs)]


def figures(runs: int) -> list[Figure]:
    """Cold start and idle memory beside their goals."""
    measured = measure(runs)
    ready = statistics.median(one.ready_seconds for one in measured)
    page = statistics.median(one.page_seconds for one in measured)
    memory = statistics.median(one.memory_mb for one in measured)
    return [
        Figure(name="cold start to ready", ours=ready, unit="s", at_most=1.0),
        Figure(name="cold start to the front page", ours=page, unit="s"),
        Figure(name="idle memory", ours=memory, unit="MB", at_most=120.0),
    ]


def main() -> None:
    arguments = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--runs", type=int, default=5)
    runs = arguments.parse_args().runs
    measured = measure(runs)
    imports: list[float] = []
    for _ in range(runs):
        started = time.perf_counter()
        command = [sys.executable, "-c", "import rustok.server.serving"]
        subprocess.run(command, env=surroundings(), check=True)
        imports.append(time.perf_counter() - started)
    for name, values, unit in (
        ("import", imports, "s"),
        ("ready", [one.ready_seconds for one in measured], "s"),
        ("front page", [one.page_seconds for one in measured], "s"),
        ("processor", [one.processor_seconds for one in measured], "s"),
        ("idle memory", [one.memory_mb for one in measured], "MB"),
    ):
        print(
            f"{name:<12} median {statistics.median(values):7.2f} {unit}   "
            f"(min {min(values):.2f}, max {max(values):.2f}, {len(values)} runs)"
        )


if __name__ == "__main__":
    main()
