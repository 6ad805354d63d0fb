"""Idempotency keys: the answer of a command is stored with its effect, so a retry gets the same answer.

The row is written by the command's own transaction. A second request with the same key waits for
the first one's row (PostgreSQL) or for its turn (SQLite), then replays the stored answer. A
command that fails stores nothing and may be tried again.
Source: draft-ietf-httpapi-idempotency-key-header.
"""

from __future__ import annotations

import hashlib
import re
from datetime import datetime
from typing import Final

import msgspec
from sqlalchemy import Column, Index, Integer, Text, bindparam, select

from rustok.core.db import TENANT, Command, Query, SystemTx, Timestamp, WriteTx
from rustok.core.db.schema import Json, tenant_table
from rustok.core.errors import FieldError, InvalidInput, Unprocessable
from rustok.core.security.sealing import Sealer

KEY_PATTERN: Final = re.compile(r"^[\x21-\x7e]{8,128}$")

idempotency_keys: Final = tenant_table(
    "idempotency_keys",
    Column("actor", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("operation", Text, nullable=False),
    Column("fingerprint", Text, nullable=False),
    Column("status", Integer, nullable=False),
    Column("headers", Json(dict[str, str]), nullable=False),
    Column("body", Text, nullable=False, info={"sealed": "answer/{actor}/{key}"}),
    Column("created_at", Timestamp(), nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
    primary_key=("actor", "key"),
    with_id=False,
)


class IdempotencyKeyInvalid(InvalidInput):
    code = "idempotency_key_invalid"
    title = "The Idempotency-Key is missing or malformed"
    mend = (
        "Send a fresh random Idempotency-Key (8 to 128 visible ASCII characters, such as a UUID)."
    )

    def __init__(self, message: str) -> None:
        super().__init__(
            message,
            fields=[FieldError(pointer="Idempotency-Key", rule="idempotency_key", message=message)],
        )


class IdempotencyKeyReused(Unprocessable):
    code = "idempotency_key_reused"
    title = "The Idempotency-Key was used for another request"
    mend = "Use a fresh key for every different request."

    def __init__(self) -> None:
        super().__init__("This Idempotency-Key belongs to an earlier request with another content.")


class StoredReply(msgspec.Struct, frozen=True, kw_only=True):
    """What the first request answered."""

    operation: str
    fingerprint: str
    status: int
    headers: dict[str, str]
    body: str


def check_key(key: str | None, *, required: bool) -> str | None:
    """The key of the request.

    Raises:
        IdempotencyKeyInvalid: it is malformed, or missing where required.
    """
    if key is None:
        if required:
            raise IdempotencyKeyInvalid(
                "This request moves money or stock and needs an Idempotency-Key."
            )
        return None
    if not KEY_PATTERN.match(key):
        raise IdempotencyKeyInvalid("An Idempotency-Key has 8 to 128 visible ASCII characters.")
    return key


def fingerprint(operation: str, path: str, body: bytes) -> str:
    """What makes two requests the same: operation, address and content (SHA-256)."""
    digest = hashlib.sha256()
    for part in (operation.encode(), path.encode(), body):
        digest.update(len(part).to_bytes(8, "big"))
        digest.update(part)
    return digest.hexdigest()


_STORED: Final = Query(
    select(
        idempotency_keys.c.operation,
        idempotency_keys.c.fingerprint,
        idempotency_keys.c.status,
        idempotency_keys.c.headers,
        idempotency_keys.c.body,
    ).where(
        idempotency_keys.c.tenant_id == TENANT,
        idempotency_keys.c.actor == bindparam("actor", type_=Text()),
        idempotency_keys.c.key == bindparam("key", type_=Text()),
    ),
    StoredReply,
)


async def claim(
    tx: WriteTx, sealer: Sealer, *, actor: str, key: str, operation: str, fingerprint: str
) -> StoredReply | None:
    """Take the key for this transaction, or give the stored answer of the request that had it.

    Raises:
        IdempotencyKeyReused: the key belongs to a different request.
    """
    fresh = await tx.insert_if_absent(
        idempotency_keys,
        actor=actor,
        key=key,
        operation=operation,
        fingerprint=fingerprint,
        status=0,
        headers={},
        body="",
        created_at=tx.now,
    )
    if fresh:
        return None
    stored = await tx.one(_STORED, actor=actor, key=key)
    if stored is None or stored.fingerprint != fingerprint:
        raise IdempotencyKeyReused
    body = sealer.open(stored.body, belongs_to=_place(actor, key)).decode()
    return msgspec.structs.replace(stored, body=body)


def _place(actor: str, key: str) -> str:
    return f"answer/{actor}/{key}"


def store(
    tx: WriteTx,
    sealer: Sealer,
    *,
    actor: str,
    key: str,
    status: int,
    headers: dict[str, str],
    body: bytes,
) -> None:
    """Keep the answer beside the effect, sealed: it may hold a secret shown once, and people's data."""
    tx.update_last(
        idempotency_keys,
        {"actor": actor, "key": key},
        status=status,
        headers=headers,
        body=sealer.seal(body, belongs_to=_place(actor, key)),
    )


_PURGE: Final = Command(
    idempotency_keys.delete().where(
        idempotency_keys.c.created_at < bindparam("before", type_=Timestamp())
    ),
    system="retention",
)


async def purge(tx: SystemTx, *, before: datetime) -> int:
    """Forget keys older than `before`."""
    return await tx.run(_PURGE, before=before)
