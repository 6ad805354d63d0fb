"""An HTTP request and answer as plain structs: what the edge reads and what it sends."""

from __future__ import annotations

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, MutableMapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from rustok.core.errors import FieldError, InvalidInput
from rustok.server.problems import AddressTooLong, BodyTooLarge, RequestTooSlow

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


MAX_ADDRESS_BYTES: Final = 8_192
MAX_PARAMETERS: Final = 200
BYTES_PER_SECOND: Final = 16_384
"""Each so many bytes of a body that came give it a second more."""
_ESCAPED: Final = frozenset("%+")
_SINGLE: Final = frozenset(
    {
        "authorization",
        "content-length",
        "content-type",
        "host",
        "idempotency-key",
        "if-match",
        "origin",
        "sec-fetch-site",
        "transfer-encoding",
        "x-api-key",
        "x-currency",
        "x-filename",
        "x-order-token",
        "x-tenant",
    }
)
"""Headers that decide something: two of a kind might be read as one here and as the other elsewhere."""


class ClientGone(Exception):
    """The peer hung up before its request was complete."""


class Request:
    """One request of the ASGI server; headers are lower case, the body is read within a limit."""

    __slots__ = (
        "_content",
        "_receive",
        "body_timeout_seconds",
        "client",
        "headers",
        "method",
        "path",
        "proxied",
        "query_string",
        "received_bytes",
        "repeated",
        "scheme",
    )

    def __init__(
        self, scope: Scope, receive: Receive, *, body_timeout_seconds: float = 20.0
    ) -> None:
        self._receive = receive
        self.received_bytes = 0
        self._content: bytes | None = None
        self.body_timeout_seconds = body_timeout_seconds
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: str = scope.get("query_string", b"").decode("latin-1")
        self.scheme: str = scope.get("scheme", "http")
        self.headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        self.repeated: str | None = None
        if len(self.headers) != len(scope["headers"]):
            self._join_repeated(scope["headers"])
        peer = scope.get("client")
        self.client: str = peer[0] if peer else ""
        self.proxied = False

    def _join_repeated(self, sent: Iterable[tuple[bytes, bytes]]) -> None:
        """Lines of one name are one list (RFC 9110 section 5.3); note a header that must be single."""
        joined: dict[str, str] = {}
        for raw_name, raw_value in sent:
            name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
            if name not in joined:
                joined[name] = value
            elif name in _SINGLE:
                self.repeated = name
            else:
                joined[name] += f"; {value}" if name == "cookie" else f", {value}"
        self.headers = joined

    def check_frame(self) -> None:
        """What no request may be, whatever it asks for.

        Raises:
            AddressTooLong: see MAX_ADDRESS_BYTES.
            InvalidInput: a header that has one value came twice.
        """
        if len(self.path) + len(self.query_string) > MAX_ADDRESS_BYTES:
            raise AddressTooLong(MAX_ADDRESS_BYTES)
        if self.repeated is not None:
            name = self.repeated[:80]
            message = "The header is given more than once."
            raise InvalidInput(
                f"{name}: {message}",
                fields=[FieldError(pointer=name, rule="single", message=message)],
            )

    async def body(self, limit_bytes: int) -> bytes:
        """The whole body; asked again, the same.

        Raises:
            BodyTooLarge: announced or sent larger than `limit_bytes`.
            RequestTooSlow: it did not come in `body_timeout_seconds` and a second for each 16 KiB.
            ClientGone: the peer hung up.
        """
        if self._content is None:
            self._content = await self._receive_all(limit_bytes)
        return self._content

    async def _receive_all(self, limit_bytes: int) -> bytes:
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        chunks: list[bytes] = []
        size = 0
        begun = asyncio.get_running_loop().time() + self.body_timeout_seconds
        bound = asyncio.timeout_at(begun)
        try:
            async with bound:
                while True:
                    message = await self._receive()
                    if message["type"] == "http.disconnect":
                        raise ClientGone
                    chunk: bytes = message.get("body", b"")
                    size += len(chunk)
                    self.received_bytes = size
                    if size > limit_bytes:
                        raise BodyTooLarge(limit_bytes)
                    chunks.append(chunk)
                    if not message.get("more_body", False):
                        return b"".join(chunks) if len(chunks) > 1 else chunks[0]
                    bound.reschedule(begun + size / BYTES_PER_SECOND)
        except TimeoutError:
            if bound.expired():
                raise RequestTooSlow from None
            raise

    async def gone(self) -> None:
        """Wait until the peer hangs up; the body must have been read."""
        while (await self._receive())["type"] != "http.disconnect":
            pass

    def query(self) -> dict[str, list[str]]:
        """Query parameters, each with all its values.

        Raises:
            InvalidInput: broken encoding, control characters or too many parameters.
        """
        if not self.query_string:
            return {}
        found: dict[str, list[str]] = {}
        for name, value in _pairs(self.query_string):
            if "\x00" in value or "\x00" in name:
                message = "NUL characters are not allowed."
                raise InvalidInput(
                    message, fields=[FieldError(pointer=name, rule="no_control", message=message)]
                )
            found.setdefault(name, []).append(value)
        return found


def _pairs(query_string: str) -> Iterable[tuple[str, str]]:
    """Names and values in turn. Raises InvalidInput: broken encoding, too many parameters."""
    if _ESCAPED.isdisjoint(query_string) and query_string.count("&") < MAX_PARAMETERS:
        # As most are; half the cost.
        parts = [one.partition("=") for one in query_string.split("&") if one]
        return [(name, value) for name, _, value in parts]
    try:
        return parse_qsl(
            query_string, keep_blank_values=True, errors="strict", max_num_fields=MAX_PARAMETERS
        )
    except (ValueError, UnicodeDecodeError) as error:
        raise InvalidInput("The query string is not valid percent-encoded UTF-8.") from error


_KNOWN: Final[dict[tuple[str, str], tuple[bytes, bytes]]] = {}


@functools.lru_cache(maxsize=256)
def _encoded_name(name: str) -> bytes:
    return name.encode("latin-1")


def _encoded(name: str, value: str) -> tuple[bytes, bytes]:
    return _encoded_name(name), value.encode("latin-1", "replace")


def encode_once(headers: Mapping[str, str]) -> None:
    """Keep these headers as they are sent: most answers have them."""
    _KNOWN.update({one: _encoded(*one) for one in headers.items()})


class Answer(msgspec.Struct, kw_only=True):
    """An answer on its way out; `cookies` are Set-Cookie values, one header each.

    With `chunks` there is no `body`: `streaming.send_stream` sends it. `shows` names the parts a public
    answer shows, for a CDN; None: it may not keep the answer beyond its Cache-Control.
    """

    status: int
    body: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    cookies: list[str] = msgspec.field(default_factory=list)
    chunks: AsyncIterator[bytes] | None = None
    shows: tuple[str, ...] | None = None

    async def send(self, send: Send, *, head: bool = False) -> None:
        headers = [_KNOWN.get(one) or _encoded(*one) for one in self.headers.items()]
        headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.cookies]
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if head or self.status in (204, 304) else self.body
        await send({"type": "http.response.body", "body": body})


async def answer_lifespan(receive: Receive, send: Send) -> None:
    """Agree to start and to stop (ASGI lifespan); what there is to do is done by whoever runs it."""
    while True:
        message = await receive()
        if message["type"] == "lifespan.startup":
            await send({"type": "lifespan.startup.complete"})
        elif message["type"] == "lifespan.shutdown":
            await send({"type": "lifespan.shutdown.complete"})
            return
