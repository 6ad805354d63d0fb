"""The mails requests caused."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from rustok.core.db import ReadTx
from rustok.platform.mail.repository import caused
from rustok.platform.mail.repository.caused import CausedMail

MOST: Final = 200


async def list_caused(tx: ReadTx, correlations: Sequence[UUID]) -> list[CausedMail]:
    """Mails queued by requests with these ids, at most `MOST`."""
    return await caused.list_caused(tx, correlations, limit=MOST)
