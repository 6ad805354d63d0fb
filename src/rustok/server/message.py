"""An HTTP request and answer as plain structs: what the edge reads and what it sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from rustok.core.errors import FieldError, InvalidInput
from rustok.server.problems import BodyTooLarge

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]


class ClientGone(Exception):
    """The peer hung up before its request was complete."""


class Request:
    """One request of the ASGI server; headers are lower case, the body is read within a limit."""

    __slots__ = (
        "_receive",
        "client",
        "headers",
        "method",
        "path",
        "query_string",
        "received_bytes",
        "scheme",
    )

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        self.received_bytes = 0
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query_string: str = scope.get("query_string", b"").decode("latin-1")
        self.scheme: str = scope.get("scheme", "http")
        self.headers: dict[str, str] = {}
        for name, value in scope["headers"]:
            self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")
        peer = scope.get("client")
        self.client: str = peer[0] if peer else ""

    async def body(self, limit_bytes: int) -> bytes:
        """The whole body.

        Raises:
            BodyTooLarge: announced or sent larger than `limit_bytes`.
            ClientGone: the peer hung up.
        """
        announced = self.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit_bytes:
            raise BodyTooLarge(limit_bytes)
        chunks: list[bytes] = []
        size = 0
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

    def query(self) -> dict[str, list[str]]:
        """Query parameters, each with all its values.

        Raises:
            InvalidInput: broken encoding, control characters or too many parameters.
        """
        if not self.query_string:
            return {}
        try:
            pairs = parse_qsl(
                self.query_string, keep_blank_values=True, errors="strict", max_num_fields=200
            )
        except (ValueError, UnicodeDecodeError) as error:
            raise InvalidInput("The query string is not valid percent-encoded UTF-8.") from error
        found: dict[str, list[str]] = {}
        for name, value in pairs:
            if "\x00" in value or "\x00" in name:
                message = "NUL characters are not allowed."
                raise InvalidInput(
                    message, fields=[FieldError(pointer=name, rule="no_control", message=message)]
                )
            found.setdefault(name, []).append(value)
        return found


class Answer(msgspec.Struct, kw_only=True):
    """An answer on its way out; `cookies` are Set-Cookie values, one header each."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = msgspec.field(default_factory=dict)
    cookies: list[str] = msgspec.field(default_factory=list)

    async def send(self, send: Send, *, head: bool = False) -> None:
        headers = [
            (k.encode("latin-1"), v.encode("latin-1", "replace")) for k, v in self.headers.items()
        ]
        headers += [(b"set-cookie", cookie.encode("latin-1")) for cookie in self.cookies]
        if self.status not in (204, 304):
            headers.append((b"content-length", str(len(self.body)).encode()))
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        body = b"" if head or self.status in (204, 304) else self.body
        await send({"type": "http.response.body", "body": body})
