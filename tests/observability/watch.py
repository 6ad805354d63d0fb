"""Watches the platform at work as an operator would: a real Prometheus, the deployment's rules, faults.

    python -m tests.observability.watch [--minutes 3] [--factor 60] [--only FAULT]

First the whole stack works under load for some minutes, with the rules as they are: every query of
every panel must return data, every rule must evaluate, no alert may fire. Then faults come one at a
time; each must fire the alerts meant for it and none that has nothing to do with it; one is nobody's
to mend and must stay silent. For the faults the rules' times are divided by `--factor` (an hour
becomes a minute), or it would take days.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from tests.observability.faults import FAULTS, Fault
from tests.observability.load import Load
from tests.observability.prometheus import Prometheus
from tests.observability.stack import Stack
from tools.observability.dashboards import DASHBOARDS

SURROUNDINGS: Final = ("node_", "pg_", "redis_", "probe_", "otelcol_")
"""Metrics of exporters that do not run here; rules on them are tested by promtool."""
LINGERING: Final = "BudgetBurnsSlowly"
"""These look back six hours, which are six minutes here: they are right to outlast the mend."""
UNUSED: Final = frozenset(
    {
        # Nothing of the kind happens in a healthy shop; both show 0 or nothing then.
        ("RusToK: events and outbox", "Mail"),
    }
)


def empty_panels(prometheus: Prometheus) -> list[str]:
    """Queries of panels that return nothing."""
    empty = []
    for board in DASHBOARDS:
        for panel in board.panels:
            for query in panel.queries:
                expr = query.expr.replace("$__rate_interval", "30s").replace("$__range", "3m")
                if not prometheus.query(expr) and (board.title, panel.title) not in UNUSED:
                    empty.append(f"{board.title} / {panel.title}: {query.expr}")
    return empty


def sick_rules(prometheus: Prometheus) -> list[str]:
    """Rules that do not evaluate, and recording rules without a value."""
    found = []
    for rule in prometheus.rules():
        if rule["health"] != "ok":
            found.append(f"{rule['name']}: {rule.get('lastError') or rule['health']}")
        elif rule["type"] == "recording" and not prometheus.query(rule["name"]):
            found.append(f"{rule['name']}: no value")
    return found


async def under_load(stack: Stack, folder: Path, *, seconds: float) -> list[str]:
    """Problems seen while all is well: empty panels, sick rules, alerts."""
    prometheus = Prometheus(folder, targets(stack))
    prometheus.start()
    problems: list[str] = []
    try:
        async with Load(stack.url, stack.receiver_port) as load:
            until = time.monotonic() + seconds
            while (left := until - time.monotonic()) > 0:
                _progress(f"under load, {left:.0f} s left")
                await asyncio.sleep(min(5.0, left))
                fired = await asyncio.to_thread(prometheus.firing)
                problems += [f"fires though all is well: {name} {fired[name]}" for name in fired]
                if fired:
                    break
            problems += [
                f"empty: {one}" for one in await asyncio.to_thread(empty_panels, prometheus)
            ]
            problems += await asyncio.to_thread(sick_rules, prometheus)
            asked = sum(len(panel.queries) for board in DASHBOARDS for panel in board.panels)
            print(f"\n{asked} panel queries, {len(prometheus.rules())} rules;", dict(load.statuses))
    finally:
        prometheus.stop()
    return problems


async def with_fault(stack: Stack, folder: Path, fault: Fault, *, factor: int) -> list[str]:
    """Break it, see what fires, mend it, see that it goes silent."""
    prometheus = Prometheus(folder, targets(stack), factor=factor)
    prometheus.start()
    seen: set[str] = set()
    problems: list[str] = []
    try:
        async with Load(stack.url, stack.receiver_port):
            await _quiet(prometheus)
            before = set(await asyncio.to_thread(prometheus.firing))
            if before:
                problems.append(f"{fault.name}: fires before it begins: {sorted(before)}")
            await fault.begin(stack)
            until = time.monotonic() + fault.seconds
            try:
                while time.monotonic() < until and not (fault.must and fault.must <= seen):
                    await asyncio.sleep(1)
                    seen |= set(await asyncio.to_thread(prometheus.firing))
                    _progress(f"{fault.name}: {', '.join(sorted(seen)) or 'nothing yet'}")
            finally:
                await fault.end(stack)
            silent_at = time.monotonic()
            patience = silent_at + 120
            while (firing := set(await asyncio.to_thread(prometheus.firing))) and (
                time.monotonic() < patience
            ):
                seen |= firing
                if all(name.endswith(LINGERING) for name in firing):
                    break
                await asyncio.sleep(1)
            left = {name for name in firing if not name.endswith(LINGERING)}
            if left:
                problems.append(f"{fault.name}: still fires after the mend: {sorted(left)}")
            recovered = time.monotonic() - silent_at
    finally:
        prometheus.stop()
    missing, foreign = fault.must - seen, seen - fault.must - fault.may
    if missing:
        problems.append(f"{fault.name}: does not fire: {sorted(missing)}")
    if foreign:
        problems.append(f"{fault.name}: has nothing to do with it: {sorted(foreign)}")
    print(
        f"\n{fault.name}: fired {', '.join(sorted(seen))}; silent {recovered:.0f} s after the mend"
    )
    return problems


async def _quiet(prometheus: Prometheus) -> None:
    """Some seconds of work with both processes scraped; what fires of their start ends in them."""
    until = time.monotonic() + 60
    while len(prometheus.query("up == 1")) < 2 and time.monotonic() < until:
        await asyncio.sleep(0.5)
    await asyncio.sleep(12)


def targets(stack: Stack) -> dict[str, str]:
    return {
        "rustok-serve": f"127.0.0.1:{stack.serve_port}",
        "rustok-worker": f"127.0.0.1:{stack.worker_port}",
    }


def _progress(text: str) -> None:
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)


async def watch(
    folder: Path, *, seconds: float, factor: int, faults: tuple[Fault, ...]
) -> list[str]:
    """All of it; what went wrong. Each fault meets a platform of its own, so that none inherits another's."""
    problems: list[str] = []
    if seconds > 0:
        async with Stack(_made(folder / "well")) as stack:
            problems += await under_load(stack, folder / "well" / "seen", seconds=seconds)
    for number, fault in enumerate(faults):
        place = _made(folder / f"fault{number}")
        async with Stack(place, **fault.settings) as stack:
            problems += await with_fault(stack, place / "seen", fault, factor=factor)
    return problems


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=3.0)
    parser.add_argument("--factor", type=int, default=60)
    parser.add_argument(
        "--only", action="append", help="a fault by its name; 'none' for no fault; may be repeated"
    )
    chosen = parser.parse_args()
    faults = tuple(f for f in FAULTS if not chosen.only or f.name in chosen.only)
    with tempfile.TemporaryDirectory(prefix="rustok-watch-") as folder:
        problems = asyncio.run(
            watch(Path(folder), seconds=chosen.minutes * 60, factor=chosen.factor, faults=faults)
        )
    print(
        "\n".join(problems)
        or "All queries answered, all rules well, each fault told as it should be."
    )
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
