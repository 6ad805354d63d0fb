"""`rustok demo`: a shop and a magazine with sample data, served on this machine.

Refuses: production settings and databases other than its own SQLite file.
"""

from __future__ import annotations

from pathlib import Path

import click

from rustok.cli.invocation import Invocation, quick_imports
from rustok.cli.serve import checked, prepared, run_on_loop

FOLDER = Path("var/demo")


@click.command()
@click.option("--port", type=int, default=8000, show_default=True, help="Port to listen on.")
@click.option("--fresh", is_flag=True, help="Throw the demo's data away and start anew.")
@click.option("--seed-only", is_flag=True, help="Prepare the data and stop.")
@click.pass_obj
def demo(invocation: Invocation, port: int, fresh: bool, seed_only: bool) -> None:
    """Serve two tenants with sample data: the shop Nordlicht and the magazine Kante."""
    with quick_imports():
        from rustok.cli import demo_seed  # late: importers are not needed by other commands
        from rustok.server import serving  # late: as above

    overrides: dict[str, object] = {
        "environment": "development",
        "http.port": port,
        "http.public_url": f"http://127.0.0.1:{port}",
        "database.url": f"sqlite:///{FOLDER}/rustok.sqlite3",
        "media.root": str(FOLDER / "media"),
        "telemetry.log_level": "WARNING",
    }
    settings = checked(invocation, overrides)
    if not seed_only:
        serving.check_port(settings.http.host, port)
    if fresh:
        demo_seed.throw_away(FOLDER)

    async def main() -> None:
        platform = await prepared(settings)
        await demo_seed.seed(platform, FOLDER, note=invocation.note)
        if seed_only:
            await platform.close()
            return
        await serving.serve_embedded(
            platform, ready=lambda: click.echo(demo_seed.what_to_try(port), err=False)
        )

    run_on_loop(main)
