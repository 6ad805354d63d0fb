"""The relay beside a model: whatever fails, stops or comes late, each thing's events go out in order, all of them."""

from __future__ import annotations

import asyncio
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import ClassVar
from uuid import UUID

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from rustok.content.media.events import MediaDeleted
from rustok.core.bus.port import Outcome
from rustok.core.errors import Unavailable
from rustok.core.ids import new_id
from rustok.core.outbox import PendingEvent
from rustok.core.relay import Relay
from rustok.core.tenancy import TenantProfile
from rustok.server.platform import Platform
from tests.conftest import World, settings_for
from tests.schema_for_tests import create_sqlite_schema

THINGS = 4
TENANTS = 2


class Away(Unavailable):
    code = "test_away"
    title = "Away"
    mend = "It is a test."


@dataclass
class Carrier:
    """A transport that does what the test says, and remembers in which order it was given events."""

    carried: dict[UUID, list[int]] = field(default_factory=lambda: defaultdict(list))
    failing: Sequence[bool] = ()
    is_away: bool = False
    ends_after_publishing: bool = False

    async def publish(self, events: Sequence[PendingEvent]) -> list[Outcome]:
        if self.is_away:
            raise Away("nobody is there")
        outcomes = []
        stuck: set[UUID] = set()
        for number, event in enumerate(events):
            thing = event.envelope.aggregate_id
            if thing in stuck:
                outcomes.append(Outcome(position=event.position, result="blocked"))
            elif number < len(self.failing) and self.failing[number]:
                stuck.add(thing)
                outcomes.append(Outcome(position=event.position, result="retry", error="failed"))
            else:
                self.carried[thing].append(event.envelope.sequence)
                outcomes.append(Outcome(position=event.position, result="published"))
        if self.ends_after_publishing:
            raise SystemError("the process ends before it can say what it has done")
        return outcomes

    def hurry(self) -> None:
        pass


@dataclass(kw_only=True)
class Stage:
    """One platform for all examples; the clock of its database is the machine's."""

    runner: asyncio.Runner
    world: World
    tenants: list[TenantProfile]


class RelayMachine(RuleBasedStateMachine):
    stage: ClassVar[Stage]

    @initialize()
    def nothing_is_waiting(self) -> None:
        self.now = datetime(2026, 1, 1, tzinfo=UTC)
        self.stage.world.db.now = lambda: self.now
        self.carrier = Carrier()
        self.things = [new_id() for _ in range(THINGS)]
        self.emitted = dict.fromkeys(self.things, 0)

    def run(self, work: Coroutine[None, None, None]) -> None:
        self.stage.runner.run(work)

    @rule(which=st.lists(st.integers(0, THINGS - 1), min_size=1, max_size=6))
    def a_transaction_emits(self, which: list[int]) -> None:
        async def emit(tenant: TenantProfile, mine: list[UUID]) -> None:
            async with self.stage.world.write(tenant) as tx:
                for thing in mine:
                    tx.emit(MediaDeleted(media_id=thing))

        for number, tenant in enumerate(self.stage.tenants):
            mine = [self.things[one] for one in which if one % TENANTS == number]
            if mine:
                self.run(emit(tenant, mine))
            for thing in mine:
                self.emitted[thing] += 1

    def relay(self, batch: int) -> Relay:
        return Relay(self.stage.world.db, self.carrier, batch=batch)

    @rule(batch=st.integers(1, 9), failing=st.lists(st.booleans(), max_size=9))
    def a_relay_takes_a_step(self, batch: int, failing: list[bool]) -> None:
        async def step() -> None:
            await self.relay(batch).step()

        self.carrier.failing = failing
        self.run(step())
        self.carrier.failing = ()

    @rule(batch=st.integers(1, 9))
    def a_relay_is_killed_before_it_says_what_it_did(self, batch: int) -> None:
        async def step() -> None:
            try:
                await self.relay(batch).step()
            except SystemError:
                return

        self.carrier.ends_after_publishing = True
        self.run(step())
        self.carrier.ends_after_publishing = False

    @rule()
    def nobody_is_at_the_other_end(self) -> None:
        async def step() -> None:
            try:
                await self.relay(5).step()
            except Away:
                return

        self.carrier.is_away = True
        self.run(step())
        self.carrier.is_away = False

    @rule(seconds=st.integers(1, 3_600))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @invariant()
    def each_thing_is_told_in_order(self) -> None:
        for carried in getattr(self, "carrier", Carrier()).carried.values():
            first = list(dict.fromkeys(carried))
            assert first == list(range(1, len(first) + 1)), carried

    def teardown(self) -> None:
        """In the end, everything was told."""

        async def finish() -> None:
            self.now += timedelta(days=1)
            while await self.relay(100).step():
                self.now += timedelta(days=1)

        if hasattr(self, "carrier"):
            self.run(finish())
            told = {thing: len(set(self.carrier.carried[thing])) for thing in self.things}
            assert told == self.emitted


class TestRelayOrder(RelayMachine.TestCase):  # type: ignore[misc,valid-type]  # made at run time
    settings = settings(
        max_examples=25,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @classmethod
    def setUpClass(cls) -> None:
        cls.folder = Path(tempfile.mkdtemp(prefix="rustok-relay-"))
        path = cls.folder / "rustok.sqlite3"
        create_sqlite_schema(path)
        cls.runner = asyncio.Runner()
        cls.platform = Platform(settings_for(f"sqlite:///{path}", cls.folder))
        RelayMachine.stage = cls.runner.run(cls.opened())

    @classmethod
    async def opened(cls) -> Stage:
        await cls.platform.open()
        world = World(cls.platform, [])
        tenants = [await world.tenant() for _ in range(TENANTS)]
        await world.drain()
        return Stage(runner=cls.runner, world=world, tenants=tenants)

    @classmethod
    def tearDownClass(cls) -> None:
        cls.runner.run(cls.platform.close())
        cls.runner.close()
        shutil.rmtree(cls.folder)
