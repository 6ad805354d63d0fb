"""The connection to Redis of a process, made from its settings.

It is imported only where `redis.url` is set, and connects nothing by itself.
"""

from __future__ import annotations

from rustok.core.redis.connection import (
    BREAKER,
    RedisAddress,
    RedisConnection,
    speaks_against_redis,
)
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.server.settings import RedisSettings


def redis_connection(settings: RedisSettings, breakers: BreakerRegistry) -> RedisConnection:
    """The connection of `settings`, whose url is set."""
    assert settings.url is not None
    address = RedisAddress(
        url=settings.url,
        username=settings.username,
        password=settings.password.reveal() if settings.password else None,
        prefix=settings.prefix,
        max_connections=settings.max_connections,
        connect_timeout_seconds=settings.connect_timeout_seconds,
        command_timeout_seconds=settings.command_timeout_seconds,
    )
    breaker = breakers.breaker("redis", BREAKER, is_failure=speaks_against_redis)
    return RedisConnection(address, breaker)
