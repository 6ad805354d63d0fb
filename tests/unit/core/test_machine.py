"""Declarations of lifecycles: what cannot be right is refused where it is written."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from rustok.core import machine
from rustok.core.machine import Lifecycle, LifecycleError, Transition

OPEN = Transition("open", ("new",), "open")
CLOSE = Transition("close", ("new", "open"), "closed")


@pytest.fixture(autouse=True)
def _no_trace_in_the_register() -> Iterator[None]:
    yield
    machine._registry.pop("door", None)


def door(*steps: Transition, initial: str = "new") -> Lifecycle:
    return Lifecycle("door", initial=initial, states=("new", "open", "closed"), transitions=steps)


def test_a_declaration_says_what_is_possible_and_where_it_ends() -> None:
    made = door(OPEN, CLOSE)
    assert made.allowed("new") == ("open", "close")
    assert made.allowed("open") == ("close",)
    assert made.final == ("closed",)
    assert machine.lifecycles()["door"] is made
    refused = made.refusal("closed", "open")
    assert refused.extensions["allowed_actions"] == []
    assert made.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> new",
        "    new --> open: open",
        "    new --> closed: close",
        "    open --> closed: close",
        "    closed --> [*]",
    ]


def test_a_declaration_names_only_states_it_has() -> None:
    with pytest.raises(LifecycleError, match="initial state 'ajar' is not declared"):
        door(OPEN, CLOSE, initial="ajar")
    with pytest.raises(LifecycleError, match=r"unknown states \['ajar'\]"):
        door(OPEN, CLOSE, Transition("push", ("open",), "ajar"))
    with pytest.raises(LifecycleError, match=r"unknown states \['ajar'\]"):
        door(OPEN, CLOSE, Transition("push", ("ajar",), "open"))


def test_every_state_is_reached_and_no_step_leads_to_two() -> None:
    with pytest.raises(LifecycleError, match=r"unreachable states \['open'\]"):
        door(CLOSE)
    with pytest.raises(LifecycleError, match="twice from new"):
        door(OPEN, CLOSE, Transition("open", ("new",), "closed"))
    guarded = Transition("open", ("new",), "closed", guard="it is locked")
    assert door(OPEN, CLOSE, guarded).allowed("new") == ("open", "close")


def test_a_state_that_only_an_unreachable_one_leads_to_is_unreachable() -> None:
    with pytest.raises(LifecycleError, match=r"unreachable states \['closed', 'open'\]"):
        door(Transition("close", ("open",), "closed"), Transition("open", ("closed",), "open"))


def test_the_first_step_that_announces_an_event_is_known_by_it() -> None:
    door(
        Transition("open", ("new",), "open", event="door.opened_in_test"),
        Transition("close", ("new", "open"), "closed", event="door.closed_in_test"),
    )
    found = machine.step_announced_by("door.closed_in_test")
    assert found is not None
    assert found.name == "door close"
    assert found.attributes["rustok.lifecycle.target"] == "closed"
    assert machine.step_announced_by("door.slammed_in_test") is None
