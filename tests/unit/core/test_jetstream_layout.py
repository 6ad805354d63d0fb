"""Names in JetStream: stable, distinct, and filtered by what the server can."""

from __future__ import annotations

from uuid import UUID

import pytest

from rustok.core.bus.jetstream_layout import (
    check_names,
    durable_name,
    filters,
    partition_of,
    stream_subjects,
)
from rustok.core.bus.port import Consumer
from rustok.core.ids import new_id


async def _nothing(*_: object) -> None:
    return None


def consumer(name: str, *types: str) -> Consumer:
    return Consumer(name=name, handlers=dict.fromkeys(types, _nothing))


def test_the_partition_of_an_aggregate_is_the_same_for_ever() -> None:
    tenant = UUID("01930000-0000-7000-8000-000000000001")
    order = UUID("01930000-0000-7000-8000-000000000002")
    assert partition_of(tenant, "order", order, 8) == 0
    assert partition_of(tenant, "cart", order, 8) != 5


def test_aggregates_spread_over_all_partitions() -> None:
    tenant = new_id()
    counts = [0] * 8
    for _ in range(8_000):
        counts[partition_of(tenant, "order", new_id(), 8)] += 1
    assert min(counts) > 800


def test_an_old_server_is_asked_for_the_whole_partition() -> None:
    two = consumer("index.products", "product.created", "product.updated")
    assert filters(two, 3, prefix="p", server=(2, 9)) == ["p.3.>"]
    assert filters(two, 3, prefix="p", server=(2, 10)) == [
        "p.3.*.product.created",
        "p.3.*.product.updated",
    ]
    one = consumer("mail", "order.placed")
    assert filters(one, 0, prefix="p", server=(2, 9)) == ["p.0.*.order.placed"]


def test_durable_names_have_no_dots_and_are_not_shared() -> None:
    assert durable_name("index.products", 3) == "index-products-3"
    with pytest.raises(ValueError, match="share a durable name"):
        check_names([consumer("a.b"), consumer("a-b")])


def test_the_stream_takes_each_partition_by_name() -> None:
    assert stream_subjects("rustok.events", 2) == ["rustok.events.0.>", "rustok.events.1.>"]
