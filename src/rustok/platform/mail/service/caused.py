"""The mails requests caused."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from rustok.core.db import ReadTx
from rustok.platform.mail.repository import caused
from rustok.platform.mail.repository.caused import CausedMail

MOST: Final = 200
LOOKED_AT: Final = timedelta(days=90)


async def list_caused(
    tx: ReadTx, correlations: Sequence[UUID], *, since: datetime
) -> list[CausedMail]:
    """Mails queued in `LOOKED_AT` from `since` by requests with these ids, at most `MOST`."""
    return await caused.list_caused(
        tx, correlations, since=since, until=since + LOOKED_AT, limit=MOST
    )
