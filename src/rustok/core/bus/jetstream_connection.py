"""The connection to NATS: made in the background, kept for ever, and honest about being away.

Refuses: holding anybody up. Nothing waits here for an absent broker; who needs it gets
`BrokerUnavailable` at once and comes back.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import msgspec
import nats
import nats.errors
import nats.js.errors
from nats.aio.client import Client
from nats.js import JetStreamContext
from nats.js.api import ConsumerInfo, StreamInfo

from rustok.core.bus.errors import BrokerNotProvisioned, BrokerUnavailable
from rustok.core.errors import RustokError
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

RECONNECT_WAIT_SECONDS: Final = 0.25
CONNECT_TIMEOUT_SECONDS: Final = 2
PING_SECONDS: Final = 5
"""Two unanswered pings and the connection counts as dead, also when TCP says nothing."""
API_TIMEOUT_SECONDS: Final = 5.0
OUTSTANDING_ACKS: Final = 256
"""Publishes that may wait for their acknowledgement at one time."""

log = get_logger("rustok.bus.nats")


class JetStreamSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach the broker and what belongs to this deployment there.

    Attributes:
        subjects: prefix of all subjects; one deployment, one prefix.
        partitions: into how many ordered lanes the aggregates are spread; fixed by the stream.
        max_age_seconds: how long the stream keeps an event, consumed or not.
        ack_wait_seconds: after so long without a word the broker delivers an event again.
        publish_timeout_seconds: longest wait for the acknowledgements of one batch.
    """

    urls: tuple[str, ...] = ("nats://127.0.0.1:4222",)
    user: str | None = None
    password: str | None = None
    token: str | None = None
    credentials_file: str | None = None
    stream: str = "RUSTOK_EVENTS"
    subjects: str = "rustok.events"
    partitions: int = 8
    replicas: int = 1
    max_age_seconds: float = 90 * 86_400.0
    ack_wait_seconds: float = 30.0
    publish_timeout_seconds: float = 5.0


NAME: Final = "jetstream"
"""In metrics."""


