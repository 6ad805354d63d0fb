"""Unplugs what the server leans on, one at a time and all together, and times what shoppers notice.

    python -m tests.chaos.unplug [--seconds 12] [--only storage --only all] [--json file]

A real server process stands on PostgreSQL, JetStream, Redis, an S3-compatible store and an SMTP
relay, each behind a small proxy that can be cut (`refused`) or stop carrying (`hangs`). Under light
load it measures storefront reads, checkouts and uploads, with circuit breakers and without, and the
seconds until everything is right again after the plug is back in.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import msgspec

from rustok.telemetry import logs
from tests.chaos.unplug_scene import DEPENDENCIES, Row, scene
from tests.unplugging import Mode

HEAD: Final = (
    f"{'breakers':8}{'unplugged':10}{'how':9}"
    + "  ".join(f"{kind:>6} {'p99':>6} {'late':>6}" for kind in ("read", "order", "upload"))
    + "   recovery  answers"
)


async def measure(
    folder: Path,
    *,
    breakers: bool,
    which: Sequence[Sequence[str]],
    modes: Sequence[Mode],
    seconds: float,
    storage_seconds: float,
    tell: Callable[[Row], None],
) -> list[Row]:
    """The rows of one server, with its breakers or without."""
    rows: list[Row] = []
    async with scene(folder, breakers=breakers, storage_seconds=storage_seconds) as made:
        rows.append(msgspec.structs.replace(await made.quiet(min(seconds, 5.0)), breakers=breakers))
        tell(rows[-1])
        for names in which:
            for mode in modes:
                row = await made.unplug(names, mode, seconds=seconds)
                rows.append(msgspec.structs.replace(row, breakers=breakers))
                tell(rows[-1])
        for line in made.crashes():
            print(line, file=sys.stderr)
    return rows


def main() -> None:
    logs.configure(level="ERROR", log_format="console")
    logging.getLogger("werkzeug").setLevel(
        logging.ERROR
    )  # the store of the tests tells every request
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--seconds", type=float, default=12.0, help="unplugged for so long")
    parser.add_argument("--only", action="append", choices=[*DEPENDENCIES, "all"])
    parser.add_argument(
        "--storage-seconds", type=float, default=10.0, help="storage.timeout_seconds"
    )
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    wanted = given.only or [*DEPENDENCIES, "all"]
    which = [DEPENDENCIES if name == "all" else (name,) for name in wanted]
    rows: list[Row] = []
    print(HEAD)
    for breakers in (True, False):
        with tempfile.TemporaryDirectory() as folder:
            rows += asyncio.run(
                measure(
                    Path(folder),
                    breakers=breakers,
                    which=which,
                    modes=("refused", "hangs"),
                    seconds=given.seconds,
                    storage_seconds=given.storage_seconds,
                    tell=lambda row: print(row.line(), flush=True),
                )
            )
    if given.json is not None:
        given.json.write_bytes(msgspec.json.encode(rows))


if __name__ == "__main__":
    main()
