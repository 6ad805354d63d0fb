"""What the operator decided about the CDN in front of the platform."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

from rustok.core.security.ssrf import OutboundPolicy

Provider = Literal["none", "fastly", "cloudflare", "webhook"]

KEYS_PER_CALL: Final[dict[Provider, int]] = {
    "none": 1,
    "fastly": 256,
    "cloudflare": 30,
    "webhook": 256,
}
"""How many keys a provider takes in one call."""


class CdnOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    provider: who keeps copies; none: nobody, answers carry no keys.
    surrogate_seconds: the longest a copy lives at the CDN when nothing purges it.
    wait_seconds: how long keys are collected before a call, and processes have to forget.
    place: the service of Fastly, the zone of Cloudflare, the whole address of a webhook.
    api_url: where the provider's API stands; None: at its public address.
    token: the provider's token, or what webhooks are signed with.
    policy: which addresses may be connected to.
    """

    provider: Provider = "none"
    surrogate_seconds: int = 86_400
    wait_seconds: float = 3.0
    place: str = ""
    api_url: str | None = None
    token: str = ""
    policy: OutboundPolicy = OutboundPolicy()

    @property
    def is_on(self) -> bool:
        return self.provider != "none"

    @property
    def keys_per_call(self) -> int:
        return KEYS_PER_CALL[self.provider]

    def __repr__(self) -> str:
        return f"CdnOptions(provider={self.provider!r})"
