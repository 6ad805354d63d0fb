"""Rules over more than one setting, or that a type cannot say.

It judges values that have the right types already; it changes none and reads no source.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from rustok.core.errors import FieldError
from rustok.server.settings.sections import Settings
from rustok.server.settings.values import DatabaseUrl


def contradictions(settings: Settings) -> list[FieldError]:
    """Every rule that `settings` breaks; empty when they fit together."""
    found: list[tuple[str, str]] = []
    http, database = settings.http, settings.database
    if database.pool_min > database.pool_max:
        found.append(("database.pool_min", "must not be above database.pool_max"))
    if http.public_url is not None and urlsplit(http.public_url).scheme not in {"http", "https"}:
        found.append(("http.public_url", "must begin with http:// or https://"))
    for proxy in http.trusted_proxies:
        try:
            ipaddress.ip_network(proxy)
        except ValueError:
            found.append(("http.trusted_proxies", f"{proxy!r} is not an address or network (CIDR)"))
    for network in settings.rate_limits.exempt:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            found.append(("rate_limits.exempt", f"{network!r} is not an address or network (CIDR)"))
    for origin in http.cors:
        parts = urlsplit(origin)
        if origin != "*" and (
            parts.scheme not in {"http", "https"} or parts.path or not parts.netloc
        ):
            found.append(("http.cors", f"{origin!r} is not an origin; write https://shop.example"))
    for address in settings.nats.urls:
        nats = urlsplit(address)
        if nats.scheme not in {"nats", "tls", "ws", "wss"} or not nats.hostname:
            found.append(("nats.urls", "must be addresses such as nats://HOST:4222"))
        elif nats.username is not None:
            found.append(("nats.urls", "must hold no password; use nats.user and nats.password"))
    if settings.storage.kind == "s3" and not settings.storage.bucket:
        found.append(("storage.bucket", "is needed when storage.kind is s3"))
    endpoint = settings.storage.endpoint
    if endpoint is not None:
        scheme = urlsplit(endpoint).scheme
        if scheme not in {"http", "https"}:
            found.append(("storage.endpoint", "must begin with http:// or https://"))
        elif scheme == "http" and not settings.storage.allow_http:
            found.append(
                ("storage.endpoint", "is not https; set storage.allow_http if you mean it")
            )
    if settings.redis.url is not None:
        redis = urlsplit(settings.redis.url)
        where = redis.path if redis.scheme == "unix" else redis.hostname
        if redis.scheme not in {"redis", "rediss", "unix"} or not where:
            found.append(("redis.url", "must be an address such as redis://HOST:6379/0"))
        elif redis.password is not None:
            found.append(("redis.url", "must hold no password; use redis.password"))
    mail = settings.mail
    if "\n" in mail.sender or "@" not in mail.sender or " " in mail.sender:
        found.append(("mail.sender", "must be one address such as shop@example.com"))
    if (mail.user is None) != (mail.password is None):
        found.append(("mail.user", "mail.user and mail.password are set together"))
    found += _cdn(settings)
    if settings.events.transport == "jetstream" and database.url.is_sqlite:
        found.append(("events.transport", "jetstream is for several processes, SQLite for one"))
    for key in ("system_url", "owner_url"):
        url: DatabaseUrl | None = getattr(database, key)
        if url is not None and url.is_sqlite != database.url.is_sqlite:
            found.append((f"database.{key}", "must be the same kind of database as database.url"))
    return [FieldError(pointer=k, rule="value", message=f"{k} {why}") for k, why in found]


def _cdn(settings: Settings) -> list[tuple[str, str]]:
    cdn = settings.cdn
    if cdn.provider == "none":
        return []
    needed = {"fastly": "service_id", "cloudflare": "zone_id", "webhook": "url"}[cdn.provider]
    found = [
        (f"cdn.{name}", f"is needed when cdn.provider is {cdn.provider}")
        for name in (needed, "token")
        if getattr(cdn, name) is None
    ]
    for name, url in (("url", cdn.url), ("api_url", cdn.api_url)):
        scheme = urlsplit(url or "https:").scheme
        if scheme not in {"http", "https"} or (scheme == "http" and not cdn.private):
            found.append((f"cdn.{name}", "must begin with https://, or cdn.private be set"))
    return found
