"""What the platform asks of others is in the trace: mail, payment provider, Redis, files, imports.

Nothing secret is: no key of a file, no value of a command, no address of a person.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from rustok.commerce.payments.errors import PaymentProviderUnavailable, PaymentRefused
from rustok.commerce.payments.service.gates import guarded
from rustok.core.errors import NotFound
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitBreaker
from rustok.core.storage.folder import FolderStorage
from rustok.core.storage.port import StoredFileMissing
from rustok.telemetry import tracing
from rustok.telemetry.tracing import Buffer, Single, Span, Tracer
from tests.conftest import World
from tests.contract.test_rate_limit_backends import _connection
from tests.integration.platform import relay as relays
from tests.integration.platform.relay import Relay
from tests.integration.platform.test_mail_sending import SECRET, postman, queue
from tests.redis_for_tests import redis_place

CALLER = "00-" + "ab" * 16 + "-" + "cd" * 8 + "-01"


class Kept:
    """The spans of local roots that were kept."""

    def __init__(self) -> None:
        self.spans: list[Span] = []

    def take(self, taken: Buffer | Single) -> None:
        if isinstance(taken, Buffer):
            self.spans += taken.spans

    def one(self, name: str) -> Span:
        (found,) = [span for span in self.spans if span.name == name]
        return found


@pytest.fixture
def kept() -> Iterator[Kept]:
    found = Kept()
    tracing.use(Tracer(found.take))
    yield found
    tracing.use(None)


@pytest.fixture
async def relay() -> AsyncIterator[Relay]:
    async with relays.running() as one:
        yield one


async def test_a_mail_belongs_to_the_trace_that_caused_it(
    world: World, relay: Relay, kept: Kept
) -> None:
    tenant = await world.tenant()
    await queue(world, tenant)
    relay.data = ["450 4.2.1 later"]
    await postman(world, relay.route()).settle()
    span = kept.one("send mail")
    assert span.kind == tracing.CLIENT
    assert span.attributes["rustok.mail.outcome"] == "retried"
    assert span.attributes["rustok.tenant"] == str(tenant.id)
    assert span.error == "smtp_450"
    assert "ada@" not in str(span.attributes)
    assert SECRET not in str(span.attributes)


@pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
async def test_a_call_to_a_payment_provider_is_a_span(world: World, kept: Kept) -> None:
    async def refuse() -> None:
        raise PaymentRefused("test", "no funds")

    async def break_off() -> None:
        raise ConnectionError

    async def answer() -> str:
        return "ok"

    with tracing.root("request", tracing.SERVER, parent=CALLER) as root:
        assert await guarded(world.parts, "test", "create", answer) == "ok"
        with pytest.raises(PaymentRefused):
            await guarded(world.parts, "test", "capture", refuse)
        with pytest.raises(PaymentProviderUnavailable):
            await guarded(world.parts, "test", "void", break_off)
    assert kept.one("payments create").parent_id == root.span_id
    assert kept.one("payments create").attributes == {
        "rustok.payments.provider": "test",
        "rustok.operation": "create",
    }
    assert kept.one("payments capture").error == "payment_refused"
    assert kept.one("payments void").error == "ConnectionError"


@pytest.mark.redis
async def test_a_command_to_redis_is_a_span_without_keys_and_values(kept: Kept) -> None:
    redis_place()
    connection = _connection()
    try:
        with tracing.root("request", tracing.SERVER, parent=CALLER) as root:
            await connection.run("SET", connection.key("secret"), "value", "PX", 1_000)
    finally:
        await connection.close()
    span = kept.one("SET")
    assert span.parent_id == root.span_id
    assert span.attributes == {"db.system.name": "redis", "db.operation.name": "SET"}


async def test_a_call_to_the_storage_is_a_span_and_a_missing_file_keeps_no_trace(
    tmp_path: Path, kept: Kept
) -> None:
    storage = FolderStorage(
        tmp_path, CircuitBreaker("storage", BreakerSettings()), timeout_seconds=5.0
    )
    with tracing.root("request", tracing.SERVER, parent=CALLER):
        await storage.put("tenant/secret-key", b"content")
    assert kept.one("storage put").attributes == {
        "rustok.storage": "folder",
        "rustok.operation": "put",
    }
    tracing.use(Tracer(kept.take, ratio=0.0))
    with tracing.root("request", tracing.SERVER), pytest.raises(StoredFileMissing):
        await storage.get("tenant/nothing")
    assert [span.name for span in kept.spans] == ["storage put", "request"]
    assert issubclass(StoredFileMissing, NotFound)
