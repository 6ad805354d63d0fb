"""A record of the chain and its canonical bytes.

The hash is plain SHA-256 over all of a record and the hash before it, so anybody can compute it;
the seal is a keyed digest of the hash, so nobody without the key can make a record anew.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

import msgspec

from rustok.core.audit.entry import Outcome
from rustok.core.tenancy import ActorKind

FORMAT: Final = "rustok-audit-1"
GENESIS: Final = "0" * 64
"""What stands as the hash before the first record."""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_encode: Final = msgspec.json.Encoder().encode


class Content(msgspec.Struct, frozen=True, kw_only=True):
    """What is recorded; before and after are JSON text, kept to the byte."""

    id: UUID
    occurred_at: datetime
    action: str
    object_type: str
    object_id: str | None
    before_json: str | None
    after_json: str | None
    outcome: Outcome
    reason: str | None
    actor_kind: ActorKind
    actor_id: UUID | None
    session_id: UUID | None
    address: str | None
    request_id: str | None
    trace_id: str | None
    correlation_id: UUID
    causation_id: UUID | None


class Record(Content, frozen=True, kw_only=True):
    """A content with its place in the chain of its tenant; `number` counts from 1 without gaps."""

    tenant_id: UUID
    number: int
    previous: str
    hash: str
    kid: str
    seal: str


_FIELDS: Final = Content.__struct_fields__


def canonical(content: Content, *, tenant_id: UUID, number: int, previous: str) -> bytes:
    """The bytes a record's hash is made over: a JSON array in a fixed order, times in microseconds."""
    values: list[object] = [FORMAT, str(tenant_id), number, previous]
    for name in _FIELDS:
        value = getattr(content, name)
        if isinstance(value, datetime):
            value = (value - _EPOCH) // timedelta(microseconds=1)
        values.append(value)
    return _encode(values)


def hash_of(content: Content, *, tenant_id: UUID, number: int, previous: str) -> str:
    """SHA-256 over the canonical bytes, in hex."""
    data = canonical(content, tenant_id=tenant_id, number=number, previous=previous)
    return hashlib.sha256(data).hexdigest()


def seal_of(key: bytes, what: str, tenant_id: UUID, number: int, hash_: str) -> str:
    """A keyed digest (HMAC-SHA256, hex) of a hash at its place.

    Args:
        what: "record" or "head"; the one cannot stand for the other.
    """
    data = f"{FORMAT}/{what}/{tenant_id}/{number}/{hash_}".encode()
    return hmac.digest(key, data, "sha256").hex()


def chained(
    content: Content, *, tenant_id: UUID, number: int, previous: str, kid: str, key: bytes
) -> Record:
    """`content` as record `number` behind the one whose hash is `previous`."""
    hash_ = hash_of(content, tenant_id=tenant_id, number=number, previous=previous)
    return Record(
        **{name: getattr(content, name) for name in _FIELDS},
        tenant_id=tenant_id,
        number=number,
        previous=previous,
        hash=hash_,
        kid=kid,
        seal=seal_of(key, "record", tenant_id, number, hash_),
    )
