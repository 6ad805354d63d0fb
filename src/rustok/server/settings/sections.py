"""All an operator may set, section by section, with the defaults; it refuses to read any source."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import msgspec

from rustok.core.mail_route import MailRoute, MailSecurity
from rustok.server.settings.values import (
    DatabaseUrl,
    Milliseconds,
    PositiveInt,
    RateText,
    Seconds,
    Secret,
    Section,
)


class HttpSettings(Section, frozen=True, kw_only=True):
    """`public_url` is the address clients see (links, cookies); None means host and port.

    `trusted_proxies` are networks whose X-Forwarded-* headers are believed; none by default.
    `cors` are origins any tenant's API may be called from, beside the tenant's own domains.
    `header_timeout_seconds`: for the head of a request; `body_timeout_seconds`: for its body, and a
    second more for each 16 KiB that came.
    `idempotency_hours`: how long the answer to an Idempotency-Key is kept.
    `storefront_cache_bytes`: memory of each process for public answers ready to be sent; 0: none.
    `hsts_subdomains`: browsers stay with https below a host, too; switch it off only where something
    else below a tenant's domain serves plain http.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8000
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 2 * 1024 * 1024
    header_timeout_seconds: Annotated[int, msgspec.Meta(ge=1, le=300)] = 10
    body_timeout_seconds: Seconds = 20.0
    request_timeout_seconds: Seconds = 30.0
    idempotency_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 365)] = 24
    shutdown_grace_seconds: Seconds = 20.0
    storefront_cache_bytes: Annotated[int, msgspec.Meta(ge=0)] = 32 * 1024 * 1024
    hsts_subdomains: bool = True


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """On PostgreSQL `url` is the role under row-level security, `system_url` the role of the relay
    and of tenant administration, `owner_url` the role that migrates; SQLite has no roles.
    `sqlite_cache_bytes`: memory for pages of the file, of each of three connections; it fills as
    more of the file is read and written, and is not given back.
    """

    url: DatabaseUrl = DatabaseUrl("sqlite:///var/rustok.sqlite3")
    system_url: DatabaseUrl | None = None
    owner_url: DatabaseUrl | None = None
    pool_min: Annotated[int, msgspec.Meta(ge=0, le=1000)] = 1
    pool_max: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    statement_timeout_ms: Milliseconds = 15_000
    lock_timeout_ms: Milliseconds = 5_000
    connect_timeout_seconds: Seconds = 5.0
    sqlite_synchronous: Literal["OFF", "NORMAL", "FULL", "EXTRA"] = "FULL"
    sqlite_cache_bytes: Annotated[int, msgspec.Meta(ge=1024 * 1024)] = 16 * 1024 * 1024


class SecuritySettings(Section, frozen=True, kw_only=True):
    """`secret_key` seals what must be read again, among it the keys that sign access tokens: 32
    characters or more, from a random source.

    A session ends when it was not refreshed for `refresh_token_ttl_seconds`, and after
    `session_days` however often it was. `step_up_seconds`: how recently somebody must have proved
    who they are to do something dangerous. `signing_key_days`: age at which the signing key is
    replaced. `private_issuers`: sign-in providers of tenants that may be in the own network.

    `master_key` takes over the sealing from `secret_key`; what is sealed under `previous_master_key`
    can be read until `rustok keys rewrap` has brought it under the new one.
    """

    secret_key: Secret | None = None
    master_key: Secret | None = None
    previous_master_key: Secret | None = None
    access_token_ttl_seconds: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900
    refresh_token_ttl_seconds: Annotated[int, msgspec.Meta(ge=3_600)] = 30 * 86_400
    session_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 180
    step_up_seconds: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900
    signing_key_days: Annotated[int, msgspec.Meta(ge=1, le=3_650)] = 30
    private_issuers: tuple[str, ...] = ()


class RateLimitSettings(Section, frozen=True, kw_only=True):
    """How often one caller may ask: `20/s`, `30/min burst 10`, `100/h`; without `burst` the count.

    `login` to `read` are per class of route and hold for one address; a signed-in user has
    `user_factor` times as much of its own, an API key `api_key_factor` and all callers of a tenant
    together `tenant_factor` times. `address` is all that one address may send.
    `block_after` refusals in a minute keep a caller out for `block_seconds`, twice as long each
    time up to `block_max_seconds`. `tenant_concurrency` requests of a tenant run at once in one
    process, `tenant_queue` more wait up to `tenant_wait_seconds`.
    Callers in the networks `exempt` are not limited; by default those on this very machine.
    """

    enabled: bool = True
    exempt: tuple[str, ...] = ("127.0.0.0/8", "::1/128")
    address: RateText = "300/s burst 1000"
    login: RateText = "30/min burst 20"
    checkout: RateText = "60/min burst 30"
    search: RateText = "20/s burst 60"
    write: RateText = "20/s burst 100"
    read: RateText = "100/s burst 400"
    user_factor: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 1
    api_key_factor: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 5
    tenant_factor: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 100
    block_after: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 100
    block_seconds: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 60
    block_max_seconds: Annotated[int, msgspec.Meta(ge=1, le=7 * 86_400)] = 3_600
    tenant_concurrency: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 32
    tenant_queue: Annotated[int, msgspec.Meta(ge=0, le=1_000_000)] = 512
    tenant_wait_seconds: Seconds = 10.0


