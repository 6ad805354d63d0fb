"""`rustok db`: shows the tables of PostgreSQL and brings large ones into partitions by tenant, or back.

It logs in as the owner (`database.owner_url`) and refuses SQLite.
"""

from __future__ import annotations

import asyncio

import click

from rustok.cli.invocation import Invocation
from rustok.cli.listing import columns
from rustok.core.db.partitioning import MOST_PARTITIONS
from rustok.server import partitioning
from rustok.server.partitioning import Outcome, TableView

EPILOG = """\b
Examples:
  rustok db tables
  rustok db partition --tables orders,order_lines --partitions 16 --dry-run
  rustok db partition --tables orders,order_lines --partitions 16
  rustok db partition --tables orders,order_lines --undo"""


@click.group("db", epilog=EPILOG)
def db_group() -> None:
    """Show the tables, bring large ones into partitions (PostgreSQL)."""


@db_group.command()
@click.pass_obj
def tables(invocation: Invocation) -> None:
    """List the tables, the largest first, and which can be partitioned by tenant."""
    found = asyncio.run(partitioning.list_shapes(invocation.settings()))
    invocation.emit(
        found,
        lambda: columns(
            ("TABLE", "ROWS", "MIB", "PARTITIONS", "BY TENANT"),
            [
                (one.table, one.rows, f"{one.size_bytes / 2**20:.1f}", one.partitions, _may(one))
                for one in found
            ],
            empty="There are no tables; run: rustok migrate",
        ),
    )


def _may(one: TableView) -> str:
    return f"no: {'; '.join(one.obstacles)}" if one.obstacles else "yes"


@db_group.command()
@click.option("--tables", "names", required=True, help="Tables, with commas between.")
@click.option(
    "--partitions", type=click.IntRange(2, MOST_PARTITIONS), help="How many; powers of 2 are best."
)
@click.option("--undo", is_flag=True, help="Make the tables whole again.")
@click.option("--dry-run", is_flag=True, help="Show the statements; change nothing.")
@click.option(
    "--while-serving", is_flag=True, help="Though the server runs: requests wait meanwhile."
)
@click.option(
    "--lock-seconds",
    type=click.FloatRange(0.1, 600),
    default=5.0,
    show_default=True,
    help="How long a table is waited for.",
)
@click.pass_obj
def partition(
    invocation: Invocation,
    names: str,
    partitions: int | None,
    undo: bool,
    dry_run: bool,
    while_serving: bool,
    lock_seconds: float,
) -> None:
    """Bring tables into hash partitions by tenant, one transaction each; run again, it goes on."""
    if undo == (partitions is not None):
        raise click.UsageError("Say either --partitions or --undo.")
    wanted = [name.strip() for name in names.split(",") if name.strip()]
    if not wanted:
        raise click.UsageError("--tables names no table.")
    done = asyncio.run(
        partitioning.partition(
            invocation.settings(),
            wanted,
            partitions or 0,
            dry_run=dry_run,
            while_serving=while_serving,
            lock_seconds=lock_seconds,
            progress=invocation.note,
        )
    )
    invocation.emit(done, lambda: "\n".join(_text(one) for one in done))


def _text(one: Outcome) -> str:
    if one.statements:
        return "\n".join(
            [f"-- {one.table}, about {one.rows} rows", *(f"{s};" for s in one.statements)]
        )
    now = f"{one.after} partitions" if one.after else "whole"
    return f"{one.table}: {now}{'' if one.changed else ' already'}"
