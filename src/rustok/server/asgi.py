"""Builds the ASGI application over a platform: features' routes plus health, docs, metrics and pages."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping

from rustok.core.parts import Parts
from rustok.core.tenancy import Actor, TenantProfile
from rustok.platform.identity import api as identity
from rustok.server.access_log import AccessLog
from rustok.server.app import Application
from rustok.server.headers import HSTS, HSTS_HOST_ONLY
from rustok.server.limits import Gate
from rustok.server.operations import operation_pages
from rustok.server.pages.documentation import documentation_pages, plain_error_page
from rustok.server.pages.storefront import storefront
from rustok.server.platform import Platform
from rustok.telemetry import top_tenants


def _authenticate(
    parts: Parts, tenant: TenantProfile, headers: Mapping[str, str]
) -> Awaitable[Actor]:
    """The actor by CREDENTIALS."""
    return identity.authenticate(
        parts,
        tenant,
        authorization=headers.get("authorization"),
        api_key=headers.get("x-api-key"),
    )


def application(platform: Platform) -> Application:
    """The application of `platform`; one per process."""
    http = platform.settings.http
    top_tenants.follow(platform.settings.telemetry.top_tenants)
    return Application(
        parts=platform.parts,
        modules=platform.modules,
        resolver=platform.resolver,
        authenticate=_authenticate,
        pages={**operation_pages(platform), **documentation_pages(platform)},
        tenant_page=storefront(platform),
        gate=Gate(platform.settings.rate_limits, breakers=platform.breakers, redis=platform.redis),
        max_body_bytes=http.max_body_bytes,
        body_timeout_seconds=http.body_timeout_seconds,
        request_timeout_seconds=http.request_timeout_seconds,
        trusted_proxies=http.trusted_proxies,
        cors=http.cors,
        hsts=HSTS if http.hsts_subdomains else HSTS_HOST_ONLY,
        problem_page=plain_error_page,
        ready=platform.ready,
        access_log=AccessLog(
            ratio=platform.settings.telemetry.access_log_ratio,
            per_second=platform.settings.telemetry.access_log_per_second,
            slow_seconds=platform.settings.telemetry.slow_request_ms / 1000,
        ),
    )
