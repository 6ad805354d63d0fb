"""One HTTP request to a receiver, with every bound there is; the only user of the HTTP client.

Refuses: redirects, proxies of the environment, connections used twice, bodies without end, and
addresses that `core.security.ssrf` refuses: the host is resolved once and connected to by the
address that was judged, while Host, SNI and the certificate stay those of the name.
"""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.security.ssrf import (
    AddressRefused,
    HostUnresolved,
    Lookup,
    OutboundPolicy,
    Pinned,
    UnsafeUrl,
    parse_url,
    resolve,
    system_lookup,
)
from rustok.platform.webhooks.model.delivery import Answer

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 10.0
MAX_RESPONSE_BYTES: Final = 64 * 1024
KEPT_RESPONSE_BYTES: Final = 2 * 1024
MAX_ADDRESSES_TRIED: Final = 2


class Response:
    """What came back: status, the wait asked for, the beginning of the body."""

    __slots__ = ("body", "retry_after_seconds", "status")

    def __init__(self, status: int, retry_after_seconds: float | None, body: str) -> None:
        self.status = status
        self.retry_after_seconds = retry_after_seconds
        self.body = body


class Sender:
    """Args:
    policy: which addresses may be connected to.
    lookup: resolves names.
    verify: how certificates are checked; None: against the authorities of the system.
    connect_seconds, total_seconds: longest time to connect, and for everything.
    """

    def __init__(
        self,
        policy: OutboundPolicy,
        *,
        lookup: Lookup = system_lookup,
        verify: ssl.SSLContext | None = None,
        connect_seconds: float = CONNECT_SECONDS,
        total_seconds: float = TOTAL_SECONDS,
    ) -> None:
        self._policy = policy
        self._lookup = lookup
        # Loading the authorities takes 20 ms, so once.
        self._verify = verify or httpx.create_ssl_context(trust_env=False)
        self._connect_seconds = connect_seconds
        self._total_seconds = total_seconds

    async def post(self, url: str, *, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send `body`; whatever happens on the way is in the answer, nothing is raised.

        Raises:
            RuntimeError: a transaction is open.
        """
        forbid_in_transaction("a webhook delivery")
        started = time.perf_counter()
        response: Response | None = None
        error: str | None = None
        try:
            async with asyncio.timeout(self._total_seconds):
                target = parse_url(url, self._policy)
                pinned = await resolve(
                    target,
                    self._policy,
                    lookup=self._lookup,
                    timeout_seconds=self._connect_seconds,
                )
                response = await self._exchange(pinned, headers, body)
        except (UnsafeUrl, AddressRefused, httpx.InvalidURL):
            error = "address_refused"
        except HostUnresolved:
            error = "host_unresolved"
        except (TimeoutError, httpx.TimeoutException):
            error = "timeout"
        except (httpx.RemoteProtocolError, httpx.ReadError):
            error = "response_broken"
        except (httpx.HTTPError, OSError) as failure:
            error = "tls" if _is_tls(failure) else "connection"
        return Answer(
            request_url=url,
            request_headers=dict(headers),
            latency_ms=round((time.perf_counter() - started) * 1000),
            status=response.status if response else None,
            body=response.body if response else None,
            error=error,
            retry_after_seconds=response.retry_after_seconds if response else None,
        )

    async def _exchange(self, pinned: Pinned, headers: Mapping[str, str], body: bytes) -> Response:
        addresses = pinned.addresses[:MAX_ADDRESSES_TRIED]
        for address in addresses[:-1]:
            try:
                return await self._request(pinned, address, headers, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue  # nothing was sent: the next address may be reachable from here
        return await self._request(pinned, addresses[-1], headers, body)

    async def _request(
        self, pinned: Pinned, address: str, headers: Mapping[str, str], body: bytes
    ) -> Response:
        target = pinned.target
        # httpcore takes the name for SNI and the certificate from here, else from the URL.
        extensions: dict[str, object] = {
            "timeout": {
                "connect": self._connect_seconds,
                "read": self._total_seconds,
                "write": self._total_seconds,
                "pool": self._total_seconds,
            }
        }
        if not target.is_address:
            extensions["sni_hostname"] = target.host
        request = httpx.Request(
            "POST",
            httpx.URL(
                scheme=target.scheme,
                host=address,
                port=target.port,
                raw_path=target.path.encode("ascii"),
            ),
            headers={**headers, "host": target.authority, "connection": "close"},
            content=body,
            extensions=extensions,
        )
        # A transport for each request: names of different tenants may share an address, and a
        # connection whose certificate was checked for one of them must not serve another.
        async with httpx.AsyncHTTPTransport(verify=self._verify, trust_env=False) as transport:
            response = await transport.handle_async_request(request)
            try:
                content = await _read(response)
            finally:
                await response.aclose()
        return Response(
            response.status_code,
            _retry_after(response.headers.get("retry-after")),
            _as_text(content),
        )


async def _read(response: httpx.Response) -> bytes:
    """The body up to the bound; what comes after it is not read, and not needed to know the status."""
    content = bytearray()
    async for chunk in response.aiter_raw():
        content += chunk
        if len(content) >= MAX_RESPONSE_BYTES:
            break
    return bytes(content[:MAX_RESPONSE_BYTES])


def _as_text(content: bytes) -> str:
    # PostgreSQL has no text with NUL in it.
    return content[:KEPT_RESPONSE_BYTES].decode("utf-8", "replace").replace("\0", "\ufffd")


def _retry_after(value: str | None) -> float | None:
    """Seconds of a Retry-After header, a number or a date; None when it is neither."""
    if value is None or len(value) > 64:
        return None
    text = value.strip()
    if text.isascii() and text.isdigit():
        return float(text[:9])
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())


def _is_tls(failure: BaseException) -> bool:
    seen: BaseException | None = failure
    while seen is not None:
        if isinstance(seen, ssl.SSLError):
            return True
        seen = seen.__cause__ or seen.__context__
    return False
