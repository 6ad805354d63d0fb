"""Deliveries to a real receiver that answers well, badly, or not at all, on both databases."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest

import rustok
from rustok.platform.webhooks.model.delivery import PendingDelivery
from rustok.platform.webhooks.model.schedule import RETRY_DELAYS_SECONDS
from rustok.server.settings import Settings
from rustok.telemetry import trace_context
from tests.conftest import World
from tests.integration.platform.hooks import (
    Clock,
    add_endpoint,
    courier,
    deliveries_of,
    endpoint_of,
    local_receivers,
    log_of,
    rename,
    verified,
)
from tests.integration.platform.receiver import (
    Behaviour,
    Receiver,
    answer,
    close_at_once,
    close_mid_body,
    endless_body,
    silence,
    slow_drip,
)


@pytest.fixture
def database_settings(database_settings: Settings) -> Settings:
    return local_receivers(database_settings)


async def test_an_event_arrives_signed_as_the_standard_asks(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(200, b"thanks")) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        assert await courier(world).settle() == 1
    (told,) = receiver.received
    body = verified(told, made.secret)
    (event,) = await world.events(tenant, "tenant.updated")
    assert told.line == "POST /hook?source=rustok HTTP/1.1"
    assert body["type"] == "tenant.updated"
    assert body["data"] == {"tenant_id": str(tenant.id), "changed": ["name"]}
    assert body["id"] == str(event.id)
    assert told.headers["webhook-id"] == f"msg_{event.id.hex}"
    assert told.headers["content-type"] == "application/json"
    assert told.headers["user-agent"] == f"RusToK/{rustok.__version__}"
    assert told.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert trace_context.parse(told.headers["traceparent"]) is not None
    (delivery,) = await deliveries_of(world, tenant)
    (attempt,) = await log_of(world, tenant, delivery.id)
    assert (delivery.state, delivery.attempt_count, delivery.last_status) == ("delivered", 1, 200)
    assert (attempt.response_status, attempt.response_body) == (200, "thanks")
    assert attempt.request_headers["webhook-id"] == told.headers["webhook-id"]
    assert attempt.request_url == receiver.url


async def test_a_cloud_event_arrives_in_structured_mode_and_signed(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        made = await add_endpoint(world, tenant, receiver.url, mode="cloudevents")
        await rename(world, tenant, "New name")
        await courier(world).settle()
    (told,) = receiver.received
    body = verified(told, made.secret)
    assert told.headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert (body["specversion"], body["type"]) == ("1.0", "tenant.updated")
    assert body["source"] == f"/tenants/{tenant.id}"


async def test_a_500_is_tried_again_with_the_same_id_and_then_delivered(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver(answer(500, b"oops"), answer(200)) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        worker = courier(world)
        assert await worker.settle() == 1
        (waiting,) = await deliveries_of(world, tenant)
        assert isinstance(waiting, PendingDelivery)
        assert waiting.last_error == "http_500"
        wait = (waiting.next_attempt_at - waiting.updated_at).total_seconds()
        assert 0.8 * 5 <= wait <= 1.2 * 5
        assert await worker.settle() == 0, "it is not due yet"
        clock.forward(seconds=6)
        assert await worker.settle() == 1
    first, second = receiver.received
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    verified(second, made.secret)
    (delivered,) = await deliveries_of(world, tenant)
    log = await log_of(world, tenant, delivered.id)
    assert delivered.state == "delivered"
    assert [(one.number, one.response_status) for one in log] == [(1, 500), (2, 200)]
    assert (await endpoint_of(world, tenant, made.endpoint.id)).failing_since is None


@pytest.mark.parametrize(
    ("behaviour", "error"),
    [
        (silence, "timeout"),
        (slow_drip, "timeout"),
        (close_mid_body, "response_broken"),
        (close_at_once, "response_broken"),
    ],
)
async def test_an_answer_that_does_not_end_well_is_tried_again(
    world: World, behaviour: Behaviour, error: str
) -> None:
    tenant = await world.tenant()
    async with Receiver(behaviour) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        started = time.monotonic()
        await courier(world).settle()
        assert time.monotonic() - started < 8
    (delivery,) = await deliveries_of(world, tenant)
    (attempt,) = await log_of(world, tenant, delivery.id)
    assert delivery.state == "pending"
    assert (attempt.error, attempt.response_status) == (error, None)
    assert attempt.latency_ms < 5_000
    assert (await endpoint_of(world, tenant, made.endpoint.id)).failure_count == 1


async def test_a_body_without_end_is_read_to_its_bound_and_counts_as_delivered(
    world: World,
) -> None:
    tenant = await world.tenant()
    async with Receiver(endless_body) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        await courier(world).settle()
    (delivery,) = await deliveries_of(world, tenant)
    (attempt,) = await log_of(world, tenant, delivery.id)
    assert delivery.state == "delivered"
    assert attempt.response_body == "x" * 2_048


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_never_followed(world: World, status: int) -> None:
    tenant = await world.tenant()
    async with Receiver() as inner, Receiver() as receiver:
        receiver.then(
            answer(status, Location="http://169.254.169.254/latest/meta-data/"),
            answer(status, Location=inner.url),
        )
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "One", "Two")
        await courier(world).settle()
        assert inner.connections == 0
        assert len(receiver.received) == 2
    for delivery in await deliveries_of(world, tenant):
        assert (delivery.state, delivery.last_error) == ("pending", f"http_{status}")


async def test_410_ends_the_delivery_and_disables_the_endpoint(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(410)) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        await courier(world).settle()
        await world.drain()
        await rename(world, tenant, "Another name")
        assert await courier(world).settle() == 0
    (delivery,) = await deliveries_of(world, tenant)
    endpoint = await endpoint_of(world, tenant, made.endpoint.id)
    (disabled,) = await world.events(tenant, "webhook.endpoint_disabled")
    (failed,) = await world.events(tenant, "webhook.delivery_failed")
    assert delivery.state == "gone"
    assert endpoint.state == "disabled"
    assert b'"by":"gone"' in bytes(disabled.data)
    assert b'"reason":"gone"' in bytes(failed.data)
    assert failed.causation_id == delivery.event_id


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 422])
async def test_a_permanent_4xx_is_given_up_at_once(world: World, status: int) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(status)) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        await courier(world).settle()
    (delivery,) = await deliveries_of(world, tenant)
    (failed,) = await world.events(tenant, "webhook.delivery_failed")
    assert (delivery.state, delivery.attempt_count) == ("failed", 1)
    assert b'"reason":"refused"' in bytes(failed.data)
    assert (await endpoint_of(world, tenant, made.endpoint.id)).state == "active"


@pytest.mark.parametrize("form", ["seconds", "date"])
async def test_the_receiver_may_ask_for_a_longer_wait(world: World, form: str) -> None:
    in_an_hour = format_datetime(datetime.now(UTC) + timedelta(hours=1), usegmt=True)
    retry_after = "3600" if form == "seconds" else in_an_hour
    tenant = await world.tenant()
    async with Receiver(answer(429, Retry_After=retry_after)) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        await courier(world).settle()
    (waiting,) = await deliveries_of(world, tenant)
    assert isinstance(waiting, PendingDelivery)
    assert 3_000 < (waiting.next_attempt_at - waiting.updated_at).total_seconds() <= 3_600


@pytest.mark.parametrize("retry_after", ["-5", "soon", "", "9" * 60, "1e9", "٣"])
async def test_a_senseless_wait_changes_nothing_beyond_the_cap(
    world: World, retry_after: str
) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(503, Retry_After=retry_after)) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        await courier(world).settle()
    (waiting,) = await deliveries_of(world, tenant)
    assert isinstance(waiting, PendingDelivery)
    assert (waiting.next_attempt_at - waiting.updated_at).total_seconds() <= 86_400


async def test_a_delivery_is_given_up_after_the_whole_schedule(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    tries = len(RETRY_DELAYS_SECONDS) + 1
    async with Receiver(*[answer(503)] * tries) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "New name")
        for delay in (*RETRY_DELAYS_SECONDS, 0):
            assert await courier(world).settle() == 1  # a fresh one: the breaker is not in question
            clock.forward(seconds=delay * 1.21)
    (delivery,) = await deliveries_of(world, tenant)
    (failed,) = await world.events(tenant, "webhook.delivery_failed")
    assert (delivery.state, delivery.attempt_count) == ("failed", tries)
    assert b'"reason":"exhausted"' in bytes(failed.data)
    assert len(receiver.received) == tries


async def test_a_day_of_nothing_but_failures_disables_the_endpoint(world: World) -> None:
    tenant = await world.tenant()
    clock = Clock(world)
    async with Receiver(*[answer(500)] * 60) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, *[f"Name {number}" for number in range(20)])
        await _settle_without_breaker(world)
        assert (await endpoint_of(world, tenant, made.endpoint.id)).state == "active"
        clock.forward(hours=24, minutes=1)
        await _settle_without_breaker(world)
    endpoint = await endpoint_of(world, tenant, made.endpoint.id)
    (disabled,) = await world.events(tenant, "webhook.endpoint_disabled")
    assert endpoint.state == "disabled"
    assert b'"by":"failing"' in bytes(disabled.data)


async def _settle_without_breaker(world: World) -> None:
    while await courier(world).settle():
        pass


async def test_a_success_ends_the_window_of_failures(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver(answer(500), answer(200)) as receiver:
        made = await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "One")
        await courier(world).settle()
        failing = await endpoint_of(world, tenant, made.endpoint.id)
        await rename(world, tenant, "Two")
        await courier(world).settle()
    well = await endpoint_of(world, tenant, made.endpoint.id)
    assert (failing.failure_count, failing.failing_since is not None) == (1, True)
    assert (well.failure_count, well.failing_since) == (0, None)
    assert well.version == made.endpoint.version, "counting is no change of the endpoint"


async def test_nobody_listening_is_a_failed_connection(world: World) -> None:
    tenant = await world.tenant()
    async with Receiver() as receiver:
        url = receiver.url
    await add_endpoint(world, tenant, url)
    await rename(world, tenant, "New name")
    await courier(world).settle()
    (delivery,) = await deliveries_of(world, tenant)
    assert (delivery.state, delivery.last_error) == ("pending", "connection")


async def test_no_task_is_left_behind(world: World) -> None:
    tenant = await world.tenant()
    before = asyncio.all_tasks()
    async with Receiver(silence, answer(200)) as receiver:
        await add_endpoint(world, tenant, receiver.url)
        await rename(world, tenant, "One", "Two")
        await courier(world).settle()
    # What others had begun may have ended meanwhile.
    assert {task for task in asyncio.all_tasks() if not task.done()} <= before
