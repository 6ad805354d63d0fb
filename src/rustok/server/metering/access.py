"""Who may read the metrics on the main port: the holder of the token, else this machine itself.

Refuses: anybody who came through a proxy, and in production everybody without the token.
"""

from __future__ import annotations

import hmac
import ipaddress
from collections.abc import Mapping

from rustok.server.settings import Settings

_FORWARDED = ("x-forwarded-for", "forwarded", "x-real-ip", "via")


def may_read(settings: Settings, *, client: str, headers: Mapping[str, str]) -> bool:
    """Whether a request for the metrics is answered.

    Args:
        client: the peer's address.
        headers: the request's, names in lower case.
    """
    token = settings.telemetry.metrics_token
    if token is not None:
        scheme, _, given = headers.get("authorization", "").partition(" ")
        return scheme.lower() == "bearer" and hmac.compare_digest(
            given.encode(), token.reveal().encode()
        )
    if settings.is_production or any(name in headers for name in _FORWARDED):
        return False
    try:
        return ipaddress.ip_address(client).is_loopback
    except ValueError:
        return False
