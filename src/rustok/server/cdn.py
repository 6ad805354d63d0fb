"""The settings of the CDN as those who purge need them."""

from __future__ import annotations

from rustok.core.security.ssrf import OutboundPolicy
from rustok.platform.cdn.api import CdnOptions
from rustok.server.settings import Settings


def cdn_options(settings: Settings) -> CdnOptions:
    """What `settings.cdn` says; the settings are valid."""
    cdn = settings.cdn
    places = {"fastly": cdn.service_id, "cloudflare": cdn.zone_id, "webhook": cdn.url}
    return CdnOptions(
        provider=cdn.provider,
        surrogate_seconds=cdn.surrogate_seconds,
        wait_seconds=cdn.wait_seconds,
        place=places.get(cdn.provider) or "",
        api_url=cdn.api_url,
        token="" if cdn.token is None else cdn.token.reveal(),
        policy=OutboundPolicy(allow_http=cdn.private, allow_private=cdn.private),
    )
