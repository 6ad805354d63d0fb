"""What a production start refuses, and the development key that is made when none is set.

It judges settings that are already valid; it changes none of them behind the operator's back.
"""

from __future__ import annotations

import contextlib
import ipaddress
import os
import secrets
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

import msgspec

from rustok.core.errors import FieldError, RustokError
from rustok.server.settings.sections import Settings
from rustok.server.settings.values import DatabaseUrl, Secret

SECRET_MIN_CHARACTERS = 32
SECRET_MIN_DISTINCT = 10
PLACEHOLDERS = (
    "changeme",
    "change-me",
    "change_me",
    "secret-key",
    "insecure",
    "default",
    "example",
)
KEY_FILE = "secret.key"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One doubtful setting: `refuse` stops a production start, `warn` is logged."""

    key: str
    severity: Literal["refuse", "warn"]
    problem: str
    mend: str


class UnsafeSettings(RustokError):
    """The environment is production and a setting would make it unsafe."""

    code = "settings_unsafe"
    title = "These settings are not safe in production"
    mend = "Change the settings named in `errors`; `rustok config check` lists them."

    def __init__(self, findings: list[Finding]) -> None:
        super().__init__(
            "; ".join(f"{f.key}: {f.problem} {f.mend}" for f in findings),
            fields=[FieldError(pointer=f.key, rule="unsafe", message=f.problem) for f in findings],
        )


def check_production(settings: Settings) -> list[Finding]:
    """Everything about `settings` that production refuses or should know; empty when all is well.

    The environment is not looked at, so that `rustok config check` can tell before the move.
    """
    found: list[Finding] = []

    def add(severity: Literal["refuse", "warn"], key: str, problem: str, mend: str) -> None:
        found.append(Finding(key=key, severity=severity, problem=problem, mend=mend))

    weakness = secret_weakness(settings.security.secret_key)
    if weakness:
        mend = 'Make one: python3 -c "import secrets; print(secrets.token_urlsafe(48))".'
        add("refuse", "security.secret_key", weakness, mend)
    if settings.debug:
        add("refuse", "debug", "Debug output shows internals to callers.", "Set it to false.")
    if settings.telemetry.log_level == "DEBUG":
        add("warn", "telemetry.log_level", "Debug logs are large.", "Set INFO.")
    if "*" in settings.http.cors:
        add("refuse", "http.cors", "Any site may call the API.", "List the origins.")
    for proxy in settings.http.trusted_proxies:
        if ipaddress.ip_network(proxy).prefixlen == 0:
            mend = "List the networks of your proxies."
            add("refuse", "http.trusted_proxies", "Anybody's forwarded headers are believed.", mend)
    if not settings.rate_limits.enabled:
        problem = "Nothing limits how often passwords are tried or one tenant asks."
        add("warn", "rate_limits.enabled", problem, "Set it to true.")
    for network in settings.rate_limits.exempt:
        if ipaddress.ip_network(network).prefixlen < 8:
            problem = "Most of the internet is exempt from the limits."
            add("refuse", "rate_limits.exempt", problem, "List your own networks only.")
    if settings.webhooks.allow_http:
        problem = "Webhooks may be sent in clear text."
        add("refuse", "webhooks.allow_http", problem, "Set it to false.")
    if settings.webhooks.allow_private:
        problem = "A tenant's webhook may reach the servers behind this one."
        add("refuse", "webhooks.allow_private", problem, "Set it to false.")
    if not settings.resilience.breakers:
        problem = "A dependency that is down is waited for by every request."
        add("refuse", "resilience.breakers", problem, "Set it to true.")
    if settings.payments.test_provider:
        problem = "Orders can be paid without money."
        add("refuse", "payments.test_provider", problem, "Set it to false.")
    if settings.payments.stripe_url is not None:
        problem = "Payments go to another address than Stripe's."
        add("refuse", "payments.stripe_url", problem, "Remove it.")
    if settings.cdn.api_url is not None:
        problem = "Purges and their token go to another address than the CDN's."
        add("refuse", "cdn.api_url", problem, "Remove it.")
    if not (settings.http.public_url or "").startswith("https://"):
        add("warn", "http.public_url", "It is not an https address.", "Set the public address.")
    found += _mail_findings(settings)
    found += _database_findings(settings)
    return found


def _mail_findings(settings: Settings) -> list[Finding]:
    mail = settings.mail
    if mail.host is None:
        problem = "Mail is off: no reset link and no order confirmation is sent."
        mend = "Set the SMTP relay."
        return [Finding(key="mail.host", severity="warn", problem=problem, mend=mend)]
    if mail.security == "none" and mail.password is not None:
        problem = "The password of the mail relay is sent in clear text."
        mend = "Set starttls or tls."
        return [Finding(key="mail.security", severity="refuse", problem=problem, mend=mend)]
    return []


def _database_findings(settings: Settings) -> list[Finding]:
    database, found = settings.database, list[Finding]()

    def add(severity: Literal["refuse", "warn"], key: str, problem: str, mend: str) -> None:
        found.append(Finding(key=f"database.{key}", severity=severity, problem=problem, mend=mend))

    if database.url.is_sqlite:
        if database.sqlite_synchronous == "OFF":
            problem = "A power cut loses acknowledged orders or corrupts the file."
            add("refuse", "sqlite_synchronous", problem, "Set FULL.")
        elif database.sqlite_synchronous == "NORMAL":
            problem = "A power cut may lose the last acknowledged orders."
            add("warn", "sqlite_synchronous", problem, "Set FULL.")
        if database.url.sqlite_path is None:
            add("refuse", "url", "The database is in memory.", "Set a file or PostgreSQL.")
        if settings.http.workers > 1:
            problem = "Several workers share one SQLite writer."
            add("warn", "url", problem, "Use PostgreSQL or one worker.")
        return found
    if database.system_url is None:
        problem = "Relay and tenant administration need a role of their own on PostgreSQL."
        add("refuse", "system_url", problem, "Set the address with the role rustok_system.")
    elif _user(database.system_url) == _user(database.url):
        problem = "It is the role of database.url, so row-level security separates nothing."
        add("refuse", "system_url", problem, "Use two roles: rustok_app and rustok_system.")
    if _user(database.url) == "postgres":
        problem = "The role postgres bypasses row-level security."
        add("refuse", "url", problem, "Use the role rustok_app.")
    elif database.owner_url is not None and _user(database.owner_url) == _user(database.url):
        problem = "The role that owns the tables can switch row-level security off."
        add("refuse", "url", problem, "Use the role rustok_app, which owns nothing.")
    return found


def _user(url: DatabaseUrl) -> str:
    return urlsplit(url).username or ""


def secret_weakness(secret: Secret | None) -> str | None:
    """Why `secret` is not good enough to sign with; None when it is. Never quotes it."""
    if secret is None:
        return "No secret is set."
    value = secret.reveal()
    if len(value) < SECRET_MIN_CHARACTERS:
        return f"The secret is shorter than {SECRET_MIN_CHARACTERS} characters."
    if any(word in value.lower() for word in PLACEHOLDERS):
        return "The secret is a placeholder from an example."
    if len(set(value)) < SECRET_MIN_DISTINCT:
        return f"The secret has fewer than {SECRET_MIN_DISTINCT} different characters."
    return None


def refuse_unsafe(settings: Settings) -> list[Finding]:
    """The warnings of a production start; nothing in development.

    Raises:
        UnsafeSettings: the environment is production and a finding says refuse.
    """
    if not settings.is_production:
        return []
    findings = check_production(settings)
    refused = [finding for finding in findings if finding.severity == "refuse"]
    if refused:
        raise UnsafeSettings(refused)
    return findings


def with_secret_key(settings: Settings) -> Settings:
    """`settings` with a key to sign with.

    In development a missing key is made once and kept (mode 0600) beside the SQLite file, so that
    tokens outlive a restart; several processes starting together agree on the first one written.
    In production a missing key stays missing: `refuse_unsafe` tells.
    """
    if settings.security.secret_key is not None or settings.is_production:
        return settings
    database_file = settings.database.url.sqlite_path
    folder = database_file.parent if database_file else Path("var")
    key = Secret(_kept_key(folder / KEY_FILE))
    security = msgspec.structs.replace(settings.security, secret_key=key)
    return msgspec.structs.replace(settings, security=security)


def _kept_key(path: Path) -> str:
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        draft = path.with_name(f".{path.name}.{os.getpid()}")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "w", encoding="ascii") as file:
            file.write(secrets.token_urlsafe(48))
        # A link appears whole or not at all, and never replaces the key of who was first.
        with contextlib.suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    key = path.read_text("ascii").strip()
    weakness = secret_weakness(Secret(key))
    if weakness:
        message = f"{path}: {weakness} Delete the file; a new key is made."
        raise UnsafeSettings(
            [Finding(key="security.secret_key", severity="refuse", problem=message, mend="")]
        )
    return key
