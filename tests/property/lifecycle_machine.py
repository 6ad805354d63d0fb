"""A machine that walks a thing through its life beside a table of steps, whatever the thing is.

The table is written by hand from the design of the lifecycles, never read from the declarations, so
that a declaration and a class that are wrong together are still found out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar

import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rustok.core.events.event import Event, decode_event, encode_event
from rustok.core.ids import new_id
from rustok.core.machine import Lifecycle

START = datetime(2026, 5, 1, tzinfo=UTC)
TENANT = new_id()
SETTINGS = settings(
    max_examples=100,
    stateful_step_count=12,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)

Walk = Callable[[Any, st.DataObject, datetime], Any]
"""Take the step: (thing, data, now) -> the method's answer; None when it was rightly refused."""


@dataclass(frozen=True, kw_only=True)
class Life:
    """What the design says of one thing.

    Attributes:
        steps: state -> action -> the states it may lead to.
        walks: how to take each action.
        data: state -> the fields it has beyond those every state has.
        may_be_none: fields of states that may be empty.
        announces: (action, target) -> event type; what is missing here announces nothing.
        methods: state -> public methods that are no steps of the lifecycle.
    """

    lifecycle: Lifecycle
    begin: Callable[[datetime], Any]
    steps: dict[str, dict[str, set[str]]]
    walks: dict[str, Walk]
    data: dict[str, set[str]]
    announces: dict[tuple[str, str], str]
    may_be_none: set[str] = field(default_factory=set)
    methods: dict[str, set[str]] = field(default_factory=dict)


def public_methods(kind: type[Any]) -> set[str]:
    """The callables a class offers, without those every struct has."""
    return {
        name
        for name in dir(kind)
        if not name.startswith("_")
        and name not in kind.__struct_fields__
        and callable(getattr(kind, name))
    }


class LifeMachine(RuleBasedStateMachine):
    """Subclasses name a `life`; the model is its table and the state the walk is in."""

    life: ClassVar[Life]

    def __init__(self) -> None:
        super().__init__()
        self.now = START
        self.begin_anew()

    def begin_anew(self) -> None:
        self.thing: Any = self.life.begin(self.now)
        self.state = self.life.lifecycle.initial
        self.first = self.thing
        self.shared = set(self.thing.__struct_fields__) - self.life.data[self.state]

    @rule(minutes=st.integers(0, 10_000))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: not self.life.steps[self.state])
    @rule()
    def another_life_begins(self) -> None:
        self.begin_anew()

    @precondition(lambda self: self.life.steps[self.state])
    @rule(data=st.data())
    def a_possible_step_is_taken(self, data: st.DataObject) -> None:
        possible = self.life.steps[self.state]
        action = data.draw(st.sampled_from(sorted(possible)), label="action")
        before = self.thing
        answer = self.life.walks[action](self.thing, data, self.now)
        assert self.thing == before, "a step changes nothing in place"
        if answer is None:
            return
        after, event = answer if isinstance(answer, tuple) else (answer, None)
        assert after.state in possible[action]
        self.check_event(action, after, event)
        self.thing, self.state = after, after.state

    def check_event(self, action: str, after: Any, event: Event | None) -> None:
        expected = self.life.announces.get((action, after.state))
        if expected is None:
            assert event is None
            return
        assert event is not None
        assert event.type == expected
        assert getattr(event, event.key) == after.id
        encoded = encode_event(event, tenant_id=TENANT)
        assert decode_event(encoded.type, encoded.schema_version, encoded.data) == event

    @rule(data=st.data())
    def an_impossible_step_does_not_exist(self, data: st.DataObject) -> None:
        every = {action for steps in self.life.steps.values() for action in steps}
        action = data.draw(
            st.sampled_from(sorted(every - set(self.life.steps[self.state])) or ["vanish"])
        )
        with pytest.raises(AttributeError):
            getattr(self.thing, action)
        refusal = self.life.lifecycle.refusal(self.state, action)
        assert set(refusal.allowed_actions) == set(self.life.steps[self.state])
        assert (refusal.state, refusal.action) == (self.state, action)

    @rule()
    def nobody_changes_it_from_outside(self) -> None:
        with pytest.raises(AttributeError):
            self.thing.version = 99

    @invariant()
    def the_state_is_the_models(self) -> None:
        assert self.thing.state == self.state

    @invariant()
    def the_allowed_actions_are_the_models(self) -> None:
        told = getattr(self.thing, "allowed_actions", None)
        declared = self.life.lifecycle.allowed(self.state)
        assert set(declared) == set(self.life.steps[self.state])
        assert told is None or told == declared

    @invariant()
    def nothing_else_can_be_done(self) -> None:
        others = self.life.methods.get(self.state, set())
        assert public_methods(type(self.thing)) == set(self.life.steps[self.state]) | others

    @invariant()
    def it_has_the_data_of_its_state_and_no_others(self) -> None:
        own = self.life.data[self.state]
        assert set(self.thing.__struct_fields__) - self.shared == own
        for name in own - self.life.may_be_none:
            assert getattr(self.thing, name) is not None

    @invariant()
    def what_every_state_has_goes_along(self) -> None:
        for name in ("id", "version", "created_at"):
            assert getattr(self.thing, name) == getattr(self.first, name)

    @invariant()
    def it_reads_back_from_its_own_data(self) -> None:
        kind = type(self.thing)
        assert msgspec.convert(msgspec.structs.asdict(self.thing), kind) == self.thing


def declared_table(lifecycle: Lifecycle) -> dict[str, dict[str, set[str]]]:
    """A declaration in the shape of a table of steps."""
    table: dict[str, dict[str, set[str]]] = {state: {} for state in lifecycle.states}
    for step in lifecycle.transitions:
        for source in step.sources:
            table[source].setdefault(step.action, set()).add(step.target)
    return table