class TelemetrySettings(Section, frozen=True, kw_only=True):
    """`log_format` auto: console on a terminal, JSON elsewhere.

    `metrics_port`: metrics and health on a port of their own, at `metrics_host`, and no longer on
    the main one; `worker_metrics_port` is that of `rustok worker`. On the main port /metrics answers
    the holder of `metrics_token`, and outside production this machine itself. `top_tenants`: so many
    tenants are counted by name, the heaviest, the others together; 0 names none.

    `access_log_ratio`: the share of ordinary requests that get a line; errors and slow ones do.
    `access_log_per_second`: after so many lines of ordinary requests in a second, one in ten of the
    others gets one.

    `otlp_endpoint`: the collector that gets `otlp_signals`, http://HOST:4318 or, with grpc,
    http://HOST:4317; https for TLS. `otlp_headers`: name=value,name=value, such as a key.
    `trace_ratio`: the share of new traces that is kept; those that failed or took longer than
    `slow_request_ms` are kept anyway, and a caller's own decision goes before it.
    """

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    metrics_enabled: bool = True
    metrics_host: str = "127.0.0.1"
    metrics_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    worker_metrics_port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] | None = None
    metrics_token: Secret | None = None
    top_tenants: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0
    access_log_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 1.0
    access_log_per_second: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1_000
    otlp_endpoint: str | None = None
    otlp_protocol: Literal["grpc", "http/protobuf"] = "http/protobuf"
    otlp_headers: Secret | None = None
    otlp_signals: tuple[Literal["traces", "metrics", "logs"], ...] = ("traces", "metrics", "logs")
    otlp_metrics_seconds: Seconds = 15.0
    service_name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)] = "rustok"
    trace_ratio: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    slow_request_ms: Milliseconds = 1_000


class EventsSettings(Section, frozen=True, kw_only=True):
    """`max_attempts` counts deliveries before an event becomes a dead letter.

    `transport` embedded: the relay's process applies events; jetstream: `rustok worker` processes
    do, through NATS. `lease_seconds`: when others take over the work of a process that died.
    `worker_concurrency`: transactions in which one worker applies events at one time.
    `backlog_limit`: pending events at which writes that can wait are refused with 503.
    """

    transport: Literal["embedded", "jetstream"] = "embedded"
    relay_batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    relay_poll_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 0.5
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=100)] = 10
    retention_days: PositiveInt = 90
    lease_seconds: Annotated[float, msgspec.Meta(ge=1, le=300)] = 10.0
    worker_concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    backlog_limit: Annotated[int, msgspec.Meta(ge=100, le=10_000_000)] = 100_000


class NatsSettings(Section, frozen=True, kw_only=True):
    """NATS JetStream, for `events.transport` jetstream. `replicas` above 1 needs a cluster; events
    are kept there for `events.retention_days`. `partitions` cannot change while the stream is used.
    `lane_events`: events of a partition that may wait there for a working consumer; more stay in the
    outbox, where tenants take turns.
    """

    urls: tuple[str, ...] = ("nats://127.0.0.1:4222",)
    user: str | None = None
    password: Secret | None = None
    token: Secret | None = None
    credentials_file: Path | None = None
    stream: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")] = "RUSTOK_EVENTS"
    subjects: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]+(\.[a-z0-9_-]+)*$")] = (
        "rustok.events"
    )
    partitions: Annotated[int, msgspec.Meta(ge=1, le=256)] = 8
    replicas: Annotated[int, msgspec.Meta(ge=1, le=5)] = 1
    lane_events: Annotated[int, msgspec.Meta(ge=16, le=1_000_000)] = 256
    ack_wait_seconds: Seconds = 30.0
    publish_timeout_seconds: Seconds = 5.0


class RedisSettings(Section, frozen=True, kw_only=True):
    """Redis or Valkey, shared by the processes of a deployment: rate limits, invalidation of caches.
    None: each process for itself. `prefix` begins every key and channel.

    A command takes at most `command_timeout_seconds`, a connection `connect_timeout_seconds`.
    """

    url: str | None = None
    username: str | None = None
    password: Secret | None = None
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9_-]{1,32}$")] = "rustok"
    max_connections: Annotated[int, msgspec.Meta(ge=2, le=1000)] = 32
    connect_timeout_seconds: Seconds = 0.5
    command_timeout_seconds: Seconds = 0.25


class ResilienceSettings(Section, frozen=True, kw_only=True):
    """`breakers` false: circuits never open, so that a benchmark can tell what they are worth; a
    production start refuses it.
    """

    breakers: bool = True


class WebhooksSettings(Section, frozen=True, kw_only=True):
    """Both are for tests and closed networks, and a production start refuses them: plain http, and
    addresses that are not of the public internet.
    """

    allow_http: bool = False
    allow_private: bool = False


