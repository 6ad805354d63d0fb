"""Whatever a bus loses, doubles or reorders: after a look at the stamps nobody serves the old value."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.core.cache import forgetting as module
from rustok.core.cache.cache import MISSING, Cache
from rustok.core.cache.forgetting import Forgetting, Message, _encode, _texts
from rustok.core.cache.invalidation import Change, InProcessBus
from rustok.core.cache.stamps import Stamp

TENANTS = [uuid4() for _ in range(3)]
KEYS = ["a", "b"]
NOW = datetime(2026, 1, 1, tzinfo=UTC)


class Source:
    """The database of the model: values and stamps."""

    def __init__(self) -> None:
        self.values = {(tenant, key): 0 for tenant in TENANTS for key in KEYS}
        self.stamps: dict[UUID, int] = {}

    def change(self, tenant: UUID, key: str) -> str:
        """Commit a change; the message it makes."""
        self.values[tenant, key] += 1
        self.stamps[tenant] = self.stamps.get(tenant, 0) + 1
        message = Message("other", [Change("c", tenant, key)], {tenant: self.stamps[tenant]})
        return _encode(message).decode()

    now = NOW

    @asynccontextmanager
    async def system(self, _reason: str, *, write: bool = True) -> Any:
        yield self

    async def list_moved(self, _tx: object, **_: object) -> list[Stamp]:
        return [
            Stamp(tenant_id=tenant, stamp=stamp, moved_at=NOW)
            for tenant, stamp in self.stamps.items()
        ]


def setting() -> tuple[Source, Cache[tuple[UUID, str], int], Forgetting]:
    source = Source()

    async def load(key: tuple[UUID, str]) -> int:
        return source.values[key]

    cache: Cache[tuple[UUID, str], int] = Cache("c", load)
    forgetting = Forgetting(InProcessBus())
    forgetting.connect(
        cache, key_of=lambda tenant, text: (tenant, text), tenant_of=lambda key: key[0]
    )
    return source, cache, forgetting


step = st.tuples(
    st.sampled_from(TENANTS),
    st.sampled_from(KEYS),
    st.sampled_from(["delivered", "lost", "late", "twice"]),
    st.booleans(),
)


@given(steps=st.lists(step, max_size=30))
async def test_after_a_look_nothing_old_is_served(
    steps: list[tuple[UUID, str, str, bool]],
) -> None:
    source, cache, forgetting = setting()
    patch = pytest.MonkeyPatch()
    patch.setattr(module, "list_moved", source.list_moved)
    try:
        await forgetting.look(source)  # type: ignore[arg-type]  # the model of a database
        late: list[str] = []
        for tenant, key, fate, read in steps:
            if read:
                for each in source.values:
                    await cache.get(each)
            message = source.change(tenant, key)
            if fate in ("delivered", "twice"):
                forgetting._heard(message)
            if fate == "twice":
                forgetting._heard(message)
            if fate == "late":
                late.append(message)
            if fate != "lost" and fate != "late":
                assert cache.peek((tenant, key)) is MISSING
        await forgetting.look(source)  # type: ignore[arg-type]  # as above
        for each, value in source.values.items():
            assert cache.peek(each) in (MISSING, value)
        for message in late:
            forgetting._heard(message)
        for each, value in source.values.items():
            assert await cache.get(each) == value
    finally:
        patch.undo()


@given(steps=st.lists(st.tuples(st.sampled_from(TENANTS), st.sampled_from(KEYS)), max_size=30))
async def test_a_bus_that_loses_nothing_costs_one_key_per_change(
    steps: list[tuple[UUID, str]],
) -> None:
    source, cache, forgetting = setting()
    for tenant in TENANTS:  # known from here on
        forgetting._heard(source.change(tenant, KEYS[0]))
    for tenant, key in steps:
        for each in source.values:
            await cache.get(each)
        forgetting._heard(source.change(tenant, key))
        gone = [each for each in source.values if cache.peek(each) is MISSING]
        assert gone == [(tenant, key)]


@given(
    keys=st.lists(st.text(max_size=300), max_size=60),
    tenants=st.integers(1, 200),
    longest=st.integers(2_600, 8_000),
)
def test_every_text_fits_and_together_they_name_every_change(
    keys: Sequence[str], tenants: int, longest: int
) -> None:
    ids = [uuid4() for _ in range(tenants)]
    changes = [Change("c", ids[n % tenants], key) for n, key in enumerate(keys)]
    message = Message("me", changes, dict.fromkeys(ids, 7))
    texts = list(_texts([message], longest))
    assert all(len(text) <= longest for text in texts)
    heard = [module._decode(text) for text in texts]
    told = {change for one in heard for change in one.changes}
    assert all(one in told or Change("c", one.tenant_id) in told for one in changes)
    assert {tenant for one in heard for tenant in one.stamps} == set(ids)


@given(text=st.one_of(st.none(), st.text(max_size=50)))
async def test_a_message_that_cannot_be_read_forgets_everything(text: str | None) -> None:
    source, cache, forgetting = setting()
    for each in source.values:
        await cache.get(each)
    forgetting._heard(text)
    assert all(cache.peek(each) is MISSING for each in source.values)
