"""The checks of `rustok audit security`: what each looks for, how bad it is and what mends it.

Categories are those of the OWASP Top 10 of 2021 and of 2025. A finding names a check of this list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Literal

import msgspec

from rustok.server.audit.findings import Excuse

Severity = Literal["low", "medium", "high", "critical"]
Half = Literal["settings", "files", "database", "code", "routes", "dependencies"]

SEVERITIES: Final[tuple[Severity, ...]] = ("low", "medium", "high", "critical")
_COST: Final[dict[Severity, int]] = {"low": 2, "medium": 7, "high": 20, "critical": 40}

OWASP_2021: Final = {
    "A01": "Broken Access Control",
    "A02": "Cryptographic Failures",
    "A03": "Injection",
    "A04": "Insecure Design",
    "A05": "Security Misconfiguration",
    "A06": "Vulnerable and Outdated Components",
    "A07": "Identification and Authentication Failures",
    "A08": "Software and Data Integrity Failures",
    "A09": "Security Logging and Monitoring Failures",
    "A10": "Server-Side Request Forgery",
}
OWASP_2025: Final = {
    "A01": "Broken Access Control",
    "A02": "Security Misconfiguration",
    "A03": "Software Supply Chain Failures",
    "A04": "Cryptographic Failures",
    "A05": "Injection",
    "A06": "Insecure Design",
    "A07": "Authentication Failures",
    "A08": "Software or Data Integrity Failures",
    "A09": "Security Logging and Alerting Failures",
    "A10": "Mishandling of Exceptional Conditions",
}


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One weakness that is looked for.

    Attributes:
        id: stable, `half.words`.
        owasp_2021, owasp_2025: the categories, such as `A01`.
    """

    id: str
    title: str
    severity: Severity
    owasp_2021: str
    owasp_2025: str
    mend: str

    @property
    def half(self) -> str:
        return self.id.partition(".")[0]


class Weakness(msgspec.Struct, frozen=True, kw_only=True):
    """One place where a check found something.

    Attributes:
        place: the setting, the file, the route or `file:line`.
        path, line: where it stands in the source, for a finding in code.
    """

    check: str
    place: str
    message: str
    severity: Severity
    path: str | None = None
    line: int | None = None


class SecurityReport(msgspec.Struct, frozen=True, kw_only=True):
    """What was looked at and found.

    Attributes:
        score: 100 with nothing found, less by severity, 0 at least.
        checked: how many things of a kind were looked at.
        checks: ids of the checks that ran.
        excuses: places the code gives a reason for.
        not_checked: what could not be looked at, in words.
    """

    score: int
    checked: dict[str, int]
    checks: list[str]
    findings: list[Weakness]
    excuses: list[Excuse]
    not_checked: list[str]


def _check(id: str, categories: str, severity: Severity, title: str, mend: str) -> Check:  # noqa: A002
    before, after = categories.split("/")
    return Check(
        id=id, title=title, severity=severity, owasp_2021=before, owasp_2025=after, mend=mend
    )


