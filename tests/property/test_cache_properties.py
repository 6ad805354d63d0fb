"""The cache driven at random beside a model: an ordered dict and the rules of an entry's life."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from dataclasses import dataclass

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from rustok.core.cache.cache import MISSING, Cache
from rustok.core.cache.settings import CacheSettings
from rustok.core.errors import NotFound, Unavailable

SETTINGS = CacheSettings(
    capacity=3,
    ttl_seconds=20.0,
    negative_ttl_seconds=5.0,
    idle_seconds=8.0,
    jitter=0.0,
    stale_seconds=15.0,
    retry_seconds=2.0,
)
KEYS = st.sampled_from(["a", "b", "c", "d", "e"])

Answer = int | None | str
"""A version, None, or the name of an error: "missing" is remembered, "down" and "bug" are not."""


@dataclass
class Kept:
    answer: Answer
    expires_at: float
    fresh_until: float
    load_not_before: float = 0.0

    @property
    def is_negative(self) -> bool:
        return self.answer is None or self.answer == "missing"

    def is_dead(self, now: float) -> bool:
        return now >= self.fresh_until + (0 if self.is_negative else SETTINGS.stale_seconds)


class CacheMachine(RuleBasedStateMachine):
    """One caller at a time: the cache must answer exactly as the model does."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.now = 1000.0
        self.version = 0
        self.source: dict[str, Answer] = {}
        self.loads = 0
        self.model: OrderedDict[str, Kept] = OrderedDict()
        self.cache: Cache[str, int | None] = Cache(
            "test", self.load, SETTINGS, clock=lambda: self.now
        )

    def teardown(self) -> None:
        self.runner.close()

    async def load(self, key: str) -> int | None:
        self.loads += 1
        answer = self.source.get(key)
        if answer == "missing":
            raise NotFound("none")
        if answer == "down":
            raise Unavailable("down")
        if isinstance(answer, str):
            raise RuntimeError(answer)
        return answer

    @rule(quarters=st.integers(1, 40))
    def time_passes(self, quarters: int) -> None:
        self.now += quarters * 0.25

    @rule(key=KEYS, kind=st.sampled_from(["version", "version", "none", "missing", "down", "bug"]))
    def the_source_changes(self, key: str, kind: str) -> None:
        self.version += 1
        self.source[key] = {"version": self.version, "none": None}.get(kind, kind)

    @rule(key=KEYS)
    def a_key_is_invalidated(self, key: str) -> None:
        self.cache.invalidate(key)
        self.model.pop(key, None)

    @rule()
    def everything_is_invalidated(self) -> None:
        self.cache.invalidate_all()
        self.model.clear()

    @rule()
    def the_dead_are_dropped(self) -> None:
        dead = [key for key, kept in self.model.items() if kept.is_dead(self.now)]
        assert self.cache.drop_dead() == len(dead)
        for key in dead:
            del self.model[key]

    @rule(key=KEYS)
    def a_key_is_read(self, key: str) -> None:
        loads_before = self.loads
        expected, loads = self.expect(key)
        try:
            seen: Answer = self.runner.run(self.cache.get(key))
        except NotFound:
            seen = "missing"
        except Unavailable:
            seen = "down"
        except RuntimeError as error:
            seen = str(error)
        assert seen == expected
        assert self.loads - loads_before == loads

    def expect(self, key: str) -> tuple[Answer, int]:
        """The answer a read must give, and how many loads it may take."""
        kept = self.model.get(key)
        if kept is not None:
            self.model.move_to_end(key)
            if self.now < kept.fresh_until:
                kept.fresh_until = min(kept.expires_at, self.now + 8.0)
                return kept.answer, 0
            if self.now < kept.load_not_before and not kept.is_dead(self.now):
                return kept.answer, 0
        answer = self.source.get(key)
        if answer == "bug":
            return answer, 1
        if answer == "down":
            if kept is None or kept.is_negative or kept.is_dead(self.now):
                return answer, 1
            kept.load_not_before = self.now + 2.0
            return kept.answer, 1
        life = 5.0 if answer in (None, "missing") else 20.0
        if kept is None and len(self.model) == SETTINGS.capacity:
            self.model.popitem(last=False)
        self.model[key] = Kept(answer, self.now + life, self.now + min(life, 8.0))
        self.model.move_to_end(key)
        return answer, 1

    @invariant()
    def both_hold_the_same(self) -> None:
        assert self.cache.stats().entries == len(self.model) <= SETTINGS.capacity
        for key in ("a", "b", "c", "d", "e"):
            kept = self.model.get(key)
            fresh = kept is not None and self.now < kept.fresh_until and kept.answer != "missing"
            assert self.cache.peek(key) == (kept.answer if kept and fresh else MISSING)


@dataclass
class Reader:
    key: str
    oldest_allowed: int
    task: asyncio.Task[int]


class RacingMachine(RuleBasedStateMachine):
    """Many callers, held loads, writers and cancellations: no read may see what was invalidated
    before it began, and no cancellation may reach another caller."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.written = dict.fromkeys("ab", 0)
        self.held: list[asyncio.Future[None]] = []
        self.readers: list[Reader] = []
        self.cache: Cache[str, int] = Cache("test", self.load)

    def teardown(self) -> None:
        for gate in self.held:
            gate.set_result(None)
        self.settle()
        for reader in self.readers:
            self.check(reader)
        self.runner.close()

    async def load(self, key: str) -> int:
        version = self.written[key]
        gate = asyncio.get_running_loop().create_future()
        self.held.append(gate)
        await gate
        return version

    def settle(self) -> None:
        async def turn() -> None:
            for _ in range(6):
                await asyncio.sleep(0)

        self.runner.run(turn())
        for reader in [one for one in self.readers if one.task.done()]:
            self.readers.remove(reader)
            self.check(reader)

    def check(self, reader: Reader) -> None:
        assert reader.task.result() >= reader.oldest_allowed

    @rule(key=st.sampled_from("ab"))
    def a_read_begins(self, key: str) -> None:
        task = self.runner.get_loop().create_task(self.cache.get(key))
        self.readers.append(Reader(key, self.written[key], task))
        self.settle()

    @rule(key=st.sampled_from("ab"), everything=st.booleans())
    def a_write_invalidates(self, key: str, everything: bool) -> None:
        self.written[key] += 1
        if everything:
            self.cache.invalidate_all()
        else:
            self.cache.invalidate(key)

    @precondition(lambda self: self.held)
    @rule(data=st.data())
    def a_load_ends(self, data: st.DataObject) -> None:
        self.held.pop(data.draw(st.integers(0, len(self.held) - 1))).set_result(None)
        self.settle()

    @precondition(lambda self: self.readers)
    @rule(data=st.data())
    def a_caller_is_cancelled(self, data: st.DataObject) -> None:
        reader = self.readers.pop(data.draw(st.integers(0, len(self.readers) - 1)))
        reader.task.cancel()
        self.settle()
        assert reader.task.cancelled()

    @invariant()
    def what_is_kept_is_current(self) -> None:
        for key, version in self.written.items():
            assert self.cache.peek(key) in (version, MISSING)

    @invariant()
    def a_key_has_at_most_one_load_that_counts(self) -> None:
        assert self.cache.stats().loading <= len(self.written)


TestCache = CacheMachine.TestCase
TestRacingCache = RacingMachine.TestCase
TestCache.settings = TestRacingCache.settings = settings(
    max_examples=120, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
