"""One purge call in each provider's words, and whether an answer to it says yes.

Source: Fastly API, "Purge multiple surrogate key tags" (POST /service/{id}/purge, 256 keys a
call); Cloudflare API v4, "Purge cached content" (POST /zones/{id}/purge_cache, by tags); webhooks
are signed by Standard Webhooks 1.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from rustok.platform.cdn.model.options import CdnOptions

FASTLY: Final = "https://api.fastly.com"
CLOUDFLARE: Final = "https://api.cloudflare.com"

Headers = Mapping[str, str]


class PurgeRequest(msgspec.Struct, frozen=True, kw_only=True):
    """A POST that asks the provider to purge."""

    url: str
    headers: dict[str, str]
    body: bytes


class _Verdict(msgspec.Struct, frozen=True):
    success: bool = False


def request_for(options: CdnOptions, keys: Sequence[str]) -> PurgeRequest:
    """The call that purges `keys`; a webhook's is signed by whoever sends it."""
    headers = {"content-type": "application/json", "accept": "application/json"}
    if options.provider == "fastly":
        headers["fastly-key"] = options.token
        url = f"{options.api_url or FASTLY}/service/{options.place}/purge"
        body: dict[str, Sequence[str]] = {"surrogate_keys": keys}
    elif options.provider == "cloudflare":
        headers["authorization"] = f"Bearer {options.token}"
        url = f"{options.api_url or CLOUDFLARE}/client/v4/zones/{options.place}/purge_cache"
        body = {"tags": keys}
    else:
        url, body = options.place, {"keys": keys}
    return PurgeRequest(url=url, headers=headers, body=msgspec.json.encode(body))


def is_done(options: CdnOptions, status: int, content: bytes) -> bool:
    """Whether an answer says that the keys are purged; Cloudflare says so in the body."""
    if not 200 <= status < 300:
        return False
    if options.provider != "cloudflare":
        return True
    try:
        return msgspec.json.decode(content, type=_Verdict).success
    except msgspec.MsgspecError:
        return False
