"""`rustok events schema`: valid documents that real events satisfy; no database is opened."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema_rs
import msgspec
import pytest

from rustok.cli.main import run
from rustok.core.events.envelope import Envelope
from rustok.core.events.event import event_types
from rustok.core.ids import new_id
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.platform.tenants.events import TenantSuspended


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUSTOK_CONFIG", raising=False)


def printed(capsys: pytest.CaptureFixture[str], *args: str) -> Any:
    assert run(["events", "schema", *args]) == 0
    return json.loads(capsys.readouterr().out)


def envelope(**changed: object) -> Any:
    event = TenantSuspended(tenant_id=PLATFORM_TENANT_ID, reason="Unpaid invoice")
    fields: dict[str, Any] = {
        "id": new_id(),
        "type": event.type,
        "schema_version": 1,
        "tenant_id": PLATFORM_TENANT_ID,
        "aggregate_type": "tenant",
        "aggregate_id": PLATFORM_TENANT_ID,
        "sequence": 1,
        "occurred_at": "2026-03-01T12:00:00Z",
        "correlation_id": new_id(),
        "data": msgspec.to_builtins(event),
    }
    return json.loads(msgspec.json.encode(fields | changed))


def test_the_json_schema_is_valid_and_takes_a_real_event(
    capsys: pytest.CaptureFixture[str],
) -> None:
    schema = printed(capsys)
    jsonschema_rs.meta.validate(schema)
    validator = jsonschema_rs.validator_for(schema)
    assert validator.is_valid(envelope())
    read = msgspec.json.decode(json.dumps(envelope()), type=Envelope)
    assert read.event().type == "tenant.suspended"
    assert {ref["$ref"].rpartition("/")[2] for ref in schema["oneOf"]} == set(event_types())


@pytest.mark.parametrize(
    "changed",
    [{"type": "tenant.vanished"}, {"schema_version": 2}, {"data": {}}, {"sequence": "one"}],
)
def test_the_json_schema_refuses_what_is_no_event(
    changed: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    validator = jsonschema_rs.validator_for(printed(capsys))
    assert not validator.is_valid(envelope(**changed))


def test_the_asyncapi_document_names_every_event_and_leads_nowhere_empty(
    capsys: pytest.CaptureFixture[str],
) -> None:
    document = printed(capsys, "--asyncapi")
    assert document["asyncapi"] == "3.0.0"
    assert set(document["components"]["messages"]) == set(event_types())

    def references(value: Any) -> list[str]:
        if isinstance(value, dict):
            own = [value["$ref"]] if isinstance(value.get("$ref"), str) else []
            return own + [ref for inner in value.values() for ref in references(inner)]
        return (
            [ref for inner in value for ref in references(inner)] if isinstance(value, list) else []
        )

    for reference in references(document):
        place: Any = document
        for step in reference.removeprefix("#/").split("/"):
            place = place[step]
        assert place, reference


def test_schema_needs_no_database(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    printed(capsys)
    assert list(tmp_path.iterdir()) == []
