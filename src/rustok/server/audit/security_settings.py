"""Judges settings, and the files they name, as `rustok audit security` does; it opens no connection.

What a production start refuses (`settings.safety`) is found here too, with its category.
"""

from __future__ import annotations

import ipaddress
import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final
from urllib.parse import parse_qs, urlsplit

from rustok.core.security.rate_limit import parse_rate
from rustok.server.audit.security_rules import Severity, Weakness, weakness
from rustok.server.settings import Settings
from rustok.server.settings.safety import KEY_FILE, check_production, secret_weakness

_CHECK_OF: Final = {
    "security.secret_key": "settings.secret_key",
    "debug": "settings.debug",
    "telemetry.log_level": "settings.log_level",
    "http.cors": "settings.cors",
    "http.trusted_proxies": "settings.proxies",
    "http.public_url": "settings.public_url",
    "rate_limits.enabled": "settings.rate_limits",
    "rate_limits.exempt": "settings.exempt",
    "webhooks.allow_http": "settings.clear_text",
    "webhooks.allow_private": "settings.webhooks_private",
    "resilience.breakers": "settings.breakers",
    "payments.test_provider": "settings.test_payments",
    "payments.stripe_url": "settings.stripe_url",
    "mail.security": "settings.clear_text",
    "database.system_url": "settings.roles",
    "database.sqlite_synchronous": "settings.durability",
}
"""The check of a key of `check_production`; others are `settings.other`."""
_NO_WEAKNESS: Final = frozenset({"mail.host"})
"""Warnings about what is missing, not about what is weak."""

_HOUR, _DAY = 3_600, 86_400
_LARGEST_BODY: Final = 64 * 1024 * 1024
_INTERNAL: Final = (".internal", ".local", ".localdomain", ".lan", ".svc", ".home.arpa")


def audit_settings(settings: Settings) -> list[Weakness]:
    """Weaknesses of the settings, judged as for production."""
    found = [*_refused(settings), *_identity(settings), *_transport(settings), *_bounds(settings)]
    return list(dict.fromkeys(found))


def _refused(settings: Settings) -> Iterator[Weakness]:
    for one in check_production(settings):
        if one.key in _NO_WEAKNESS:
            continue
        check = _CHECK_OF.get(one.key, "settings.other")
        severity: Severity | None = None
        if one.key == "database.url":
            check = "settings.durability" if settings.database.url.is_sqlite else "settings.roles"
        if one.severity == "warn" and check in ("settings.durability", "settings.log_level"):
            severity = "low"
        yield weakness(check, one.key, one.problem, severity=severity)


def _identity(settings: Settings) -> Iterator[Weakness]:
    security = settings.security
    if security.master_key is not None:
        why = secret_weakness(security.master_key)
        if security.master_key == security.secret_key:
            why = "It is the secret key as well."
        if why:
            yield weakness("settings.master_key", "security.master_key", why)
    if security.previous_master_key is not None:
        yield weakness(
            "settings.old_master_key", "security.previous_master_key", "The key before is kept."
        )
    if security.signing_key_days > 90:
        message = f"A key signs for {security.signing_key_days} days."
        yield weakness("settings.signing_key", "security.signing_key_days", message)
    for key, value, most in (
        ("access_token_ttl_seconds", security.access_token_ttl_seconds, _HOUR),
        ("refresh_token_ttl_seconds", security.refresh_token_ttl_seconds, 90 * _DAY),
        ("session_days", security.session_days, 365),
    ):
        if value > most:
            message = f"It is {value}; at most {most} is advised."
            yield weakness("settings.token_lifetime", f"security.{key}", message)
    if security.step_up_seconds > _HOUR:
        message = f"A proof counts for {security.step_up_seconds} seconds."
        yield weakness("settings.step_up", "security.step_up_seconds", message)
    for issuer in security.private_issuers:
        message = f"{issuer} may be inside the own network."
        yield weakness("settings.private_issuers", "security.private_issuers", message)
    login = parse_rate(settings.rate_limits.login, name="login")
    if settings.rate_limits.enabled and login.count > login.seconds:
        message = f"{settings.rate_limits.login} is faster than one attempt a second."
        yield weakness("settings.rate_limits", "rate_limits.login", message)


