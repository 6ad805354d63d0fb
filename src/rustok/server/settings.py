"""All an operator may set, as typed structs read from defaults, a TOML file and the environment.

It refuses what it does not know: an unknown key or a bad value is an error that names the file or
variable, the key and the mend, and all errors are told at once. It opens no connection.

Precedence, lowest first: defaults, the TOML file (`rustok.toml`, or the file RUSTOK_CONFIG names),
environment variables (`RUSTOK_HTTP__PORT` is `http.port`), options of the command line.
Relative paths are taken from the working directory. `RUSTOK_TEST_*` belongs to the tests.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import SplitResult, urlsplit, urlunsplit

import msgspec

from rustok.core.errors import FieldError, RustokError
from rustok.server.settings_contradictions import contradictions

CONFIG_VARIABLE = "RUSTOK_CONFIG"
DEFAULT_FILE = "rustok.toml"
PREFIX = "RUSTOK_"
TEST_PREFIX = "RUSTOK_TEST_"
MASK = "********"

Seconds = Annotated[float, msgspec.Meta(gt=0, le=86_400)]
PositiveInt = Annotated[int, msgspec.Meta(ge=1)]
Milliseconds = Annotated[int, msgspec.Meta(ge=1, le=3_600_000)]


class Secret:
    """A value that never shows itself by accident; only `reveal()` gives it."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself: hand it to the library that needs it, never to a log or an error."""
        return self._value

    def __repr__(self) -> str:
        return f"Secret({MASK!r})"

    __str__ = __repr__

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(self._value)


class DatabaseUrl(str):
    """A database address whose repr hides the password; as a string it is whole, for the driver."""

    __slots__ = ()

    @property
    def is_sqlite(self) -> bool:
        return self.startswith("sqlite:")

    @property
    def sqlite_path(self) -> Path | None:
        """The database file; None for PostgreSQL and for `sqlite:///:memory:`."""
        path = self.removeprefix("sqlite:///")
        return Path(path) if self.is_sqlite and path != ":memory:" else None

    def masked(self) -> str:
        parts = urlsplit(self)
        if parts.password is None:
            return str(self)
        host = parts.netloc.rpartition("@")[2]
        netloc = f"{parts.username or ''}:{MASK}@{host}"
        return urlunsplit(SplitResult(parts.scheme, netloc, parts.path, parts.query, ""))

    def __repr__(self) -> str:
        return f"DatabaseUrl({self.masked()!r})"


class Section(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A table of the TOML file; its fields are the keys and their defaults."""


class HttpSettings(Section, frozen=True, kw_only=True):
    """`public_url` is the address clients see (links, cookies); None means host and port.

    `trusted_proxies` are networks whose X-Forwarded-* headers are believed; none by default.
    `cors` are origins any tenant's API may be called from, beside the tenant's own domains.
    `idempotency_hours`: how long the answer to an Idempotency-Key is kept.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65_535)] = 8000
    workers: Annotated[int, msgspec.Meta(ge=1, le=256)] = 1
    public_url: str | None = None
    trusted_proxies: tuple[str, ...] = ()
    cors: tuple[str, ...] = ()
    max_body_bytes: Annotated[int, msgspec.Meta(ge=1024)] = 2 * 1024 * 1024
    request_timeout_seconds: Seconds = 30.0
    idempotency_hours: Annotated[int, msgspec.Meta(ge=1, le=24 * 365)] = 24
    shutdown_grace_seconds: Seconds = 20.0


class DatabaseSettings(Section, frozen=True, kw_only=True):
    """On PostgreSQL `url` is the role under row-level security, `system_url` the role of the relay
    and of tenant administration, `owner_url` the role that migrates; SQLite has no roles.
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


class SecuritySettings(Section, frozen=True, kw_only=True):
    """`secret_key` signs tokens and cursors: 32 characters or more, from a random source."""

    secret_key: Secret | None = None
    access_token_ttl_seconds: Annotated[int, msgspec.Meta(ge=60, le=86_400)] = 900
    refresh_token_ttl_seconds: Annotated[int, msgspec.Meta(ge=3_600)] = 30 * 86_400


class TelemetrySettings(Section, frozen=True, kw_only=True):
    """`log_format` auto: console on a terminal, JSON elsewhere."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    log_format: Literal["auto", "json", "console"] = "auto"
    metrics_enabled: bool = True


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
    ack_wait_seconds: Seconds = 30.0
    publish_timeout_seconds: Seconds = 5.0


class WebhooksSettings(Section, frozen=True, kw_only=True):
    """Both are for tests and closed networks, and a production start refuses them: plain http, and
    addresses that are not of the public internet.
    """

    allow_http: bool = False
    allow_private: bool = False


class MediaSettings(Section, frozen=True, kw_only=True):
    root: Path = Path("var/media")


class Settings(Section, frozen=True, kw_only=True):
    """All settings of one process; `debug` shows tracebacks and is refused in production."""

    environment: Literal["development", "production"] = "development"
    debug: bool = False
    http: HttpSettings = HttpSettings()
    database: DatabaseSettings = DatabaseSettings()
    security: SecuritySettings = SecuritySettings()
    telemetry: TelemetrySettings = TelemetrySettings()
    events: EventsSettings = EventsSettings()
    nats: NatsSettings = NatsSettings()
    media: MediaSettings = MediaSettings()
    webhooks: WebhooksSettings = WebhooksSettings()

    @property
    def is_production(self) -> bool:
        return self.environment == "production"


