"""`rustok lifecycle`: prints the states and steps things may take, from their declarations.

It reads no row and knows no lifecycle by name.
"""

from __future__ import annotations

import difflib
import importlib
from collections.abc import Mapping

import click

from rustok.cli.invocation import Invocation
from rustok.core.errors import InvalidInput
from rustok.core.machine import Lifecycle, Transition, lifecycles

# Importing the list of modules imports every feature, and that declares its lifecycles.
FEATURES = "rustok.server.modules"


class UnknownLifecycle(InvalidInput):
    """No feature declares a lifecycle of this name."""

    code = "lifecycle_unknown"
    title = "There is no such lifecycle"
    mend = "Run `rustok lifecycle list`."

    def __init__(self, name: str, known: Mapping[str, Lifecycle]) -> None:
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" Did you mean '{near[0]}'?" if near else ""
        super().__init__(
            f"No lifecycle is called '{name}'.{hint}", extensions={"known": sorted(known)}
        )


@click.group()
def lifecycle() -> None:
    """Show states and steps of orders, nodes and more."""


@lifecycle.command("list")
@click.pass_obj
def list_lifecycles(invocation: Invocation) -> None:
    """List all lifecycles with their states."""
    known = declared()
    invocation.emit(
        {name: list(machine.states) for name, machine in known.items()},
        lambda: "\n".join(f"{name:<14} {' '.join(m.states)}" for name, m in known.items()),
    )


@lifecycle.command()
@click.argument("name")
@click.option("--mermaid", is_flag=True, help="Print the diagram only, for a Markdown page.")
@click.pass_obj
def show(invocation: Invocation, name: str, mermaid: bool) -> None:
    """Show the lifecycle NAME: states, steps, guards, events and its diagram."""
    known = declared()
    machine = known.get(name)
    if machine is None:
        raise UnknownLifecycle(name, known)
    invocation.emit(as_data(machine), machine.mermaid if mermaid else lambda: as_text(machine))


def declared() -> dict[str, Lifecycle]:
    """Every lifecycle of every feature."""
    importlib.import_module(FEATURES)
    return lifecycles()


def as_data(machine: Lifecycle) -> dict[str, object]:
    """The declaration and its diagram, for --json."""
    return {
        "name": machine.name,
        "initial": machine.initial,
        "states": list(machine.states),
        "final": list(machine.final),
        "transitions": list(machine.transitions),
        "allowed_actions": {state: list(machine.allowed(state)) for state in machine.states},
        "mermaid": machine.mermaid(),
    }


def as_text(machine: Lifecycle) -> str:
    """For people: one line a step, then what is possible from each state, then the diagram."""
    width = max((len(state) for state in machine.states), default=0)
    states = [f"  {state:<{width}}  {_ways_out(machine, state)}" for state in machine.states]
    return "\n".join(
        [
            f"{machine.name}: begins {machine.initial}",
            "",
            "Steps",
            *(f"  {_step(step)}" for step in machine.transitions),
            "",
            "Possible from",
            *states,
            "",
            machine.mermaid(),
        ]
    )


def _ways_out(machine: Lifecycle, state: str) -> str:
    return ", ".join(machine.allowed(state)) or "nothing: it is final"


def _step(step: Transition) -> str:
    guard = f"  if {step.guard}" if step.guard else ""
    event = f"  emits {step.event}" if step.event else ""
    return f"{step.action}: {', '.join(step.sources)} -> {step.target}{guard}{event}"
