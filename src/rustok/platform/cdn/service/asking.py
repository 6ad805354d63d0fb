"""Sends one purge call to the provider, bounded in time, behind the breaker `cdn`.

Refuses: running inside a transaction, and telling the token to anybody but the provider.
"""

from __future__ import annotations

import base64
import binascii
import time
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from rustok.core.errors import RustokError
from rustok.core.ids import new_id
from rustok.core.resilience.breaker_registry import BreakerRegistry
from rustok.core.resilience.breaker_settings import BreakerSettings
from rustok.core.resilience.circuit_breaker import CircuitOpen
from rustok.core.security.outbound_http import OutboundFailed, fetch
from rustok.platform.cdn.errors import PurgeFailed
from rustok.platform.cdn.model.options import CdnOptions
from rustok.platform.cdn.model.requests import PurgeRequest, is_done, request_for
from rustok.platform.webhooks import api as webhooks
from rustok.telemetry import metrics
from rustok.telemetry.logs import get_logger

BREAKER: Final = BreakerSettings(
    consecutive_failures=5, slow_call_rate=None, open_seconds=30.0, probes=1
)
_SECRET_PREFIX: Final = "whsec_"  # noqa: S105 - the mark of a secret, none itself

log = get_logger("rustok.cdn")


async def ask(
    options: CdnOptions, breakers: BreakerRegistry, keys: Sequence[str], *, at: datetime
) -> None:
    """Have `keys`, no more than one call takes, purged.

    Args:
        at: the moment a webhook is signed for.

    Raises:
        PurgeFailed: the provider refuses, cannot be reached or did not answer within 8 seconds.
        CircuitOpen: it failed too often just now; nothing was sent.
        RuntimeError: a transaction is open.
    """
    request = request_for(options, keys)
    if options.provider == "webhook":
        request.headers.update(_signature(options, request, at))
    started = time.perf_counter()
    outcome = "failed"
    try:
        async with breakers.breaker("cdn", BREAKER).guard():
            await _send(options, request)
        outcome = "purged"
    except CircuitOpen:
        outcome = "postponed"
        raise
    except PurgeFailed as error:
        log.warning("cdn.purge_failed", provider=options.provider, keys=len(keys), reason=error.why)
        raise
    finally:
        metrics.CDN_PURGES.labels(outcome=outcome).inc()
    log.info(
        "cdn.purged",
        provider=options.provider,
        keys=len(keys),
        latency_ms=round((time.perf_counter() - started) * 1000),
    )


async def _send(options: CdnOptions, request: PurgeRequest) -> None:
    try:
        answer = await fetch(
            "POST", request.url, options.policy, headers=request.headers, body=request.body
        )
    except OutboundFailed as error:
        raise PurgeFailed(error.why) from None
    except RustokError as error:
        # The guard refuses the address, or its name cannot be resolved.
        raise PurgeFailed(error.code) from None
    if not is_done(options, answer.status, answer.content):
        raise PurgeFailed(f"it answered {answer.status}")


def _signature(options: CdnOptions, request: PurgeRequest, at: datetime) -> dict[str, str]:
    return webhooks.signature_headers(
        message=webhooks.message_id(new_id()),
        at=at,
        body=request.body,
        keys=[_secret(options.token)],
    )


def _secret(token: str) -> bytes:
    """The key in a secret as Standard Webhooks writes it; any other text as it is."""
    if token.startswith(_SECRET_PREFIX):
        try:
            return base64.b64decode(token.removeprefix(_SECRET_PREFIX), validate=True)
        except binascii.Error:
            pass
    return token.encode()
