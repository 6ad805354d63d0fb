"""Signs deliveries so that receivers know sender and moment; makes the secrets for it.

Source: Standard Webhooks 1.0 (symmetric signatures, `v1`).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32


def new_secret() -> bytes:
    """A fresh key (256 bits)."""
    return secrets.token_bytes(SECRET_BYTES)


def shown(secret: bytes) -> str:
    """The secret as its owner gets it, once."""
    return PREFIX + base64.b64encode(secret).decode("ascii")


def message_id(event_id: UUID) -> str:
    """The same for all attempts at one event, so that receivers know a repetition."""
    return f"msg_{event_id.hex}"


def signature_headers(
    *, message: str, at: datetime, body: bytes, keys: Sequence[bytes]
) -> dict[str, str]:
    """The three headers; one signature per key, the newest key first.

    Args:
        at: the moment of sending; receivers refuse what is minutes old.
    """
    timestamp = str(int(at.timestamp()))
    signed = b".".join((message.encode("ascii"), timestamp.encode("ascii"), body))
    signatures = [
        "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")
        for key in keys
    ]
    return {
        "webhook-id": message,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(signatures),
    }