class CdnSettings(Section, frozen=True, kw_only=True):
    """The CDN in front of public answers. With a `provider` they carry keys of what they show, and
    changes purge them: fastly needs `service_id` and `token`, cloudflare `zone_id` and `token`, webhook
    `url` and, to sign with, `token`. Browsers keep an answer for seconds, the CDN for
    `surrogate_seconds`, or until it is purged. Changes are collected for `wait_seconds`.

    `private`: the receiver of a webhook is in the own network, by http too. `api_url` is for tests:
    None is the provider itself; a production start refuses it.
    """

    provider: Literal["none", "fastly", "cloudflare", "webhook"] = "none"
    service_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = None
    zone_id: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9]{1,64}$")] | None = None
    url: str | None = None
    token: Secret | None = None
    surrogate_seconds: Annotated[int, msgspec.Meta(ge=60, le=31_536_000)] = 86_400
    wait_seconds: Annotated[float, msgspec.Meta(ge=0, le=60)] = 3.0
    private: bool = False
    api_url: str | None = None


class MailSettings(Section, frozen=True, kw_only=True):
    """With no `host` mail is off: mails are held, and each is logged as `mail.off`. With a `folder`
    instead, they are written there as .eml files. `sender` is the address all mail comes from.
    `security` starttls refuses a relay that does not offer it; tls encrypts from the first byte.
    """

    host: str | None = None
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 587
    security: MailSecurity = "starttls"
    user: str | None = None
    password: Secret | None = None
    sender: str = "no-reply@localhost"
    folder: Path | None = None
    connect_timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 5.0
    timeout_seconds: Annotated[float, msgspec.Meta(gt=0, le=60)] = 30.0
    concurrency: Annotated[int, msgspec.Meta(ge=1, le=100)] = 4
    retention_days: PositiveInt = 30

    def route(self) -> MailRoute:
        """The same for those who send."""
        return MailRoute(
            host=self.host,
            port=self.port,
            security=self.security,
            user=self.user,
            password=None if self.password is None else self.password.reveal(),
            sender=self.sender,
            folder=self.folder,
            connect_seconds=self.connect_timeout_seconds,
            total_seconds=self.timeout_seconds,
            concurrency=self.concurrency,
            retention_days=self.retention_days,
        )


class PaymentsSettings(Section, frozen=True, kw_only=True):
    """`timeout_seconds` bounds one request to a payment provider. `stripe_url` is for tests: None is
    Stripe itself. `test_provider` offers the provider "test", which takes no money; a production
    start refuses both.
    """

    stripe_url: str | None = None
    timeout_seconds: Seconds = 8.0
    test_provider: bool = False


class AuditSettings(Section, frozen=True, kw_only=True):
    """`address`: how much of callers' network addresses the audit log keeps; truncated keeps the
    network (/24, /48). Records older than `retention_days` go, behind a signed checkpoint.
    """

    address: Literal["truncated", "full", "none"] = "truncated"
    retention_days: PositiveInt = 730


class StorageSettings(Section, frozen=True, kw_only=True):
    """Where media lie. `kind` folder: in `media.root`; s3: in a bucket of a store that speaks S3.

    `endpoint` None is AWS; without keys those of the machine are used. `allow_http` is for a store on
    a closed network.
    """

    kind: Literal["folder", "s3"] = "folder"
    bucket: str | None = None
    endpoint: str | None = None
    region: str | None = None
    access_key_id: str | None = None
    secret_access_key: Secret | None = None
    prefix: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9/_-]{0,100}$")] = ""
    connect_timeout_seconds: Seconds = 2.0
    timeout_seconds: Seconds = 10.0
    allow_http: bool = False


class MediaSettings(Section, frozen=True, kw_only=True):
    root: Path = Path("var/media")


class ModulesSettings(Section, frozen=True, kw_only=True):
    """`extra`: modules of other packages, as `package.module:NAME`; their code runs in every process."""

    extra: tuple[str, ...] = ()


class Settings(Section, frozen=True, kw_only=True):
    """All settings of one process; `debug` shows tracebacks and is refused in production."""

    environment: Literal["development", "production"] = "development"
    debug: bool = False
    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = DatabaseSettings()
    security: SecuritySettings = SecuritySettings()
    rate_limits: RateLimitSettings = RateLimitSettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    events: EventsSettings = EventsSettings()
    nats: NatsSettings = NatsSettings()
    redis: RedisSettings = RedisSettings()
    resilience: ResilienceSettings = ResilienceSettings()
    modules: ModulesSettings = ModulesSettings()
    media: MediaSettings = MediaSettings()
    audit: AuditSettings = AuditSettings()
    storage: StorageSettings = StorageSettings()
    webhooks: WebhooksSettings = WebhooksSettings()
    cdn: CdnSettings = CdnSettings()
    mail: MailSettings = MailSettings()
    payments: PaymentsSettings = PaymentsSettings()

    @property
    def is_production(self) -> bool:
        return self.environment == "production"