def _transport(settings: Settings) -> Iterator[Weakness]:
    def clear(key: str, what: str) -> Weakness:
        return weakness("settings.clear_text", key, what)

    database = settings.database
    for key in ("url", "system_url", "owner_url"):
        url = getattr(database, key)
        if url is None or url.is_sqlite or not _is_far(urlsplit(url).hostname):
            continue
        mode = parse_qs(urlsplit(url).query).get("sslmode", [""])[-1]
        if mode not in {"require", "verify-ca", "verify-full"}:
            yield clear(f"database.{key}", "The database is on another network, without sslmode.")
    redis, nats = settings.redis, settings.nats
    if redis.url is not None:
        parts = urlsplit(redis.url)
        if parts.scheme == "redis" and _is_far(parts.hostname):
            yield clear("redis.url", "Redis is on another network, without TLS.")
        if parts.scheme != "unix" and not _is_here(parts.hostname) and redis.password is None:
            yield weakness("settings.broker_login", "redis.password", "Anybody near may write.")
    if settings.events.transport == "jetstream":
        hosts = [urlsplit(url) for url in nats.urls]
        if any(one.scheme in {"nats", "ws"} and _is_far(one.hostname) for one in hosts):
            yield clear("nats.urls", "NATS is on another network, without TLS.")
        named = nats.password or nats.token or nats.credentials_file
        if not named and not all(_is_here(one.hostname) for one in hosts):
            yield weakness("settings.broker_login", "nats.token", "Anybody near may publish.")
    otlp = settings.telemetry.otlp_endpoint
    if otlp is not None and otlp.startswith("http://") and _is_far(urlsplit(otlp).hostname):
        yield clear("telemetry.otlp_endpoint", "Traces and logs leave without TLS.")
    endpoint = settings.storage.endpoint or ""
    if endpoint.startswith("http://") and _is_far(urlsplit(endpoint).hostname):
        yield clear("storage.endpoint", "Media and keys leave without TLS.")
    mail = settings.mail
    if mail.host is not None and mail.security == "none" and _is_far(mail.host):
        yield clear("mail.security", "Mails with reset codes leave without TLS.")
    for origin in settings.http.cors:
        if origin.startswith("http://") and _is_far(urlsplit(origin).hostname):
            message = f"{origin} can be changed on its way."
            yield weakness("settings.cors", "http.cors", message, severity="medium")
    telemetry = settings.telemetry
    exposed = telemetry.metrics_port or telemetry.worker_metrics_port
    if exposed and (telemetry.metrics_host in {"0.0.0.0", "::"} or _is_far(telemetry.metrics_host)):  # noqa: S104 - found, not bound
        message = f"They listen at {telemetry.metrics_host}."
        yield weakness("settings.metrics", "telemetry.metrics_host", message)
    if telemetry.metrics_token is not None and (why := secret_weakness(telemetry.metrics_token)):
        yield weakness("settings.metrics_token", "telemetry.metrics_token", why)


def _bounds(settings: Settings) -> Iterator[Weakness]:
    if settings.http.max_body_bytes > _LARGEST_BODY:
        message = f"{settings.http.max_body_bytes} bytes are read into memory."
        yield weakness("settings.body_size", "http.max_body_bytes", message)
    for key, seconds in (
        ("http.request_timeout_seconds", settings.http.request_timeout_seconds),
        ("database.statement_timeout_ms", settings.database.statement_timeout_ms / 1000),
    ):
        if seconds > 300:
            yield weakness("settings.timeouts", key, f"It is {seconds:g} seconds.")
    if settings.audit.retention_days < 90:
        message = f"Records go after {settings.audit.retention_days} days."
        yield weakness("settings.audit_retention", "audit.retention_days", message)
    if settings.audit.address == "none":
        yield weakness("settings.audit_address", "audit.address", "No address is kept.")
    if settings.telemetry.log_level == "ERROR":
        message = "Refused sign-ins and blocked callers are not logged."
        yield weakness("settings.log_level", "telemetry.log_level", message)
    for name in settings.modules.extra:
        yield weakness("settings.extra_modules", "modules.extra", f"{name} is loaded.")


def _is_here(host: str | None) -> bool:
    if host is None or host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _is_far(host: str | None) -> bool:
    """Whether the way there leaves the own network: a public address, or a name of the public DNS."""
    if _is_here(host) or host is None:
        return False
    try:
        return not ipaddress.ip_address(host).is_private
    except ValueError:
        return "." in host.rstrip(".") and not host.rstrip(".").endswith(_INTERNAL)


def audit_files(settings: Settings, config: Path | None) -> tuple[list[Weakness], int]:
    """Weaknesses of files the settings name, and how many files there were to look at.

    Args:
        config: the TOML file that was read, if any.
    """
    sqlite = settings.database.url.sqlite_path
    keys = [settings.nats.credentials_file, (sqlite.parent if sqlite else Path("var")) / KEY_FILE]
    looked = [
        *((path, "files.key", 0o077) for path in keys),
        (config, "files.config", 0o007),
        (sqlite, "files.data", 0o006),
        (settings.media.root, "files.data", 0o002),
        (settings.mail.folder, "files.data", 0o006),
    ]
    found, seen = list[Weakness](), 0
    for path, check, refused in looked:
        if path is None or not path.exists():
            continue
        seen += 1
        mode = stat.S_IMODE(os.stat(path).st_mode)  # noqa: PTH116 - one call for files and folders
        # What nobody else may enter is closed, whatever the file itself says.
        sheltered = not stat.S_IMODE(path.absolute().parent.stat().st_mode) & 0o011
        if mode & refused and not sheltered:
            found.append(weakness(check, str(path), f"Its mode is {mode:04o}."))
    return found, seen
