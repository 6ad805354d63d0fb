"""Filters, bodies, signatures and the retry schedule, without a database or a network."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from rustok.core.events.envelope import Envelope
from rustok.core.ids import new_id
from rustok.platform.webhooks.errors import InvalidEventFilter
from rustok.platform.webhooks.model.bodies import body_of
from rustok.platform.webhooks.model.delivery import Answer
from rustok.platform.webhooks.model.endpoint import ActiveEndpoint
from rustok.platform.webhooks.model.filters import parse_filters, wants
from rustok.platform.webhooks.model.schedule import (
    LONGEST_RETRY_AFTER_SECONDS,
    RETRY_DELAYS_SECONDS,
    judge,
    speaks_against_endpoint,
)
from rustok.platform.webhooks.model.signatures import (
    message_id,
    new_secret,
    shown,
    signature_headers,
)

KNOWN = ["order.placed", "order.paid", "inventory.low", "webhook.delivery_failed"]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)


def answer(
    status: int | None = None, *, error: str | None = None, retry_after: float | None = None
) -> Answer:
    return Answer(
        request_url="https://hooks.example.com/",
        request_headers={},
        latency_ms=5,
        status=status,
        error=error,
        retry_after_seconds=retry_after,
    )


def test_filters_name_a_type_a_kind_or_everything() -> None:
    assert parse_filters(["order.placed", "order.*", "*", "order.*"], known=KNOWN) == [
        "order.placed",
        "order.*",
        "*",
    ]


@pytest.mark.parametrize("text", ["", "order", "Order.placed", "order.", "*.placed", "order.p*"])
def test_a_malformed_filter_is_refused(text: str) -> None:
    with pytest.raises(InvalidEventFilter) as refused:
        parse_filters(["order.*", text], known=KNOWN)
    assert (refused.value.rule, refused.value.pointer) == ("pattern", "/event_filters/1")


@pytest.mark.parametrize("text", ["order.plced", "orders.*", "webhook.delivery_failed"])
def test_a_filter_that_matches_nothing_delivered_is_refused(text: str) -> None:
    with pytest.raises(InvalidEventFilter) as refused:
        parse_filters([text], known=KNOWN)
    assert refused.value.rule == "unknown"


def test_a_kind_does_not_match_another_that_begins_alike() -> None:
    assert wants(["order.*"], "order.placed")
    assert not wants(["order.*"], "order_draft.placed")
    assert not wants(["order.placed"], "order.placed_again")


def test_failures_of_webhooks_are_never_delivered() -> None:
    assert not wants(["*", "webhook.*"], "webhook.delivery_failed")


def envelope() -> Envelope:
    return Envelope(
        id=new_id(),
        type="order.placed",
        schema_version=1,
        tenant_id=new_id(),
        aggregate_type="order",
        aggregate_id=new_id(),
        sequence=3,
        occurred_at=NOW,
        correlation_id=new_id(),
        traceparent="00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        data=msgspec.Raw(b'{"order_id":"x","total_minor":1230}'),
    )


def test_the_standard_body_has_type_timestamp_and_the_fact() -> None:
    told = envelope()
    body = json.loads(body_of(told, "standard"))
    assert body["type"] == "order.placed"
    assert body["timestamp"] == "2026-03-01T12:00:00Z"
    assert body["data"] == {"order_id": "x", "total_minor": 1230}
    assert (body["id"], body["sequence"]) == (str(told.id), 3)


def test_a_cloud_event_has_the_required_attributes_and_lower_case_extensions() -> None:
    told = envelope()
    body = json.loads(body_of(told, "cloudevents"))
    assert body["specversion"] == "1.0"
    assert body["id"] == str(told.id)
    assert body["source"] == f"/tenants/{told.tenant_id}"
    assert body["type"] == "order.placed"
    assert body["subject"] == f"order/{told.aggregate_id}"
    assert body["datacontenttype"] == "application/json"
    assert body["data"]["total_minor"] == 1230
    assert body["traceparent"] == told.traceparent
    assert all(name.isalnum() and name == name.lower() for name in body)
    assert all(isinstance(value, str) for name, value in body.items() if name != "data")


def test_the_library_of_the_standard_verifies_a_signature() -> None:
    secret, body = new_secret(), body_of(envelope(), "standard")
    headers = signature_headers(
        message=message_id(new_id()), at=datetime.now(UTC), body=body.encode(), keys=[secret]
    )
    assert shown(secret).startswith("whsec_")
    assert Webhook(shown(secret)).verify(body, headers) == json.loads(body)


def test_during_an_overlap_the_old_and_the_new_secret_verify() -> None:
    old, new = new_secret(), new_secret()
    headers = signature_headers(
        message="msg_1", at=datetime.now(UTC), body=b'{"a":1}', keys=[new, old]
    )
    for secret in (old, new):
        assert Webhook(shown(secret)).verify(b'{"a":1}', headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(shown(new_secret())).verify(b'{"a":1}', headers)


def test_the_message_id_is_the_events() -> None:
    event_id = UUID("0190b5a4-7c1e-7d3a-9f10-5b2c3d4e5f60")
    assert message_id(event_id) == "msg_0190b5a47c1e7d3a9f105b2c3d4e5f60"


@pytest.mark.parametrize("status", [200, 201, 202, 204, 299])
def test_a_2xx_is_delivered(status: int) -> None:
    assert judge(answer(status), run_count=1, jitter=0.5).outcome == "delivered"


@pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 414, 415, 422, 451])
def test_a_permanent_4xx_is_not_tried_again(status: int) -> None:
    assert judge(answer(status), run_count=1, jitter=0.5).outcome == "refused"


@pytest.mark.parametrize("status", [301, 302, 307, 308, 408, 409, 425, 429, 500, 502, 503, 504])
def test_what_another_time_may_change_is_tried_again(status: int) -> None:
    assert judge(answer(status), run_count=1, jitter=0.5).outcome == "retried"


def test_410_is_gone() -> None:
    assert judge(answer(410), run_count=1, jitter=0.5).outcome == "gone"


def test_no_answer_is_tried_again_on_the_schedule_and_then_given_up() -> None:
    waits = [
        judge(answer(error="timeout"), run_count=count, jitter=0.5).after_seconds
        for count in range(1, len(RETRY_DELAYS_SECONDS) + 1)
    ]
    assert waits == list(RETRY_DELAYS_SECONDS)
    last = judge(answer(error="timeout"), run_count=len(waits) + 1, jitter=0.5)
    assert last.outcome == "exhausted"


@given(
    count=st.integers(1, len(RETRY_DELAYS_SECONDS)),
    jitter=st.floats(0, 1),
    asked=st.none() | st.floats(0, 10_000_000),
)
def test_a_wait_is_near_the_schedule_or_what_the_receiver_asked_up_to_a_day(
    count: int, jitter: float, asked: float | None
) -> None:
    wait = judge(answer(503, retry_after=asked), run_count=count, jitter=jitter).after_seconds
    planned = RETRY_DELAYS_SECONDS[count - 1]
    floor = max(planned * 0.8, min(asked or 0.0, LONGEST_RETRY_AFTER_SECONDS))
    assert floor - 0.001 <= wait <= max(planned * 1.2, floor) + 0.001


def test_the_breaker_counts_silence_and_5xx_but_no_plain_4xx() -> None:
    assert speaks_against_endpoint(answer(error="timeout"))
    assert speaks_against_endpoint(answer(503))
    assert speaks_against_endpoint(answer(429))
    assert not speaks_against_endpoint(answer(404))
    assert not speaks_against_endpoint(answer(204))


def endpoint(*, failing_for: timedelta | None, count: int) -> ActiveEndpoint:
    return ActiveEndpoint(
        id=new_id(),
        url="https://hooks.example.com/",
        description="",
        event_filters=["*"],
        mode="standard",
        is_ordered=False,
        failing_since=None if failing_for is None else NOW - failing_for,
        failure_count=count,
        version=1,
        created_at=NOW,
        updated_at=NOW,
    )


@pytest.mark.parametrize(
    ("failing_for", "count", "expected"),
    [
        (None, 0, False),
        (timedelta(hours=23), 500, False),
        (timedelta(hours=24), 19, False),
        (timedelta(hours=24), 20, True),
        (timedelta(days=9), 20, True),
    ],
)
def test_an_endpoint_has_failed_too_long_after_a_day_of_twenty_failures(
    failing_for: timedelta | None, count: int, expected: bool
) -> None:
    assert endpoint(failing_for=failing_for, count=count).has_failed_too_long(NOW) is expected
