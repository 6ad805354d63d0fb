"""A cache over a hand-moved clock and a breakable source."""

from __future__ import annotations

import pytest

from rustok.core.cache.cache import Cache
from rustok.core.cache.settings import CacheSettings
from tests.unit.core.cache.source import Clock, Made, Make, Source


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def make(clock: Clock, source: Source) -> Make:
    def make(**settings: float) -> Made:
        given = {"jitter": 0.0, **settings}
        return Cache("test", source.load, CacheSettings(**given), clock=clock)  # type: ignore[arg-type]

    return make
