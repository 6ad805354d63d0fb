"""One checkout, one trace: HTTP, SQL, outbox, relay, JetStream, worker, index and webhook.

Real processes (`rustok serve` and `rustok worker`), PostgreSQL, a NATS server of
the test's own, and collectors that speak the official protobuf, over gRPC and over HTTP.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.tenants import api as tenants
from rustok.platform.webhooks import api as webhooks
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.commerce.shop import add_variant
from tests.integration.telemetry.processes import (
    Process,
    WebhookReceiver,
    environment,
    free_port,
)
from tests.nats_process import NatsProcess
from tests.otlp_receiver import GrpcReceiver, HttpReceiver, Received, plain

ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
CALLER_SPAN = "00f067aa0ba902b7"


@pytest.fixture(params=["grpc", "http/protobuf"])
def receiver(request: pytest.FixtureRequest) -> Iterator[Received]:
    found = GrpcReceiver() if request.param == "grpc" else HttpReceiver()
    yield found
    found.close()


async def prepare(settings: Settings, hook: str) -> tuple[str, str]:
    """A shop with something to sell and a webhook; returns tenant slug and variant id."""
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        world = World(platform, [])
        tenant = await world.tenant("traced")
        async with world.write(tenant) as tx:
            variant = await add_variant(tx, on_hand=1)  # the last piece changes the index
        async with world.write(tenant) as tx:
            await webhooks.create(
                tx,
                platform.parts.sealer,
                OutboundPolicy(allow_http=True, allow_private=True),
                url=hook,
                event_filters=["order.placed"],
            )
        await world.drain()
        return tenant.slug, str(variant)
    finally:
        await platform.close()


async def event_trace(settings: Settings) -> str:
    """The trace the event of the order says it belongs to."""
    platform = Platform(settings, observer=None)
    await platform.open()
    try:
        world = World(platform, [])
        async with platform.db.system("test", write=False) as tx:
            tenant = await tenants.resolve(tx, slug="traced")
        (event,) = await world.events(tenant, "order.placed")
        return str(event.traceparent).split("-")[1]
    finally:
        await platform.close()


def buy(base_url: str, slug: str, variant: str, headers: dict[str, str]) -> httpx.Response:
    with httpx.Client(
        base_url=f"{base_url}/api/v1/storefront", headers={"X-Tenant": slug}, timeout=30
    ) as client:
        cart = client.post("/carts", json={}).raise_for_status().json()["id"]
        line = {"variant_id": variant, "quantity": 1}
        client.post(f"/carts/{cart}/lines", json=line).raise_for_status()
        return client.post(
            "/checkout",
            json={"cart_id": cart, "email": "ada@example.com", "shipping_address": ADDRESS},
            headers=headers,
        )


def names(spans: list[Any]) -> set[str]:
    return {span.name for span in spans}


def is_whole(received: Received) -> bool:
    found = names(received.trace(TRACE))
    wanted = {
        "POST /api/v1/storefront/checkout",
        "publish order.placed",
        "process order.placed",
        "project products",
        "outbox write",
        "order confirm",
        "POST",
        "COMMIT",
    }
    return wanted <= found


@pytest.mark.nats
@pytest.mark.slow
@pytest.mark.timeout(180)
@pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
def test_a_checkout_is_one_trace_from_the_request_to_the_webhook(
    database_settings: Settings, tmp_path: Path, receiver: Received
) -> None:
    hook, broker = WebhookReceiver(), NatsProcess(tmp_path)
    broker.start()
    slug, variant = asyncio.run(prepare(database_settings, hook.url))
    port, worker_port = free_port(), free_port()
    protocol = "grpc" if isinstance(receiver, GrpcReceiver) else "http/protobuf"
    variables = environment(
        database_settings,
        tmp_path,
        HTTP__PORT=str(port),
        EVENTS__TRANSPORT="jetstream",
        NATS__URLS=broker.url,
        NATS__PARTITIONS="2",
        TELEMETRY__WORKER_METRICS_PORT=str(worker_port),
        TELEMETRY__OTLP_ENDPOINT=receiver.endpoint,  # type: ignore[attr-defined]  # both have it
        TELEMETRY__OTLP_PROTOCOL=protocol,
        TELEMETRY__OTLP_HEADERS="x-key=abc",
        TELEMETRY__OTLP_METRICS_SECONDS="1",
        TELEMETRY__TRACE_RATIO="0",
    )
    Process(["events", "provision"], variables, tmp_path)._process.wait(60)
    running = [
        Process(["serve"], variables, tmp_path),
        Process(["worker"], variables, tmp_path),
    ]
    try:
        running[0].wait_for(f"http://127.0.0.1:{port}/health/ready")
        running[1].wait_for(f"http://127.0.0.1:{worker_port}/health/ready")
        answer = buy(
            f"http://127.0.0.1:{port}",
            slug,
            variant,
            {
                "Idempotency-Key": "one-checkout-one-trace",
                "traceparent": f"00-{TRACE}-{CALLER_SPAN}-01",
                "baggage": "customer=ada@example.com",
                "X-Request-ID": "request-4711",
            },
        )
        assert answer.status_code == 201, answer.text
        assert answer.headers["x-request-id"] == "request-4711"
        assert answer.headers["traceresponse"].split("-")[1] == TRACE
        receiver.wait(is_whole, seconds=60)
        receiver.wait(lambda taken: TRACE in exemplars(taken))
        refused = httpx.get(
            f"http://127.0.0.1:{port}/api/v1/storefront/orders/none",
            headers={"X-Tenant": slug, "traceparent": f"00-{'a' * 32}-{CALLER_SPAN}-01"},
        )
        assert refused.json()["trace_id"] == "a" * 32
    finally:
        for process in running:
            process.stop()
        broker.end()
        hook.close()
    assert asyncio.run(event_trace(database_settings)) == TRACE
    check_tree(receiver)
    check_the_same_trace_everywhere(receiver, hook, running)
    check_nothing_personal(receiver)


def check_tree(receiver: Received) -> None:
    spans = receiver.trace(TRACE)
    ids = {span.span_id.hex(): span for span in spans}
    assert len(ids) == len(spans), "two spans share an id"
    orphans = {
        span.name
        for span in spans
        if span.parent_span_id.hex() not in ids and span.parent_span_id.hex() != CALLER_SPAN
    }
    assert orphans == set()

    def parents(span: Any) -> list[str]:
        found = []
        while (above := ids.get(span.parent_span_id.hex())) is not None:
            found.append(above.name)
            span = above
        return found

    def of(name: str, **attributes: str) -> Any:
        (found,) = [
            span
            for span in spans
            if span.name == name and attributes.items() <= plain(span.attributes).items()
        ]
        return found

    root = of("POST /api/v1/storefront/checkout")
    assert root.parent_span_id.hex() == CALLER_SPAN
    assert plain(root.attributes)["http.response.status_code"] == 201
    publish = of("publish order.placed")
    assert publish.kind == 4
    assert parents(publish) == ["outbox write", root.name]
    group = {"messaging.consumer.group.name": "webhooks"}
    process = of("process order.placed", **group)
    assert process.kind == 5
    assert parents(process) == [publish.name, "outbox write", root.name]
    sent = of("POST")
    assert sent.kind == 3
    assert parents(sent)[0] == process.name
    assert plain(sent.attributes)["http.response.status_code"] == 204
    projected = [span for span in spans if span.name.startswith("project ")]
    assert projected
    assert {parents(span)[0].split()[0] for span in projected} == {"process"}
    sql = [span for span in spans if "db.query.text" in plain(span.attributes)]
    assert {parents(span)[-1] for span in sql} == {root.name}
    # What was done in batches is linked both ways, each in its own trace.
    batches = {
        span.span_id: span for span in receiver.spans if span.name.startswith("process batch")
    }
    relays = {span.span_id for span in receiver.spans if span.name == "outbox relay"}
    assert {link.span_id for link in process.links} <= set(batches)
    assert {link.span_id for link in publish.links} <= relays
    linked = {link.span_id for batch in batches.values() for link in batch.links}
    assert publish.span_id in linked


def check_the_same_trace_everywhere(
    receiver: Received, hook: WebhookReceiver, running: list[Process]
) -> None:
    ((headers, body),) = hook.taken
    sent = next(span for span in receiver.trace(TRACE) if span.name == "POST")
    assert headers["traceparent"] == f"00-{TRACE}-{sent.span_id.hex()}-03"
    assert "baggage" not in headers
    assert json.loads(body)["type"] == "order.placed"
    lines = [json.loads(one) for one in running[0].log().splitlines() if one.startswith("{")]
    (line,) = [one for one in lines if one.get("request_id") == "request-4711"]
    assert (line["message"], line["trace_id"]) == ("request", TRACE)
    assert line["route"] == "/api/v1/storefront/checkout"
    root = next(span for span in receiver.trace(TRACE) if span.kind == 2)
    assert line["span_id"] == root.span_id.hex()
    # Either process may have sent it: both run the features' services.
    both = [one for process in running for one in process.log().splitlines()]
    attempted = [json.loads(one) for one in both if "webhooks.attempted" in one]
    assert [one["trace_id"] for one in attempted] == [TRACE]
    exported = [one for one in receiver.logs if one.trace_id.hex() == TRACE]
    assert {one.body.string_value for one in exported} >= {"request", "webhooks.attempted"}
    assert {plain(one.attributes).get("request_id") for one in exported} >= {"request-4711"}


def exemplars(receiver: Received) -> set[str]:
    """The traces behind the durations of requests."""
    duration = receiver.metrics.get("rustok_http_request_duration_seconds")
    points = duration.histogram.data_points if duration is not None else []
    return {one.trace_id.hex() for point in points for one in point.exemplars}


def check_nothing_personal(receiver: Received) -> None:
    everything = "".join(str(span) for span in receiver.spans) + "".join(map(str, receiver.logs))
    assert "ada@example.com" not in everything
    assert "Lindenallee" not in everything
    assert all(one["x-key"] == "abc" for one in receiver.headers)
    services = {one["service.name"] for one in receiver.resources}
    assert services == {"rustok"}
    assert len({one["service.instance.id"] for one in receiver.resources}) == 2