_ALL: Final = (
    # Settings. Categories: 2021/2025.
    _check("settings.roles", "A01/A01", "critical",
           "One tenant's role may reach another tenant's rows",
           "Use rustok_app, rustok_system and rustok_owner, each for its own."),
    _check("settings.cors", "A01/A01", "high",
           "Foreign sites may call the API",
           "List the origins, with https."),
    _check("settings.webhooks_private", "A10/A01", "high",
           "Tenants may make the server call internal addresses",
           "Set webhooks.allow_private to false."),
    _check("settings.private_issuers", "A10/A01", "medium",
           "Sign-in providers inside the own network are asked",
           "Keep security.private_issuers empty, or list single hosts and watch them."),
    _check("settings.secret_key", "A02/A04", "critical",
           "Secrets are sealed with a key that can be guessed",
           "Make one: rustok keys new-master."),
    _check("settings.master_key", "A02/A04", "high",
           "The master key is weak or not a key of its own",
           "Make one: rustok keys new-master; then rustok keys rewrap."),
    _check("settings.old_master_key", "A02/A04", "low",
           "A replaced master key is still configured",
           "Run rustok keys rewrap and remove security.previous_master_key."),
    _check("settings.signing_key", "A02/A04", "medium",
           "Keys that sign access tokens are rarely replaced",
           "Set security.signing_key_days to 90 or less."),
    _check("settings.clear_text", "A02/A04", "high",
           "Credentials or data cross networks unencrypted",
           "Use TLS: https, rediss, tls, sslmode=verify-full, starttls."),
    _check("settings.public_url", "A02/A04", "medium",
           "The public address is not https",
           "Put TLS in front and set http.public_url to the https address."),
    _check("settings.debug", "A05/A02", "high",
           "Internals are shown to callers",
           "Set debug to false."),
    _check("settings.proxies", "A05/A02", "high",
           "Anybody's forwarded headers are believed",
           "List the networks of your proxies."),
    _check("settings.metrics", "A05/A02", "medium",
           "Metrics can be read from other machines",
           "Keep telemetry.metrics_host on this machine or a private network."),
    _check("settings.metrics_token", "A05/A02", "medium",
           "The token of the metrics can be guessed",
           "Use 32 random characters or more."),
    _check("settings.other", "A05/A02", "medium",
           "A setting is not fit for production",
           "See `rustok config check`."),
    _check("settings.exempt", "A04/A06", "high",
           "The rate limits spare foreign networks",
           "List your own networks only."),
    _check("settings.test_payments", "A04/A06", "critical",
           "Orders can be paid without money",
           "Set payments.test_provider to false."),
    _check("settings.body_size", "A04/A06", "medium",
           "A request may be very large",
           "Set http.max_body_bytes to 64 MiB or less."),
    _check("settings.rate_limits", "A07/A07", "high",
           "Nothing slows down guessing of passwords",
           "Set rate_limits.enabled, and rate_limits.login to 60 a minute or less."),
    _check("settings.token_lifetime", "A07/A07", "medium",
           "Stolen access tokens and sessions live long",
           "Access tokens: an hour at most; sessions: 90 days unused, 365 in all."),
    _check("settings.step_up", "A07/A07", "medium",
           "Dangerous actions trust an old proof of identity",
           "Set security.step_up_seconds to 3600 or less."),
    _check("settings.broker_login", "A07/A07", "medium",
           "Redis or NATS on another machine asks for no credentials",
           "Set redis.password, nats.credentials_file or nats.token."),
    _check("settings.stripe_url", "A08/A08", "critical",
           "Payments are confirmed by another server than Stripe's",
           "Remove payments.stripe_url."),
    _check("settings.durability", "A08/A08", "high",
           "A crash loses or corrupts what was acknowledged",
           "Use a file with sqlite_synchronous FULL, or PostgreSQL."),
    _check("settings.extra_modules", "A08/A03", "low",
           "Code of other packages runs with all rights",
           "Review and lock the packages of modules.extra."),
    _check("settings.audit_retention", "A09/A09", "medium",
           "The audit log is forgotten before an attack is noticed",
           "Set audit.retention_days to 90 or more."),
    _check("settings.audit_address", "A09/A09", "low",
           "The audit log does not say where from",
           "Set audit.address to truncated."),
    _check("settings.log_level", "A09/A09", "medium",
           "Logs hold too little or too much",
           "Set telemetry.log_level to INFO."),
    _check("settings.breakers", "A04/A10", "high",
           "A dependency that is down stops everything",
           "Set resilience.breakers to true."),
    _check("settings.timeouts", "A04/A10", "medium",
           "Requests or statements may wait without a sensible end",
           "Keep request and statement timeouts at 300 seconds or less."),
    # Files.
    _check("files.key", "A02/A04", "critical",
           "Others on this machine can read a key",
           "chmod 600 FILE."),
    _check("files.config", "A05/A02", "high",
           "Others on this machine can read or change settings",
           "chmod 640 FILE, owned by the service's user."),
    _check("files.data", "A01/A01", "high",
           "Others on this machine can read or change data",
           "chmod 640 for the database file; no write for others on folders."),
    # Database.
    _check("database.role_powers", "A01/A01", "critical",
           "The application's role is not held by row-level security",
           "Give database.url a role without SUPERUSER and BYPASSRLS that owns nothing."),
    _check("database.table_policy", "A01/A01", "critical",
           "A table is not held apart by tenant",
           "Let a migration isolate it (core.db.schema.isolate); nothing else may make tables."),
    _check("database.audit_guard", "A08/A08", "critical",
           "Records of the audit log can be changed",
           "Run rustok migrate as the owner; revoke what was granted by hand."),
    _check("database.audit_unsealed", "A09/A09", "high",
           "Audit entries are not put into their chain",
           "Run rustok worker, and see its log."),
    _check("database.checkpoint_age", "A09/A09", "medium",
           "No signature stands over the newest audit records",
           "Keep one a day elsewhere: rustok audit checkpoint TENANT --to FILE."),
    _check("database.admin_factor", "A07/A07", "medium",
           "An administrator of the platform has no second factor",
           "Sign in as them and enrol one, or disable the user."),
    _check("database.idle_key", "A07/A07", "low",
           "An API key without an end is not used",
           "Revoke it, or make one that expires."),
    # Routes.
    _check("routes.public_staff", "A01/A01", "critical",
           "A route of staff asks nobody who they are",
           "Give it a permission."),
    _check("routes.permission", "A01/A01", "critical",
           "A route's permission is none",
           "Declare resource:action, without wildcards."),
    _check("routes.step_up", "A07/A07", "high",
           "Rights are granted without a recent proof of identity",
           "Declare step_up=True."),
    _check("routes.login_rate", "A07/A07", "high",
           "A way to sign in is not counted by the login limit",
           'Declare rate="login".'),
    _check("routes.repeatable", "A04/A06", "high",
           "A repeated request may move money twice",
           "Ask for an Idempotency-Key or If-Match."),
    # Code.
    _check("code.sql_text", "A03/A05", "critical",
           "SQL is made of text",
           "Bind parameters, or say `# constant sql: reason`."),
    _check("code.eval", "A03/A05", "critical",
           "Text is run as code",
           "Parse it; do not run it."),
    _check("code.shell", "A03/A05", "critical",
           "A shell is started",
           "Pass a list of arguments, without a shell."),
    _check("code.autoescape", "A03/A05", "high",
           "Templates do not escape",
           "Pass autoescape=True."),
    _check("code.markup", "A03/A05", "high",
           "Text is declared to be safe HTML",
           "Let the template escape it."),
    _check("code.xml", "A05/A02", "high",
           "XML is read by a parser that follows entities",
           "Use defusedxml."),
    _check("code.deserialise", "A08/A08", "critical",
           "Reading data may run code",
           "Use msgspec, or yaml.safe_load."),
    _check("code.weak_hash", "A02/A04", "high",
           "MD5 or SHA-1 is used",
           "Use SHA-256, or usedforsecurity=False."),
    _check("code.random", "A02/A04", "high",
           "Secrets come from a predictable source",
           "Use the module secrets."),
    _check("code.tls_off", "A02/A04", "critical",
           "Certificates are not verified",
           "Leave verification on."),
    _check("code.secret", "A07/A07", "critical",
           "A secret stands in the code",
           "Read it from the settings and replace it where it is used."),
    _check("code.compare", "A02/A04", "medium",
           "Secrets are compared in a time that tells where they differ",
           "Use hmac.compare_digest."),
    _check("code.outbound", "A10/A01", "high",
           "A request goes out past the guard of addresses",
           "Send through core.security.outbound_http."),
    _check("code.log_secret", "A09/A09", "high",
           "A secret is logged",
           "Leave it out."),
    _check("code.swallowed", "A04/A10", "medium",
           "An error of any kind is dropped without a word",
           "Catch what is expected, or log it."),
    _check("code.fail_open", "A01/A10", "critical",
           "An error in a decision means yes",
           "Deny when the decision fails."),
    _check("code.assert_input", "A04/A10", "medium",
           "Input is checked by assert, which -O removes",
           "Raise an error of the feature."),
    _check("code.extract", "A01/A01", "high",
           "An archive is unpacked wherever it says",
           'Pass filter="data", or write each member to a path of your own.'),
    _check("code.file_mode", "A05/A02", "medium",
           "A file is made that everybody may write",
           "Leave the mode to the umask, or give 0o600."),
    _check("code.temporary", "A04/A06", "medium",
           "A temporary file's name can be guessed and taken",
           "Use NamedTemporaryFile or mkstemp."),
    # Dependencies.
    _check("dependencies.advisory", "A06/A03", "high",
           "A package with a known weakness is installed",
           "Install the version named, and lock it."),
    _check("dependencies.drift", "A06/A03", "medium",
           "Another version is installed than the one locked",
           "Run make install."),
    _check("dependencies.unhashed", "A08/A03", "high",
           "A locked package has no hash",
           "Run make lock."),
)  # fmt: skip
CHECKS: Final = {check.id: check for check in _ALL}


def weakness(
    check: str,
    place: str,
    message: str,
    *,
    severity: Severity | None = None,
    path: str | None = None,
    line: int | None = None,
) -> Weakness:
    """A finding of `check`; `severity` where it differs from the check's own."""
    return Weakness(
        check=check,
        place=place,
        message=message,
        severity=severity or CHECKS[check].severity,
        path=path,
        line=line,
    )


def score_of(findings: Sequence[Weakness]) -> int:
    """0 to 100. Of one check the first finding costs in full, each other a quarter."""
    lost, seen = 0.0, set[str]()
    for one in findings:
        lost += _COST[one.severity] / (4 if one.check in seen else 1)
        seen.add(one.check)
    return max(0, round(100 - lost))


def at_least(findings: Sequence[Weakness], level: Severity) -> list[Weakness]:
    """Those as bad as `level` or worse."""
    wanted = SEVERITIES[SEVERITIES.index(level) :]
    return [one for one in findings if one.severity in wanted]
