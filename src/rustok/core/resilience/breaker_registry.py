"""The breakers of a process by dependency, for those who guard and those who watch.

It refuses two breakers of one name: their counts would each tell half of the truth. What there are
many of (the endpoints of webhooks) stands under the name of its family, bounded in number.

    nats   redis   database   storage   mail   payments.<provider>   webhooks (a family by endpoint)
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from typing import Final

import msgspec

from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import (
    BreakerState,
    CircuitBreaker,
    Listener,
    Transition,
    dependency_failed,
)

FAMILY_LIMIT: Final = 10_000

Failure = Callable[[Exception], bool]


class DependencyView(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a dependency, for metrics, health and doctor. Totals count since the start.

    Attributes:
        breakers: how many breakers are in each state; a single breaker is in one of them.
        reason: why the last transition was made; None before the first.
        retry_after_seconds: until the next probe; the soonest of a family.
    """

    name: str
    breakers: dict[BreakerState, int]
    reason: str | None
    retry_after_seconds: float
    succeeded_total: int
    failed_total: int
    rejected_total: int

    @property
    def state(self) -> BreakerState:
        """The worst state there is."""
        for state in (BreakerState.OPEN, BreakerState.HALF_OPEN):
            if self.breakers[state]:
                return state
        return BreakerState.CLOSED

    def describe(self) -> str:
        """Some words for health and doctor."""
        open_ones, many = self.breakers[BreakerState.OPEN], sum(self.breakers.values())
        if many > 1 and open_ones:
            words = f"{open_ones} of {many} open"
        elif many != 1:
            words = "closed"
        else:
            words = str(self.state)
        if self.state is BreakerState.CLOSED:
            return words
        again = f"; probed again in {self.retry_after_seconds:.1f} s" if open_ones else ""
        return f"{words}: {self.reason}{again}"


class _Dependency:
    """The breakers under one name; one, or the members of a family."""

    __slots__ = ("gone", "members", "reason")

    def __init__(self) -> None:
        self.members: dict[Hashable, CircuitBreaker] = {}
        self.reason: str | None = None
        self.gone = [0, 0, 0]  # totals of members that left, so that counts never fall

    def drop(self, key: Hashable) -> None:
        member = self.members.pop(key, None)
        if member is not None:
            seen = member.snapshot()
            for place, more in enumerate(
                (seen.succeeded_total, seen.failed_total, seen.rejected_total)
            ):
                self.gone[place] += more

    def view(self, name: str) -> DependencyView:
        states = dict.fromkeys(BreakerState, 0)
        waits: list[float] = []
        totals = list(self.gone)
        for member in self.members.values():
            seen = member.snapshot()
            states[seen.state] += 1
            if seen.state is BreakerState.OPEN:
                waits.append(seen.retry_after_seconds)
            totals[0] += seen.succeeded_total
            totals[1] += seen.failed_total
            totals[2] += seen.rejected_total
        return DependencyView(
            name=name,
            breakers=states,
            reason=self.reason,
            retry_after_seconds=min(waits, default=0.0),
            succeeded_total=totals[0],
            failed_total=totals[1],
            rejected_total=totals[2],
        )


class BreakerFamily:
    """Breakers of one kind by key, of which the longest unused leaves past `limit`."""

    __slots__ = ("_dependency", "_limit", "_make", "name")

    def __init__(
        self,
        name: str,
        dependency: _Dependency,
        make: Callable[[], CircuitBreaker],
        *,
        limit: int,
    ) -> None:
        self.name = name
        self._dependency, self._make, self._limit = dependency, make, limit

    def of(self, key: Hashable) -> CircuitBreaker:
        """The breaker of `key`, made on first use."""
        members = self._dependency.members
        found = members.pop(key, None)
        if found is None:
            if len(members) >= self._limit:
                self._dependency.drop(next(iter(members)))
            found = self._make()
        members[key] = found  # last again: what is first has waited longest
        return found

    def forget(self, key: Hashable) -> None:
        """Drop the breaker of something that is gone."""
        self._dependency.drop(key)

    def resting(self) -> list[Hashable]:
        """The keys whose circuit is open and not yet due for a probe."""
        return [
            key
            for key, member in self._dependency.members.items()
            if member.state is BreakerState.OPEN and member.snapshot().retry_after_seconds > 0
        ]

    def __len__(self) -> int:
        return len(self._dependency.members)


class BreakerRegistry:
    """Args:
    enabled: False makes breakers that never open by themselves, for tests and benchmarks that
        measure what a breaker is worth.
    """

    def __init__(self, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._dependencies: dict[str, _Dependency] = {}
        self._families: dict[str, BreakerFamily] = {}
        self._asked: dict[str, BreakerSettings] = {}
        self._listeners: tuple[Listener, ...] = ()

    def breaker(
        self,
        name: str,
        settings: BreakerSettings | None = None,
        *,
        is_failure: Failure = dependency_failed,
    ) -> CircuitBreaker:
        """The breaker of `name`, made when there is none yet.

        Args:
            settings: None takes the breaker as it is, or the defaults.

        Raises:
            ValueError: the breaker exists with other settings, or `name` is a family.
        """
        if name in self._families:
            raise ValueError(f"{name!r} is a family of breakers")
        known = self._dependencies.get(name)
        if known is not None:
            if settings is not None and settings != self._asked[name]:
                raise ValueError(f"breaker {name!r} exists with other settings")
            return known.members[name]
        self._asked[name] = settings or BreakerSettings()
        dependency = self._dependencies[name] = _Dependency()
        made = self._make(name, self._asked[name], is_failure)
        dependency.members[name] = made
        return made

    def family(
        self,
        name: str,
        settings: BreakerSettings,
        *,
        is_failure: Failure = dependency_failed,
        limit: int = FAMILY_LIMIT,
    ) -> BreakerFamily:
        """The breakers of a kind of thing there are many of; the same family at each call.

        Raises:
            ValueError: the family exists with other settings, or `name` is a single breaker.
        """
        known = self._families.get(name)
        if known is not None:
            if settings != self._asked[name]:
                raise ValueError(f"breakers {name!r} exist with other settings")
            return known
        if name in self._dependencies:
            raise ValueError(f"{name!r} is a single breaker")
        self._asked[name] = settings
        dependency = self._dependencies[name] = _Dependency()
        made = self._families[name] = BreakerFamily(
            name, dependency, lambda: self._make(name, settings, is_failure), limit=limit
        )
        return made

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Call `listener` after every transition of any breaker; returns how to stop it.

        The transitions of a family come under the family's name.
        """
        self._listeners = (*self._listeners, listener)

        def unsubscribe() -> None:
            self._listeners = tuple(one for one in self._listeners if one is not listener)

        return unsubscribe

    def views(self) -> list[DependencyView]:
        """Every dependency, by name."""
        return [one.view(name) for name, one in sorted(self._dependencies.items())]

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(self._dependencies))

    def _make(self, name: str, settings: BreakerSettings, is_failure: Failure) -> CircuitBreaker:
        if not self.enabled:
            settings = msgspec.structs.replace(
                settings, consecutive_failures=None, failure_rate=None, slow_call_rate=None
            )
        return CircuitBreaker(name, settings, is_failure=is_failure, listeners=(self._heard,))

    def _heard(self, transition: Transition) -> None:
        self._dependencies[transition.name].reason = transition.reason
        for listener in self._listeners:
            listener(transition)
