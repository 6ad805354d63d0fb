"""The `rustok` command: finds the sub-command and turns every failure into an exit code.

Sub-commands are imported when they are called, never for `--help`; their one-line help stands in
`COMMANDS`. No command is written here.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

import rustok
from rustok.cli.invocation import (
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    EXIT_OK,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
    Invocation,
    quick_imports,
    report,
    to_json,
)
from rustok.core.errors import RustokError


class Entry(NamedTuple):
    """Where a sub-command is (`module:attribute`) and what `rustok --help` says of it."""

    target: str
    summary: str


COMMANDS: dict[str, Entry] = {
    "serve": Entry("rustok.cli.serve:serve", "Serve HTTP, with relay and jobs inside."),
    "worker": Entry("rustok.cli.serve:worker", "Run relay, consumers and jobs apart."),
    "demo": Entry("rustok.cli.demo:demo", "Serve a shop and a magazine with sample data."),
    "migrate": Entry("rustok.cli.serve:migrate", "Bring the database schema to a revision."),
    "tenant": Entry("rustok.cli.tenant:tenant", "Create, show and change tenants."),
    "user": Entry("rustok.cli.user:user", "Make staff accounts, disable them, reset passwords."),
    "apikey": Entry("rustok.cli.apikey:apikey", "Make, list and revoke API keys."),
    "keys": Entry(
        "rustok.cli.keys:keys", "Replace the keys that sign tokens and that seal secrets."
    ),
    "events": Entry("rustok.cli.events:events", "Read the event log, mend failed deliveries."),
    "audit": Entry("rustok.cli.audit:audit", "Read and verify the audit log; check events."),
    "export": Entry("rustok.cli.export:export", "Write a tenant's data to a file."),
    "import": Entry(
        "rustok.cli.imports:import_group", "Bring in exports of Shopify, WooCommerce, WordPress."
    ),
    "index": Entry("rustok.cli.index:index", "Build the read models of the storefront anew."),
    "webhooks": Entry(
        "rustok.cli.webhooks:webhooks_group", "Show webhook deliveries, send again, send a test."
    ),
    "mail": Entry("rustok.cli.mail:mail_group", "Show mails, send one again, send a test."),
    "cdn": Entry("rustok.cli.cdn:cdn_group", "Purge copies at the CDN, show what waits for it."),
    "db": Entry("rustok.cli.db:db_group", "Show tables, bring large ones into partitions."),
    "trace": Entry("rustok.cli.trace:trace", "Follow one order through all that is recorded."),
    "config": Entry("rustok.cli.config:config", "Show and check the settings."),
    "doctor": Entry(
        "rustok.cli.doctor:doctor", "Check all a deployment needs; say how to mend it."
    ),
    "bench": Entry("rustok.cli.bench:bench", "Load a running server and measure it."),
    "debug": Entry("rustok.cli.debug:debug", "Look into running processes."),
    "lifecycle": Entry(
        "rustok.cli.lifecycle:lifecycle", "Show states and steps of orders and more."
    ),
}

EPILOG = (
    "--json may stand anywhere before a lone --. "
    "Exit codes: 0 done, 1 failed, 2 wrong usage or settings, 3 a service does not answer."
)


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports the one that is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted({*COMMANDS, *super().list_commands(ctx)})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = COMMANDS.get(cmd_name)
        if entry is None:
            return super().get_command(ctx, cmd_name)
        module, _, attribute = entry.target.partition(":")
        with quick_imports():
            command = getattr(importlib.import_module(module), attribute)
        if not isinstance(command, click.Command):
            raise TypeError(f"{entry.target} is not a command")
        return command

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in sorted(COMMANDS.items())])

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        end = args.index("--") if "--" in args else len(args)
        if "--json" in args[:end]:
            args = ["--json", *(a for a in args[:end] if a != "--json"), *args[end:]]
        return super().parse_args(ctx, args)


@click.group(cls=LazyGroup, epilog=EPILOG, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(rustok.__version__, prog_name="rustok")
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file; default: RUSTOK_CONFIG, then rustok.toml.",
)
@click.option("--json", "as_json", is_flag=True, help="Print results and problems as JSON.")
@click.pass_context
def root(ctx: click.Context, config_file: Path | None, as_json: bool) -> None:
    """RusToK: content and commerce for many tenants on one deployment."""
    # A command of a test may bring its own invocation.
    if ctx.obj is None:
        ctx.obj = Invocation(config=config_file, as_json=as_json)


def run(args: Sequence[str]) -> int:
    """Run one command line and give its exit code; nothing is raised but SystemExit of others."""
    as_json = "--json" in args
    try:
        # With standalone_mode off, an exit asked for by click (ctx.exit) is the return value.
        outcome = root.main(list(args), prog_name="rustok", standalone_mode=False)
    except click.exceptions.NoArgsIsHelpError as help_wanted:
        click.echo(help_wanted.format_message())
        return EXIT_USAGE
    except click.UsageError as error:
        if as_json:
            problem = {"title": "Wrong usage", "code": "usage", "detail": error.format_message()}
            click.echo(to_json(problem), err=True)
        else:
            error.show()
        return EXIT_USAGE
    except click.ClickException as error:
        error.show()
        return EXIT_FAILED
    except (click.Abort, KeyboardInterrupt):
        click.echo("Stopped.", err=True)
        return EXIT_INTERRUPTED
    except RustokError as error:
        return report(error, as_json=as_json)
    except ConnectionError as error:
        click.echo(f"Error: a service does not answer ({error}). Run: rustok doctor", err=True)
        return EXIT_UNAVAILABLE
    return outcome if isinstance(outcome, int) else EXIT_OK


def main() -> None:
    """Entry point of the `rustok` script."""
    sys.exit(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
