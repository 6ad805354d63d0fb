"""The catalogue of events: complete, compatible with what was promised, stable on the wire."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

import rustok
from rustok.core.events.contract import json_schema
from rustok.core.events.event import decode_event, encode_event, event_types
from rustok.core.ids import new_id
from rustok.server.modules import all_modules
from tests.architecture.event_compatibility import broken_promises

all_modules()  # importing the features registers their events

ROOT = Path(__file__).resolve().parents[2]
SNAPSHOT = ROOT / "docs/events/schemas.json"
GOLDEN = Path(__file__).parent / "golden_events"

CATALOGUE: Final = [
    "tenant.created",
    "tenant.updated",
    "tenant.suspended",
    "tenant.reactivated",
    "tenant.erased",
    "tenant.domain_added",
    "tenant.domain_removed",
    "locale.enabled",
    "locale.disabled",
    "module.enabled",
    "module.disabled",
    "user.registered",
    "user.logged_in",
    "user.login_failed",
    "user.updated",
    "user.role_changed",
    "user.password_changed",
    "user.deleted",
    "api_key.created",
    "api_key.revoked",
    "node.created~",
    "node.updated~",
    "node.translation_updated~",
    "body.updated~",
    "node.submitted_for_review",
    "node.review_rejected",
    "node.scheduled",
    "node.published~",
    "node.unpublished~",
    "node.archived~",
    "node.restored~",
    "node.deleted~",
    "category.created~",
    "category.updated~",
    "category.deleted~",
    "tag.created",
    "tag.attached~",
    "tag.detached~",
    "media.uploaded",
    "media.deleted",
    "product.created~",
    "product.updated~",
    "product.published~",
    "product.unpublished~",
    "product.archived~",
    "product.deleted~",
    "variant.created~",
    "variant.updated~",
    "variant.deleted~",
    "collection.created~",
    "collection.updated~",
    "collection.deleted~",
    "price.updated~",
    "inventory.adjusted~",
    "inventory.reserved~",
    "inventory.released~",
    "inventory.low",
    "inventory.out_of_stock",
    "inventory.back_in_stock",
    "cart.created",
    "cart.updated",
    "cart.completed",
    "cart.abandoned",
    "order.placed",
    "order.confirmed",
    "order.paid",
    "order.partially_shipped",
    "order.shipped",
    "order.delivered",
    "order.cancelled",
    "order.status_changed",
    "payment.requires_action",
    "payment.authorized",
    "payment.captured",
    "payment.failed",
    "payment.voided",
    "payment.refunded",
    "fulfilment.created",
    "fulfilment.shipped",
    "fulfilment.delivered",
    "fulfilment.cancelled",
    "return.requested",
    "return.approved",
    "return.rejected",
    "return.received",
    "return.refunded",
    "promotion.created",
    "promotion.updated",
    "coupon.redeemed",
    "index.reindex_requested",
    "index.updated",
    "webhook.endpoint_created",
    "webhook.endpoint_disabled",
    "webhook.delivery_failed",
]
"""The design's list; `~` marks what changes a read model."""


def test_every_event_of_the_design_is_declared_with_its_flag() -> None:
    declared = event_types()
    for entry in CATALOGUE:
        name = entry.rstrip("~")
        assert name in declared, f"{name} is not declared"
        assert declared[name].changes_read_model == entry.endswith("~"), name


@pytest.mark.parametrize("name", sorted(event_types()))
def test_a_payload_of_each_type_reads_and_writes_the_same(name: str) -> None:
    cls = event_types()[name]
    for version in range(1, cls.schema_version + 1):
        file = GOLDEN / f"{name}.v{version}.json"
        assert file.is_file(), (
            f"put the data of a real {name} of version {version} into {file.name}"
        )
        data = file.read_bytes().rstrip(b"\n")
        event = decode_event(name, version, data)
        assert type(event) is cls
        if version == cls.schema_version:
            assert encode_event(event, tenant_id=new_id()).data == data


def test_no_golden_payload_is_of_an_event_that_is_gone() -> None:
    types = event_types()
    for file in GOLDEN.iterdir():
        found = re.fullmatch(r"([a-z_]+\.[a-z_]+)\.v(\d+)\.json", file.name)
        assert found, file.name
        assert found[1] in types, f"{found[1]} is gone, which decision 10 forbids"
        assert int(found[2]) <= types[found[1]].schema_version


def _snapshot() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(SNAPSHOT.read_text("utf-8"))
    return found


def _now() -> dict[str, Any]:
    made: dict[str, Any] = json.loads(msgspec.json.encode(json_schema(version=rustok.__version__)))
    return made


def test_no_event_breaks_what_its_version_promised() -> None:
    faults = broken_promises(_snapshot(), _now())
    assert not faults, "docs/decisions/0010-event-compatibility.md:\n" + "\n".join(faults)


def test_the_snapshot_of_the_schemas_is_that_of_the_code() -> None:
    assert _snapshot() == _now(), "run: rustok events schema > docs/events/schemas.json"


def _order(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["$defs"]["OrderPlaced"]
    return found


def _removed(document: dict[str, Any]) -> None:
    del _order(document)["properties"]["number"]


def _retyped(document: dict[str, Any]) -> None:
    _order(document)["properties"]["total_minor"] = {"type": "string"}


def _required(document: dict[str, Any]) -> None:
    _order(document)["properties"]["channel"] = {"type": "string"}
    _order(document)["required"].append("channel")


def _not_null_any_more(document: dict[str, Any]) -> None:
    _order(document)["properties"]["customer_id"] = {"type": "string", "format": "uuid"}


def _shorter(document: dict[str, Any]) -> None:
    _order(document)["properties"]["number"]["maxLength"] = 10


def _gone(document: dict[str, Any]) -> None:
    del document["$defs"]["order.placed"]


def _moved(document: dict[str, Any]) -> None:
    message = document["$defs"]["order.placed"]["allOf"][1]["properties"]
    message["aggregate_type"]["const"] = "cart"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_removed, "data.number is removed"),
        (_retyped, "data.total_minor was integer and is string"),
        (_required, "data.channel is required now"),
        (_not_null_any_more, "data.customer_id no longer takes null"),
        (_shorter, "data.number has a lower maxLength"),
        (_gone, "the event type is gone"),
        (_moved, "another kind of aggregate"),
    ],
)
def test_a_change_that_needs_a_new_version_is_named(
    change: Callable[[dict[str, Any]], None], words: str
) -> None:
    changed = copy.deepcopy(_now())
    change(changed)
    faults = broken_promises(_now(), changed)
    assert len(faults) == 1
    assert faults[0].startswith("order.placed: ")
    assert words in faults[0]


def test_widening_and_a_new_version_are_no_break() -> None:
    wider = copy.deepcopy(_now())
    fields = _order(wider)["properties"]
    fields["channel"] = {"type": "string", "default": "web"}
    fields["number"]["maxLength"] = 400
    fields["cart_id"] = {"anyOf": [fields["cart_id"], {"type": "null"}]}
    assert broken_promises(_now(), wider) == []
    second = copy.deepcopy(_now())
    message = second["$defs"]["order.placed"]["allOf"][1]["properties"]
    message["schema_version"]["const"] = 2
    _removed(second)
    assert broken_promises(_now(), second) == []