class SettingsInvalid(RustokError):
    """The settings have unknown keys or bad values; `fields` holds one entry for each."""

    code = "settings_invalid"
    title = "The settings are not usable"
    mend = "Correct the keys named in `errors`; `rustok config show` prints what is in force."

    def __init__(self, problems: Sequence[FieldError]) -> None:
        super().__init__("; ".join(p.message for p in problems), fields=problems)


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with, for each key that is not a default, where its value came from."""

    settings: Settings
    sources: dict[str, str]


def load(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Settings from all sources; see `load_with_sources`."""
    return load_with_sources(file, environ, overrides).settings


def load_with_sources(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Loaded:
    """Read, check and join all sources.

    Args:
        file: the TOML file; None means RUSTOK_CONFIG, then `rustok.toml` if it is there.
        environ: the environment; None means that of this process.
        overrides: dotted key to value, from the command line; a None value is not an override.

    Raises:
        SettingsInvalid: a source cannot be read, a key is unknown or a value breaks its rule.
    """
    environ = os.environ if environ is None else environ
    reader = _Reader()
    reader.read_file(file, environ)
    reader.read_environment(environ)
    for key, value in (overrides or {}).items():
        if value is not None:
            reader.put(key, value, "command line", f"option for {key}")
    settings = reader.build()
    reader.problems.extend(contradictions(settings))
    if reader.problems:
        raise SettingsInvalid(reader.problems)
    return Loaded(settings=settings, sources=reader.sources)


def _decode(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    if kind is DatabaseUrl and isinstance(value, str):
        if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("Expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
        return DatabaseUrl(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("Expected a string")


def _field_types(struct: type[msgspec.Struct]) -> dict[str, object]:
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def known_keys() -> dict[str, object]:
    """Every dotted key with its type."""
    keys: dict[str, object] = {}
    for name, kind in _field_types(Settings).items():
        if isinstance(kind, type) and issubclass(kind, Section):
            keys.update({f"{name}.{key}": t for key, t in _field_types(kind).items()})
        else:
            keys[name] = kind
    return keys


class _Reader:
    """Collects values and problems, so that an operator sees every mistake in one go."""

    def __init__(self) -> None:
        self.known = known_keys()
        self.values: dict[str, object] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[FieldError] = []

    def refuse(self, key: str, rule: str, message: str) -> None:
        self.problems.append(FieldError(pointer=key, rule=rule, message=message))

    def put(self, key: str, value: object, source: str, name: str, *, text: bool = False) -> None:
        kind = self.known.get(key)
        if kind is None:
            near = difflib.get_close_matches(key, self.known, n=1)
            hint = f"did you mean {_spelled(near[0], text)}?" if near else "remove it"
            self.refuse(key, "unknown", f"{source}: {name} is not a setting; {hint}")
            return
        if text and kind == tuple[str, ...] and isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        try:
            # The environment knows only text, so "8000" is a number there and a mistake in TOML.
            converted = msgspec.convert(value, kind, strict=not text, dec_hook=_decode)
        except (msgspec.ValidationError, ValueError) as error:
            # msgspec's message names types and bounds and quotes only a choice of a closed list,
            # so a secret stays one.
            why = str(error).split(" - at ")[0].strip()
            self.refuse(key, "value", f"{source}: {name} is not usable: {why}")
            return
        self.values[key] = converted
        self.sources[key] = source if name == key else f"{source} {name}"

    def read_file(self, file: Path | None, environ: Mapping[str, str]) -> None:
        named = file or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
        path = named or Path(DEFAULT_FILE)
        if named is None and not path.is_file():
            return
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            self.refuse("", "file", f"{path}: cannot be read ({error.strerror}); mend the path")
            return
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.refuse("", "toml", f"{path}: is not TOML: {error}")
            return
        for name, value in document.items():
            if isinstance(value, dict):
                for key, inner in value.items():
                    self.put(f"{name}.{key}", inner, str(path), f"{name}.{key}")
            else:
                self.put(name, value, str(path), name)

    def read_environment(self, environ: Mapping[str, str]) -> None:
        for variable, value in sorted(environ.items()):
            ours = variable.startswith(PREFIX) and not variable.startswith(TEST_PREFIX)
            # Compose files pass "" for a variable nobody set, so empty means not set.
            if ours and variable != CONFIG_VARIABLE and value:
                key = variable.removeprefix(PREFIX).lower().replace("__", ".")
                self.put(key, value, "environment", variable, text=True)

    def build(self) -> Settings:
        settings = Settings()
        for key, value in self.values.items():
            section, dot, name = key.partition(".")
            if dot:
                part = msgspec.structs.replace(getattr(settings, section), **{name: value})
                settings = msgspec.structs.replace(settings, **{section: part})
            else:
                settings = msgspec.structs.replace(settings, **{key: value})
        return settings


def variable_name(key: str) -> str:
    """The environment variable of a dotted key: `http.port` is RUSTOK_HTTP__PORT."""
    return PREFIX + key.replace(".", "__").upper()


def _spelled(key: str, text: bool) -> str:
    return variable_name(key) if text else key


def masked(settings: Settings) -> dict[str, object]:
    """Dotted key to a printable value; secrets and passwords are masked."""
    shown: dict[str, object] = {}
    for key in known_keys():
        value: object = settings
        for part in key.split("."):
            value = getattr(value, part)
        if isinstance(value, Secret):
            value = MASK
        elif isinstance(value, DatabaseUrl):
            value = value.masked()
        elif isinstance(value, Path):
            value = str(value)
        shown[key] = list(value) if isinstance(value, tuple) else value
    return shown
