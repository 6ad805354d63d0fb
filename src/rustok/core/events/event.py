"""The event base, the registry of event types, and validation on emit and on consume.

An event is a frozen struct registered by `@event`; its JSON schema is its contract. Emitting
encodes it and decodes the bytes again through the typed decoder, so a value that a consumer
would refuse cannot be emitted.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any, ClassVar, Final, TypeVar
from uuid import UUID

import msgspec

from rustok.core.audit.entry import Outcome
from rustok.core.errors import RustokError

E = TypeVar("E", bound="type[Event]")
TYPE_PATTERN: Final = re.compile(r"^[a-z][a-z_]*\.[a-z][a-z_]*$")


class InvalidEvent(RustokError):
    """An event that breaks its own rules; naming type, field, rule and the value's class, never the value."""

    code = "invalid_event"
    title = "An event breaks its rules"
    status = 500
    mend = "This is a fault of the platform; tell the operator the trace id."

    def __init__(self, event_type: str, field: str, rule: str) -> None:
        self.event_type, self.field, self.rule = event_type, field, rule
        super().__init__(f"Event '{event_type}', field '{field}': {rule}.")


class UnknownEvent(RustokError):
    """A type or version this code does not know; it is parked, never dropped."""

    code = "unknown_event"
    title = "An event of an unknown type or version"
    status = 500

    def __init__(self, event_type: str, schema_version: int) -> None:
        self.event_type, self.schema_version = event_type, schema_version
        super().__init__(
            f"Event '{event_type}' version {schema_version} is not known to this version."
        )


class Event(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=False):
    """A fact. Subclasses are declared with `@event(...)`; fields are ids and scalars, never entities."""

    type: ClassVar[str] = ""
    aggregate: ClassVar[str] = ""
    key: ClassVar[str] = ""
    schema_version: ClassVar[int] = 1
    changes_read_model: ClassVar[bool] = False
    unaudited: ClassVar[str] = ""
    outcome: ClassVar[Outcome] = "done"

    def rule_broken(self) -> tuple[str, str] | None:
        """(field, rule) of the first cross-field rule that does not hold; None when all hold."""
        return None


class EncodedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event that passed validation, with its bytes."""

    type: str
    schema_version: int
    tenant_id: UUID
    aggregate_type: str
    aggregate_id: UUID
    data: bytes


class EventType:
    """A registered event class. Its codec is made for its first event: a start would wait for 127 of them."""

    def __init__(self, cls: type[Event]) -> None:
        self.cls = cls

    @functools.cached_property
    def decoder(self) -> msgspec.json.Decoder[Event]:
        return msgspec.json.Decoder(self.cls)

    @functools.cached_property
    def id_fields(self) -> tuple[str, ...]:
        """The fields that hold an id, or an id or nothing."""
        hints = msgspec.inspect.type_info(self.cls)
        return tuple(
            field.name
            for field in hints.fields  # type: ignore[attr-defined]  # a StructType
            if _is_uuid(field.type)
        )


_registry: dict[str, EventType] = {}
_encoder: Final = msgspec.json.Encoder()


def event(
    name: str,
    *,
    aggregate: str,
    key: str,
    version: int = 1,
    read_model: bool = False,
    unaudited: str = "",
    outcome: Outcome = "done",
) -> Callable[[E], E]:
    """Register an event class.

    Args:
        name: `aggregate.past_tense`, as in DOMAIN.md.
        aggregate: the kind of thing its sequence belongs to.
        key: the field that holds the aggregate's id.
        version: raised when the schema changes incompatibly.
        read_model: True when the event changes a read model.
        unaudited: why the audit log leaves it out; "" records it, as is right for what people do.
        outcome: how the audit log files it: "done", or "failed" for what did not come about.

    Raises:
        ValueError: the name is malformed or taken, or `key` is no field.
    """

    def declare(cls: E) -> E:
        if not TYPE_PATTERN.match(name):
            raise ValueError(f"event type {name!r} is not noun.past_tense")
        if name in _registry and _registry[name].cls.__qualname__ != cls.__qualname__:
            raise ValueError(f"event type {name!r} is declared twice")
        if key not in cls.__struct_fields__:
            raise ValueError(f"event {name!r} has no field {key!r}")
        cls.type, cls.aggregate, cls.key = name, aggregate, key
        cls.schema_version, cls.changes_read_model = version, read_model
        cls.unaudited, cls.outcome = unaudited, outcome
        _registry[name] = EventType(cls)
        return cls

    return declare


def _is_uuid(kind: Any) -> bool:
    if isinstance(kind, msgspec.inspect.UnionType):
        return any(_is_uuid(one) for one in kind.types)
    return isinstance(kind, msgspec.inspect.UUIDType)


def event_types() -> dict[str, type[Event]]:
    """All event classes by type, sorted."""
    return {name: known.cls for name, known in sorted(_registry.items())}


def aggregate_types() -> frozenset[str]:
    """The kinds of things events are about."""
    return frozenset(known.cls.aggregate for known in _registry.values())


_FIELD: Final = re.compile(r"`\$\.?(?P<path>[^`]*)`")


def _check(known: EventType, name: str, data: bytes) -> Event:
    try:
        decoded = known.decoder.decode(data)
    except msgspec.ValidationError as error:
        message = str(error)
        found = _FIELD.search(message)
        rule = message.split(" - at ")[0]
        raise InvalidEvent(
            name, found["path"] if found else "?", rule[0].lower() + rule[1:]
        ) from None
    for field in known.id_fields:
        value = getattr(decoded, field)
        if value is not None and value.int == 0:
            raise InvalidEvent(name, field, "an id must not be nil")
    broken = decoded.rule_broken()
    if broken is not None:
        raise InvalidEvent(name, *broken)
    return decoded


def encode_event(event_: Event, *, tenant_id: UUID) -> EncodedEvent:
    """Validate and encode.

    Raises:
        InvalidEvent: a field breaks its rule.
        UnknownEvent: the class is not registered.
    """
    name = event_.type
    known = _registry.get(name)
    if known is None or known.cls is not type(event_):
        raise UnknownEvent(name or type(event_).__name__, event_.schema_version)
    if tenant_id.int == 0:
        raise InvalidEvent(name, "tenant_id", "an id must not be nil")
    data = _encoder.encode(event_)
    _check(known, name, data)
    return EncodedEvent(
        type=name,
        schema_version=event_.schema_version,
        tenant_id=tenant_id,
        aggregate_type=event_.aggregate,
        aggregate_id=getattr(event_, event_.key),
        data=data,
    )


def decode_event(name: str, schema_version: int, data: bytes | str) -> Event:
    """Decode and validate what was stored or received, upcasting older versions.

    Raises:
        UnknownEvent: unknown type, or a version newer than this code.
        InvalidEvent: the data breaks the type's rules.
    """
    known = _registry.get(name)
    if known is None or schema_version > known.cls.schema_version:
        raise UnknownEvent(name, schema_version)
    raw = data.encode() if isinstance(data, str) else data
    while schema_version < known.cls.schema_version:
        step = _upcasters.get((name, schema_version))
        if step is None:
            raise UnknownEvent(name, schema_version)
        raw = msgspec.json.encode(step(msgspec.json.decode(raw, type=dict[str, Any])))
        schema_version += 1
    return _check(known, name, raw)


Upcaster = Callable[[dict[str, Any]], dict[str, Any]]
_upcasters: dict[tuple[str, int], Upcaster] = {}


def upcaster(name: str, from_version: int) -> Callable[[Upcaster], Upcaster]:
    """Register the step from `from_version` to the next of event type `name`."""

    def declare(step: Upcaster) -> Upcaster:
        _upcasters[(name, from_version)] = step
        return step

    return declare
