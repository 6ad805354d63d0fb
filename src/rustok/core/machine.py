"""Lifecycles as data: one declaration makes the CHECK, the diagram, `allowed_actions` and the refusal.

The typed classes in a feature's `model.py` carry the same transitions as methods; an architecture
test holds both together. Refuses: I/O and effects; a guard is a method's argument, named here only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Final

import msgspec

from rustok.core.errors import IllegalTransition
from rustok.telemetry.tracing import SharedAttributes


class Transition(msgspec.Struct, frozen=True):
    """One named step.

    Attributes:
        action: the verb callers use.
        sources: states it starts from.
        target: the state it leads to.
        event: the event type it announces, if any.
        guard: in words, what else must hold.
    """

    action: str
    sources: tuple[str, ...]
    target: str
    event: str | None = None
    guard: str | None = None


class LifecycleError(ValueError):
    """A declaration that cannot be right: unknown or unreachable states, an ambiguous action."""


class Lifecycle:
    """A named, closed set of states and steps.

    Args:
        name: what it is the lifecycle of, singular ("order").
        initial: the state things start in.
        states: all states, in the order of a usual life.
        transitions: all steps.

    Raises:
        LifecycleError: see there.
    """

    def __init__(
        self, name: str, *, initial: str, states: Sequence[str], transitions: Sequence[Transition]
    ) -> None:
        self.name: Final = name
        self.initial: Final = initial
        self.states: Final = tuple(states)
        self.transitions: Final = tuple(transitions)
        self._check()
        self._allowed: dict[str, tuple[str, ...]] = {
            state: tuple(
                dict.fromkeys(step.action for step in self.transitions if state in step.sources)
            )
            for state in self.states
        }
        _registry[name] = self

    def _check(self) -> None:
        known = set(self.states)
        if self.initial not in known:
            raise LifecycleError(f"{self.name}: initial state {self.initial!r} is not declared")
        seen: set[tuple[str, str, str | None]] = set()
        for step in self.transitions:
            unknown = {*step.sources, step.target} - known
            if unknown:
                raise LifecycleError(f"{self.name}.{step.action}: unknown states {sorted(unknown)}")
            for source in step.sources:
                key = (source, step.action, step.guard)
                if key in seen:
                    raise LifecycleError(f"{self.name}.{step.action}: twice from {source}")
                seen.add(key)
        reached = {self.initial}
        while True:
            more = {s.target for s in self.transitions if reached & set(s.sources)} - reached
            if not more:
                break
            reached |= more
        if reached != known:
            raise LifecycleError(f"{self.name}: unreachable states {sorted(known - reached)}")

    def allowed(self, state: str) -> tuple[str, ...]:
        """The actions possible from `state`, in the order of declaration."""
        return self._allowed[state]

    @property
    def final(self) -> tuple[str, ...]:
        """States with no way out."""
        return tuple(state for state in self.states if not self._allowed[state])

    def refusal(self, state: str, action: str) -> IllegalTransition:
        """The error for `action` from `state`, listing what is possible instead."""
        return IllegalTransition(
            thing=self.name, state=state, action=action, allowed_actions=self._allowed[state]
        )

    def mermaid(self) -> str:
        """A Mermaid state diagram, the same text every time."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.initial}"]
        for step in self.transitions:
            lines += [f"    {source} --> {step.target}: {step.action}" for source in step.sources]
        lines += [f"    {state} --> [*]" for state in self.final]
        return "\n".join(lines)


_registry: dict[str, Lifecycle] = {}


def lifecycles() -> dict[str, Lifecycle]:
    """All lifecycles of the features imported so far, by name."""
    return dict(sorted(_registry.items()))


class AnnouncedStep:
    """A step by the event that announces it, as a span tells it."""

    __slots__ = ("attributes", "name")

    def __init__(self, lifecycle: str, step: Transition) -> None:
        self.name = f"{lifecycle} {step.action}"
        self.attributes = SharedAttributes(
            {
                "rustok.lifecycle": lifecycle,
                "rustok.lifecycle.action": step.action,
                "rustok.lifecycle.target": step.target,
            }
        )


@cache
def step_announced_by(event_type: str) -> AnnouncedStep | None:
    """The first declared step that announces events of this type; None where none does."""
    for lifecycle in _registry.values():
        for step in lifecycle.transitions:
            if step.event == event_type:
                return AnnouncedStep(lifecycle.name, step)
    return None