class Broker:
    """One connection for everything a process does with NATS.

    Attributes:
        generation: raised at every connect; who remembers another one has lost deliveries.
    """

    def __init__(self, settings: JetStreamSettings) -> None:
        self.settings = settings
        self.generation = 0
        self.away_because: str = "not connected yet"
        self._client: Client | None = None
        self._js: JetStreamContext | None = None
        self._connecting: asyncio.Task[None] | None = None
        self._connected = asyncio.Event()
        self._listeners: list[Callable[[], None]] = []
        self._closing = False

    @property
    def connected(self) -> bool:
        """Whether the connection stands, as far as this side knows."""
        return self._client is not None and self._client.is_connected

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` after every connect and disconnect; returns how to stop it."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    @property
    def opened(self) -> bool:
        """Whether this process has had a use for the broker."""
        return self._connecting is not None

    def open(self) -> None:
        """Begin to connect, and go on until it succeeds; returns at once. Again: does nothing."""
        if self._connecting is None:
            metrics.BROKER_CONNECTED.labels(transport=NAME).set(0)
            self._connecting = asyncio.create_task(self._connect(), name="nats connect")

    async def wait_connected(self, timeout_seconds: float) -> None:
        """Raises BrokerUnavailable when there is no connection within `timeout_seconds`."""
        try:
            async with asyncio.timeout(timeout_seconds):
                await self._connected.wait()
        except TimeoutError:
            raise BrokerUnavailable(self.away_because) from None

    async def _connect(self) -> None:
        settings = self.settings
        client = Client()
        await client.connect(
            servers=list(settings.urls),
            name="rustok",
            user=settings.user,
            password=settings.password,
            token=settings.token,
            user_credentials=settings.credentials_file,
            allow_reconnect=True,
            max_reconnect_attempts=-1,
            # The library takes any number; its annotations say int.
            reconnect_time_wait=RECONNECT_WAIT_SECONDS,  # type: ignore[arg-type]
            connect_timeout=CONNECT_TIMEOUT_SECONDS,
            ping_interval=PING_SECONDS,
            max_outstanding_pings=2,
            drain_timeout=5,
            error_cb=self._on_error,
            disconnected_cb=self._on_disconnected,
            reconnected_cb=self._on_connected,
        )
        self._client = client
        self._js = client.jetstream(
            timeout=API_TIMEOUT_SECONDS, publish_async_max_pending=OUTSTANDING_ACKS
        )
        await self._on_connected()

    async def _on_connected(self) -> None:
        self.generation += 1
        self.away_because = ""
        self._connected.set()
        log.info("nats.connected", generation=self.generation)
        self._tell()

    async def _on_disconnected(self) -> None:
        self.away_because = self.away_because or "the connection broke"
        self._connected.clear()
        if not self._closing:
            log.warning("nats.disconnected")
        self._tell()

    async def _on_error(self, error: Exception) -> None:
        if not self.connected:
            # The same absence is told once; attempts go on four times a second.
            if not self.away_because.startswith("away"):
                log.warning("nats.away", error=type(error).__name__)
            self.away_because = f"away ({type(error).__name__})"
        else:
            log.warning("nats.error", error=type(error).__name__)

    def _tell(self) -> None:
        if not self._closing:
            metrics.BROKER_CONNECTED.labels(transport=NAME).set(self.connected)
        for listener in tuple(self._listeners):
            listener()

    @property
    def client(self) -> Client:
        """Raises BrokerUnavailable while there is no connection."""
        if self._client is None or not self._client.is_connected:
            raise BrokerUnavailable(self.away_because or "the connection broke")
        return self._client

    @property
    def js(self) -> JetStreamContext:
        """Raises BrokerUnavailable while there is no connection."""
        _ = self.client
        assert self._js is not None
        return self._js

    @property
    def server_version(self) -> tuple[int, int]:
        """(major, minor) of the connected server."""
        found = self.client.connected_server_version
        return found.major, found.minor

    async def stream_info(self) -> StreamInfo:
        """Raises BrokerNotProvisioned, BrokerUnavailable."""
        js = self.js
        with translated("stream"):
            return await js.stream_info(self.settings.stream)

    async def consumer_info(self, durable: str) -> ConsumerInfo:
        """Raises BrokerNotProvisioned, BrokerUnavailable."""
        js = self.js
        with translated(f"consumer {durable}"):
            found: ConsumerInfo = await js.consumer_info(self.settings.stream, durable)
            return found

    async def close(self) -> None:
        """Send what is buffered and disconnect; gives up after some seconds."""
        self._closing = True
        metrics.BROKER_CONNECTED.forget(transport=NAME)
        if self._connecting is not None and not self._connecting.done():
            self._connecting.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._connecting
        client, self._client = self._client, None
        if client is None or client.is_closed:
            return
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            if client.is_connected:
                await client.flush(timeout=2)
        with contextlib.suppress(nats.errors.Error, TimeoutError, OSError):
            await client.close()


class translated:  # noqa: N801 - reads as a clause: with translated("stream")
    """Turns what the client library raises inside the block into errors of ours.

    Args:
        what: the thing asked for, named in BrokerNotProvisioned.
    """

    def __init__(self, what: str) -> None:
        self._what = what

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or isinstance(error, RustokError) or not isinstance(error, Exception):
            return
        if isinstance(error, nats.js.errors.NotFoundError):
            raise BrokerNotProvisioned(f"there is no {self._what}") from error
        if isinstance(error, nats.js.errors.NoStreamResponseError):
            raise BrokerNotProvisioned(f"no stream takes {self._what}") from error
        if isinstance(error, nats.js.errors.APIError):
            raise BrokerUnavailable(
                f"{self._what}: {error.description or 'refused'} (code {error.err_code})"
            ) from error
        if isinstance(error, nats.errors.Error | TimeoutError | OSError):
            raise BrokerUnavailable(f"{self._what}: {type(error).__name__}") from error
