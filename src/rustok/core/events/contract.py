"""The contract of all events as documents: JSON Schema 2020-12 and AsyncAPI 3.0.

Refuses: knowing features; it describes what is registered, so import them first.
Sources: JSON Schema draft 2020-12; AsyncAPI specification 3.0.0.
"""

from __future__ import annotations

from typing import Any, Final

import msgspec

from rustok.core.events.envelope import Envelope
from rustok.core.events.event import Event, event_types

Document = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
ASYNCAPI: Final = "3.0.0"


def _schemas(template: str) -> tuple[dict[str, Document], Document, Document]:
    """Schema of the data by event type, the envelope's, and the definitions they refer to."""
    types = event_types()
    (envelope, *data), definitions = msgspec.json.schema_components(
        [Envelope, *types.values()], ref_template=template
    )
    for definition in definitions.values():
        # A docstring goes on with notes for programmers; its first line is for everybody.
        if "description" in definition:
            definition["description"] = definition["description"].splitlines()[0]
    definitions[Envelope.__name__]["properties"]["occurred_at"]["format"] = "date-time"
    return dict(zip(types, data, strict=True)), envelope, definitions


def _message(cls: type[Event], data: Document, envelope: Document) -> Document:
    """What travels for one event type: an envelope whose type, version and data are its own."""
    own: Document = {
        "type": {"const": cls.type},
        "schema_version": {"const": cls.schema_version},
        "aggregate_type": {"const": cls.aggregate},
        "data": data,
    }
    return {"allOf": [envelope, {"type": "object", "properties": own}]}


def json_schema(*, version: str) -> Document:
    """One schema that every envelope of a registered event satisfies.

    Args:
        version: of the program whose events these are.
    """
    data, envelope, definitions = _schemas("#/$defs/{name}")
    types = event_types()
    messages = {name: _message(types[name], data[name], envelope) for name in types}
    return {
        "$schema": DIALECT,
        "title": "RusToK events",
        "description": f"Envelopes of all events of RusToK {version}, by type.",
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in messages],
        "$defs": definitions | messages,
    }


def asyncapi(*, version: str) -> Document:
    """An AsyncAPI document: a channel per kind of aggregate, a message per event type.

    Channels have no address of their own: the transport in use decides where events travel.
    """
    data, envelope, definitions = _schemas("#/components/schemas/{name}")
    messages: Document = {}
    channels: Document = {}
    operations: Document = {}
    for name, cls in event_types().items():
        messages[name] = {
            "name": name,
            "title": cls.__name__,
            "summary": _summary(cls),
            "contentType": "application/json",
            "payload": _message(cls, data[name], envelope),
            "x-changes-read-model": cls.changes_read_model,
        }
        channel = channels.setdefault(
            cls.aggregate,
            {"address": None, "title": f"Events of a {cls.aggregate}", "messages": {}},
        )
        channel["messages"][name] = {"$ref": f"#/components/messages/{name}"}
        operations[f"announce.{cls.aggregate}"] = {
            "action": "send",
            "channel": {"$ref": f"#/channels/{cls.aggregate}"},
            "summary": f"The platform announces what happened to a {cls.aggregate}.",
        }
    return {
        "asyncapi": ASYNCAPI,
        "info": {
            "title": "RusToK events",
            "version": version,
            "description": (
                "Facts, named noun.past_tense. Delivered at least once; in order and gapless per "
                "aggregate by `sequence`."
            ),
        },
        "defaultContentType": "application/json",
        "channels": channels,
        "operations": operations,
        "components": {"messages": messages, "schemas": definitions},
    }


def _summary(cls: type[Event]) -> str:
    own = cls.__dict__.get("__doc__")
    return own.strip().splitlines()[0] if own else f"{cls.type} of a {cls.aggregate}"
