"""What the courier sends by: the sender, made for the first delivery and not before.

Refuses: to be needed at a start. The HTTP client and the certificates of the authorities are 6 MB and
100 ms, and many processes never have anything to send.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import TYPE_CHECKING, Protocol

from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.webhooks.model.delivery import Answer

if TYPE_CHECKING:
    from rustok.platform.webhooks.service.sending import Sender


class Posting(Protocol):
    """Sends one request to a receiver."""

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; whatever happens on the way is in the answer."""
        ...


class SenderOnDemand:
    """Args:
    policy: which addresses may be connected to.
    """

    def __init__(self, policy: OutboundPolicy) -> None:
        self._policy = policy
        self._sender: Sender | None = None
        self._making = asyncio.Lock()

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """As the sender does, which is made by whoever is first."""
        if self._sender is None:
            async with self._making:
                if self._sender is None:
                    self._sender = await asyncio.to_thread(self._make)
        return await self._sender.post(url, headers=headers, body=body)

    def _make(self) -> Sender:
        from rustok.platform.webhooks.service.sending import Sender  # late: as said above

        return Sender(self._policy)
