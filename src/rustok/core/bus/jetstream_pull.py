"""Pulls messages of one JetStream consumer and hands them out as they come.

Refuses: deciding about them, and more memory than it asked for: the broker sends what was requested.

The client library's own `fetch` waits until a batch is full or its time is over, which delays a
single event by that time; so the request is made here, with the library's connection.
Source: NATS JetStream API, $JS.API.CONSUMER.MSG.NEXT (ADR-9, ADR-13 of nats-architecture-and-design).
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections import deque
from typing import Final

import nats.errors
from nats.aio.msg import Msg
from nats.aio.subscription import Subscription

from rustok.core.bus.errors import BrokerNotProvisioned, BrokerUnavailable
from rustok.core.bus.jetstream_connection import Broker, translated

EXPIRES_SECONDS: Final = 10.0
"""How long the broker holds a request for events that are not there yet."""
ENDED: Final = ("404", "408")
"""Statuses of a request that ended because there was nothing (more) to give."""
GRACE_SECONDS: Final = 3.0
"""A request without an answer so long after its end was lost; it is made again."""


class Pull:
    """One consumer's messages.

    Args:
        broker: the connection.
        consumer: its name.
    """

    def __init__(self, broker: Broker, consumer: str) -> None:
        self._broker = broker
        self._consumer = consumer
        self._subscription: Subscription | None = None
        self._inbox = ""
        self._request = 0
        self._outstanding = 0
        self._lost_at = 0.0
        self._ready: deque[Msg] = deque()
        self._news = asyncio.Event()
        self._trouble: BrokerUnavailable | None = None

    async def open(self) -> None:
        """Raises BrokerUnavailable."""
        client = self._broker.client
        self._inbox = client.new_inbox()
        with translated("inbox"):
            self._subscription = await client.subscribe(f"{self._inbox}.*", cb=self._on_message)

    async def close(self) -> list[Msg]:
        """Stop; gives back what was received and not taken."""
        subscription, self._subscription = self._subscription, None
        if subscription is not None:
            with contextlib.suppress(nats.errors.Error, OSError):
                await subscription.unsubscribe()
        left = list(self._ready)
        self._ready.clear()
        return left

    def interrupt(self) -> None:
        """Let `take` return now."""
        self._news.set()

    async def take(self, limit: int, *, timeout_seconds: float) -> list[Msg]:
        """At least one message when there is one within the time, at most `limit`.

        Raises:
            BrokerNotProvisioned: the consumer is gone.
            BrokerUnavailable: the connection is.
        """
        if not self._ready and timeout_seconds > 0:
            self._news.clear()
            await self._ask(limit)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_seconds):
                    await self._news.wait()
        if self._trouble is not None:
            trouble, self._trouble = self._trouble, None
            raise trouble
        taken = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        # The next batch is on its way while this one is applied.
        if taken and not self._ready:
            await self._ask(limit)
        return taken

    async def _ask(self, limit: int) -> None:
        """Request messages unless a request is under way."""
        now = time.monotonic()
        if self._outstanding > 0 and now < self._lost_at:
            return
        self._request += 1
        self._outstanding = limit
        self._lost_at = now + EXPIRES_SECONDS + GRACE_SECONDS
        body = json.dumps({"batch": limit, "expires": int(EXPIRES_SECONDS * 1e9)}).encode()
        stream = self._broker.settings.stream
        subject = f"$JS.API.CONSUMER.MSG.NEXT.{stream}.{self._consumer}"
        client = self._broker.client
        with translated(f"consumer {self._consumer}"):
            await client.publish(subject, body, reply=f"{self._inbox}.{self._request}")

    async def _on_message(self, message: Msg) -> None:
        status = (message.headers or {}).get("Status")
        if status is None:
            self._outstanding -= 1
            self._ready.append(message)
            self._news.set()
            return
        if message.subject != f"{self._inbox}.{self._request}" or status == "100":
            return  # of a request before this one, or a sign of life
        self._outstanding = 0
        description = (message.headers or {}).get("Description", "")
        if status == "503" or "Consumer Deleted" in description:
            self._trouble = BrokerNotProvisioned(f"there is no consumer {self._consumer}")
        elif status not in ENDED:
            self._trouble = BrokerUnavailable(f"consumer {self._consumer}: {description or status}")
        # Else the request is over without trouble, and the next `take` makes a new one.
        self._news.set()
