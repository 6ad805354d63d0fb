"""What was sent because of events."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rustok.core.db import ReadTx
from rustok.platform.webhooks.repository import sent
from rustok.platform.webhooks.repository.sent import Sent

MOST: Final = 500


async def list_sent(tx: ReadTx, event_ids: Sequence[UUID]) -> list[Sent]:
    """The deliveries of these events, at most `MOST`, the oldest first."""
    return await sent.list_sent(tx, event_ids, limit=MOST)
