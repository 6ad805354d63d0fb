"""One bounded HTTP request to an address somebody else chose, past the SSRF guard.

Refuses: redirects, proxies of the environment, connections used twice, bodies beyond a bound, and
addresses that `ssrf` refuses: the host is resolved once and connected to by the address that was
judged, while Host, SNI and the certificate stay those of the name.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Final

import msgspec

from rustok.core.db.transaction import forbid_in_transaction
from rustok.core.errors import Unavailable
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

CONNECT_SECONDS: Final = 3.0
TOTAL_SECONDS: Final = 8.0
MAX_RESPONSE_BYTES: Final = 256 * 1024


class OutboundFailed(Unavailable):
    """Somebody else's server did not answer, or answered what cannot be used."""

    code = "outbound_failed"
    title = "Another server did not answer"

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"The other server could not be asked: {why}.", retry_after_seconds=5)


class OutboundAnswer(msgspec.Struct, frozen=True, kw_only=True):
    status: int
    content: bytes


async def fetch(
    method: str,
    url: str,
    policy: OutboundPolicy,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes = b"",
    lookup: Lookup = system_lookup,
) -> OutboundAnswer:
    """Send one request and read its answer, whatever its status.

    Raises:
        OutboundFailed: no answer within 8 seconds, none at all, or one that is too large.
        UnsafeUrl, AddressRefused, HostUnresolved: the guard refuses.
        RuntimeError: a transaction is open.
    """
    forbid_in_transaction("an outbound request")
    import httpx  # late: a heavy library, for those who use it

    try:
        async with asyncio.timeout(TOTAL_SECONDS):
            target = parse_url(url, policy)
            pinned = await resolve(target, policy, lookup=lookup, timeout_seconds=CONNECT_SECONDS)
            return await _exchange(method, pinned, headers or {}, body)
    except (UnsafeUrl, AddressRefused, HostUnresolved):
        raise
    except (TimeoutError, httpx.TimeoutException):
        raise OutboundFailed("it took too long") from None
    except (httpx.HTTPError, httpx.InvalidURL, OSError):
        raise OutboundFailed("the connection failed") from None


async def _exchange(
    method: str, pinned: Pinned, headers: Mapping[str, str], body: bytes
) -> OutboundAnswer:
    import httpx  # late: as above

    target = pinned.target
    extensions: dict[str, object] = {
        "timeout": {
            "connect": CONNECT_SECONDS,
            "read": TOTAL_SECONDS,
            "write": TOTAL_SECONDS,
            "pool": TOTAL_SECONDS,
        }
    }
    if not target.is_address:
        extensions["sni_hostname"] = target.host
    request = httpx.Request(
        method,
        httpx.URL(
            scheme=target.scheme,
            host=pinned.addresses[0],
            port=target.port,
            raw_path=target.path.encode("ascii"),
        ),
        headers={**headers, "host": target.authority, "connection": "close"},
        content=body,
        extensions=extensions,
    )
    async with httpx.AsyncHTTPTransport(trust_env=False) as transport:
        response = await transport.handle_async_request(request)
        try:
            content = bytearray()
            async for chunk in response.aiter_raw():
                content += chunk
                if len(content) > MAX_RESPONSE_BYTES:
                    raise OutboundFailed("the answer is too large")
        finally:
            await response.aclose()
    return OutboundAnswer(status=response.status_code, content=bytes(content))
