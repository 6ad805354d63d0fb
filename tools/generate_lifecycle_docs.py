"""Writes docs/guides/lifecycles.md: a diagram and a table for every declared lifecycle.

Run: `python -m tools.generate_lifecycle_docs`; `--check` writes nothing and fails when it is stale.
Refuses: text of its own on any lifecycle; all of it stands in the declarations.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from rustok.core.machine import Lifecycle, Transition, lifecycles
from rustok.server.modules import all_modules

FILE: Final = Path(__file__).parents[1] / "docs" / "guides" / "lifecycles.md"
_HEAD: Final = """\
<!-- Made by tools/generate_lifecycle_docs.py from the declarations; do not edit. -->
# Lifecycles

A thing moves by named steps only. What is not listed here does not exist: the type checker refuses it
(`PendingOrder` has no `ship`), the database refuses the state by a CHECK, and the API answers 409
`illegal_transition` with `allowed_actions`. Types, checks and answers come from one declaration per thing, in
the `states.py` of its feature. The same on the command line: `rustok lifecycle show order`.

A guard is what else must hold for the step. The event is written in the transaction of the step.
"""


def page() -> str:
    """What the file should hold."""
    all_modules()  # importing the features declares their lifecycles
    listed = lifecycles().values()
    index = "\n".join(f"- [{one.name}](#{one.name.replace('_', '-')})" for one in listed)
    return "\n".join([_HEAD, index, "", *(_section(one) for one in listed)])


def _section(machine: Lifecycle) -> str:
    lines = [
        f"## {machine.name.replace('_', '-')}",
        f"Starts {machine.initial}. {_ends(machine)}",
        "",
        "```mermaid",
        machine.mermaid(),
        "```",
        "",
        "| Step | From | To | Event | Guard |",
        "|---|---|---|---|---|",
        *map(_row, machine.transitions),
        "",
    ]
    return "\n".join(lines)


def _ends(machine: Lifecycle) -> str:
    return f"Final: {', '.join(machine.final)}." if machine.final else "It has no final state."


def _row(step: Transition) -> str:
    event = f"`{step.event}`" if step.event else ""
    cells = (step.action, ", ".join(step.sources), step.target, event, step.guard or "")
    return f"| {' | '.join(cells)} |"


def main(arguments: list[str]) -> int:
    wanted = page()
    if FILE.is_file() and FILE.read_text(encoding="utf-8") == wanted:
        return 0
    if "--check" in arguments:
        print("stale: docs/guides/lifecycles.md", file=sys.stderr)
        return 1
    FILE.write_text(wanted, encoding="utf-8")
    print("docs/guides/lifecycles.md written")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
