"""Security headers of every API answer, and the CORS answer of a tenant."""

from __future__ import annotations

from typing import Final

from rustok.core.tenancy import TenantProfile

API_HEADERS: Final = {
    "x-content-type-options": "nosniff",
    "content-security-policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-site",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
    # Empty: the server behind would put its own name in.
    "server": "",
}
VARY: Final = "Origin, Accept-Language, X-Currency, X-Tenant, Accept-Encoding"
EVERYWHERE: Final = {
    "content-type": "application/json",
    "content-encoding": "gzip",
    "vary": VARY,
}
"""What many answers have beside."""
HSTS: Final = "max-age=31536000; includeSubDomains"
HSTS_HOST_ONLY: Final = "max-age=31536000"
"""For a tenant's domain below which others serve plain http (`http.hsts_subdomains = false`)."""

EXPOSED: Final = (
    "ETag, Location, Retry-After, RateLimit, RateLimit-Policy, X-Request-ID, Idempotent-Replayed"
)
ALLOWED: Final = (
    "Authorization, Content-Type, Idempotency-Key, If-Match, If-None-Match, Accept-Language, "
    "X-Tenant, X-Currency, X-Api-Key, X-Order-Token, X-Request-ID, Traceparent"
)


def cors_headers(
    tenant: TenantProfile, origin: str, everywhere: tuple[str, ...] = ()
) -> dict[str, str]:
    """What a browser at `origin` may do with this tenant's API.

    Nothing unless the tenant lists the origin, or the operator does for all tenants (`everywhere`;
    `*` is any origin: answers carry no credentials of the browser, tokens are sent by scripts).
    """
    if origin not in tenant.cors_origins and origin not in everywhere and "*" not in everywhere:
        return {}
    return {
        "access-control-allow-origin": origin,
        "access-control-allow-methods": "GET, POST, PUT, PATCH, DELETE",
        "access-control-allow-headers": ALLOWED,
        "access-control-expose-headers": EXPOSED,
        "access-control-max-age": "600",
        "cross-origin-resource-policy": "cross-origin",
        "vary": VARY,
    }
