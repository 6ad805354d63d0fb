"""Checkpoints: a signed line saying "record N of this tenant has this hash"; verified with the public key alone.

Source: RFC 8032 (Ed25519), RFC 5869 (HKDF).
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

CHECKPOINT_FORMAT: Final = "rustok-audit-checkpoint-1"
SEED_BYTES: Final = 32
Kind = Literal["periodic", "manual", "retention"]
_encode: Final = msgspec.json.Encoder().encode


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """A promise about one record, kept apart from it.

    Attributes:
        number: 0 stands for the beginning of an empty chain.
        kind: "retention": what lies at or before it may be gone.
        public_key, signature: base64url without padding.
    """

    format: str = CHECKPOINT_FORMAT
    tenant_id: UUID
    number: int
    hash: str
    kind: Kind
    made_at: datetime
    kid: str
    public_key: str
    signature: str


class ChainKey(msgspec.Struct, frozen=True, kw_only=True):
    """What seals and signs; made from a random seed that is kept sealed.

    Attributes:
        kid: the first 16 hex digits of the public key's SHA-256.
        sealing: key of the seals of records and heads.
    """

    kid: str
    sealing: bytes
    signing: Ed25519PrivateKey
    public_key: str


def chain_key(seed: bytes) -> ChainKey:
    """The key made from `seed` (32 random bytes)."""
    signing = Ed25519PrivateKey.from_private_bytes(_derive(seed, b"rustok audit signing"))
    public = signing.public_key().public_bytes_raw()
    return ChainKey(
        kid=hashlib.sha256(public).hexdigest()[:16],
        sealing=_derive(seed, b"rustok audit sealing"),
        signing=signing,
        public_key=_text(public),
    )


def sign(
    key: ChainKey, *, tenant_id: UUID, number: int, hash_: str, kind: Kind, made_at: datetime
) -> Checkpoint:
    """A signed checkpoint."""
    data = _signed(tenant_id, number, hash_, kind, made_at, key.kid)
    return Checkpoint(
        tenant_id=tenant_id,
        number=number,
        hash=hash_,
        kind=kind,
        made_at=made_at,
        kid=key.kid,
        public_key=key.public_key,
        signature=_text(key.signing.sign(data)),
    )


def is_signed(checkpoint: Checkpoint, *, public_key: str | None = None) -> bool:
    """Whether the checkpoint is whole.

    Args:
        public_key: the key known to be right; None believes the one in the checkpoint.
    """
    if public_key is not None and public_key != checkpoint.public_key:
        return False
    data = _signed(
        checkpoint.tenant_id,
        checkpoint.number,
        checkpoint.hash,
        checkpoint.kind,
        checkpoint.made_at,
        checkpoint.kid,
    )
    try:
        key = Ed25519PublicKey.from_public_bytes(_bytes(checkpoint.public_key))
        key.verify(_bytes(checkpoint.signature), data)
    except (InvalidSignature, ValueError, binascii.Error):
        return False
    return True


def _signed(
    tenant_id: UUID, number: int, hash_: str, kind: Kind, made_at: datetime, kid: str
) -> bytes:
    return _encode([CHECKPOINT_FORMAT, tenant_id, number, hash_, kind, made_at, kid])


def _derive(seed: bytes, purpose: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=purpose).derive(seed)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
