"""Structured log lines with the request's fields, JSON for machines, coloured text for people.

It refuses to print secrets: the values of keys that name a password, token, secret, cookie or
authorization are replaced at any depth, whoever logged them. Addresses with a password lose it.
"""

from __future__ import annotations

import atexit
import logging
import re
import sys
from collections.abc import Callable, Mapping, MutableMapping
from contextvars import ContextVar
from typing import Final, Literal, TextIO, TypedDict, Unpack, cast

import msgspec

from rustok.telemetry import tracing
from rustok.telemetry.line_writer import LineWriter
from rustok.telemetry.request_lines import RequestLine, as_json
from rustok.telemetry.structured import EventDict, Processor, WrappedLogger, structlog

LogLevel = Literal["DEBUG", "INFO", "WARNING", "ERROR"]
LogFormat = Literal["auto", "json", "console"]
Logger = structlog.typing.FilteringBoundLogger

MASK: Final = "********"
MAX_DEPTH: Final = 6
MAX_TEXT: Final = 8_192
_SENSITIVE = re.compile(
    r"passw(or)?d|passphrase|secret|token|authorization|cookie|api_?key|private_?key|credential",
    re.IGNORECASE,
)
# Names that hold one of the words above and say nothing secret.
_HARMLESS = frozenset({"token_type", "token_count", "secret_name", "max_tokens", "page_token_kind"})
_URL_PASSWORD = re.compile(
    r"(?P<before>[a-z][a-z0-9+.-]*://[^\s:/@]*:)[^\s@/]+(?=@)", re.IGNORECASE
)
# Secrets in running text: headers, tokens by their form, parameters of addresses and DSNs.
_IN_TEXT = re.compile(
    r"(?P<scheme>\b(?:Bearer|Basic)\s+)[A-Za-z0-9._~+/=-]{6,}"
    r"|\beyJ[A-Za-z0-9_-]{6,}\.[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]*"
    r"|\b(?P<prefix>rk_|rt_|ot_|whsec_|sk_live_|sk_test_|rk_live_|otpauth://)[A-Za-z0-9_\-/+?=&%.:]{6,}"
    r"|(?P<name>\b[A-Za-z_-]*(?:passw(?:or)?d|secret|token|api_?key|authorization|cookie|credential)"
    r"[A-Za-z_-]*[\"']?\s*[=:]\s*[\"']?)(?!\s|\*{8}|None\b|null\b|Bearer\b|Basic\b)[^\s&\"',;)}\]]+",
    re.IGNORECASE,
)


class LogFields(TypedDict, total=False):
    """The fields every line of a request or job carries; `tenant` is the id, never a name."""

    request_id: str
    trace_id: str
    span_id: str
    tenant: str
    actor: str
    route: str


def get_logger(name: str) -> Logger:
    """The logger of a module: `log = get_logger(__name__)`, then `log.info("placed", sku=…)`."""
    return cast(Logger, structlog.get_logger(logger_name=name))


_NONE: Final[LogFields] = {}
# One variable for all fields: structlog has one for each, which is most of what a request's cost.
_fields: Final[ContextVar[LogFields]] = ContextVar("rustok_log_fields", default=_NONE)


class log_fields:  # noqa: N801 - reads as what it does
    """Put `fields` on every line logged inside, in this task and in tasks it starts."""

    __slots__ = ("_more", "_token")

    def __init__(self, **fields: Unpack[LogFields]) -> None:
        self._more = fields

    def __enter__(self) -> None:
        self._token = _fields.set({**_fields.get(), **self._more})

    def __exit__(self, *_error: object) -> None:
        _fields.reset(self._token)


def bind(**fields: Unpack[LogFields]) -> None:
    """Put `fields` on every later line of this task, as they become known (tenant, actor).

    Inside `log_fields` they last as long as its own.
    """
    _fields.set({**_fields.get(), **fields})


def current_fields() -> dict[str, object]:
    """The fields lines carry here; for handing them to another task or to an event."""
    return dict(_fields.get())


def _add_fields(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for name, value in _fields.get().items():
        event.setdefault(name, value)
    return event


def redact(value: object, depth: int = 0) -> object:
    """`value` without secrets: mappings and sequences are copied, other values pass through."""
    if depth > MAX_DEPTH:
        return "…"
    if isinstance(value, str):
        text = value if "://" not in value else _URL_PASSWORD.sub(rf"\g<before>{MASK}", value)
        text = _IN_TEXT.sub(_masked, text)
        return text if len(text) <= MAX_TEXT else f"{text[:MAX_TEXT]}… ({len(text)} characters)"
    if isinstance(value, Mapping):
        return {
            key: MASK if _is_sensitive(key) and item is not None else redact(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, (list, tuple, set, frozenset)):
        return [redact(item, depth + 1) for item in value]
    return value


def _masked(found: re.Match[str]) -> str:
    return f"{found['scheme'] or found['prefix'] or found['name'] or ''}{MASK}"


def _is_sensitive(key: object) -> bool:
    name = str(key).replace("-", "_")
    return name not in _HARMLESS and _SENSITIVE.search(name) is not None


def _redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    for key, value in event.items():
        # Numbers, None and truth values hide nothing and are most of what is logged.
        if value is not None and not isinstance(value, (int, float)):
            event[key] = MASK if _is_sensitive(key) else redact(value)
    return event


def _encode(event: MutableMapping[str, object], **_options: object) -> str:
    return msgspec.json.encode(event, enc_hook=repr).decode()


def _name_logger(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    record = event.get("_record")
    name = event.pop("logger_name", None)
    event["logger"] = record.name if isinstance(record, logging.LogRecord) else name
    return event


class _Force:
    """What `configure` and `set_level` have put in force."""

    __slots__ = ("level", "requests", "writer")

    def __init__(self) -> None:
        self.level: LogLevel = "INFO"
        self.requests = True
        self.writer: LineWriter | _InMemory | None = None


_force: Final = _Force()


def takes_info() -> bool:
    """Whether lines of level info are written."""
    return _force.requests


def write_request(line: RequestLine) -> bool:
    """Write the line of a request as JSON; False where lines are for people, and nothing is done."""
    writer = _force.writer
    if writer is None:
        return False
    writer.write(as_json(line))
    for take in _request_taker:
        take(line)
    return True


def flush() -> None:
    """Write what waits to be written together; called at the end of the process too."""
    if _force.writer is not None:
        _force.writer.flush()


atexit.register(flush)


def _place(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """The innermost span, where one is recorded."""
    span = tracing.current()
    if span is not None:
        event["trace_id"] = span.trace_id
        event["span_id"] = span.span_id
    return event


Take = Callable[[dict[str, object]], None]
TakeRequest = Callable[[RequestLine], None]
_taker: Final[list[Take]] = []
_request_taker: Final[list[TakeRequest]] = []


def also_to(take: Take | None, take_request: TakeRequest | None = None) -> None:
    """Hand every line, redacted, to `take` as well, and those of requests to `take_request`.

    None ends that. They must not wait.
    """
    _taker[:] = [] if take is None else [take]
    _request_taker[:] = [] if take_request is None else [take_request]


def _hand_on(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    flush()  # what came before goes before
    for take in _taker:
        take(dict(event))
    return event


class _InMemory:
    """Writes to a text in memory, which its owner may have closed since."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, line: bytes) -> None:
        if not self._stream.closed:
            self._stream.write(line.decode())

    def flush(self) -> None: ...


def _writer_to(stream: TextIO) -> LineWriter | _InMemory:
    """Bytes straight to the file behind `stream`, which every other line flushes."""
    try:
        return LineWriter(stream.fileno())
    except (OSError, AttributeError):
        return _InMemory(stream)


def level_in_force() -> LogLevel:
    """The level in force."""
    return _force.level


def set_level(wanted: LogLevel) -> None:
    """Log from `wanted` on, from now on; everything else stays as `configure` set it."""
    number = logging.getLevelNamesMapping()[wanted]
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(number))
    logging.getLogger().setLevel(max(number, logging.INFO))
    _force.requests = number <= logging.INFO
    _force.level = wanted


def configure(
    *, level: LogLevel = "INFO", log_format: LogFormat = "auto", stream: TextIO | None = None
) -> None:
    """Send the lines of this process, those of libraries through `logging` too, to `stream`.

    Args:
        level: lines below it are dropped before they are built.
        log_format: auto means console on a terminal and JSON elsewhere.
        stream: None means stderr, so that stdout stays for a command's result.
    """
    flush()
    stream = sys.stderr if stream is None else stream
    as_console = log_format == "console" or (log_format == "auto" and stream.isatty())
    shared: list[Processor] = [
        _add_fields,
        _place,
        _name_logger,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
    ]
    if as_console:
        # The default traceback of structlog with rich shows local variables: secrets among them.
        plain = structlog.dev.plain_traceback
        last: list[Processor] = [
            structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain)
        ]
    else:
        last = [
            structlog.processors.EventRenamer("message"),
            structlog.processors.JSONRenderer(serializer=_encode),
        ]
    _force.writer = None if as_console else _writer_to(stream)
    # The traceback becomes text first, so that it is redacted like everything else.
    rendering: list[Processor] = [
        structlog.processors.format_exc_info,
        _redact_event,
        _hand_on,
        *last,
    ]
    number = logging.getLevelNamesMapping()[level]
    structlog.configure(
        processors=[*shared, *rendering],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.WriteLoggerFactory(stream),
        # A cached logger would keep the stream and level of before; module loggers are made early.
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *rendering],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    # Libraries at debug level drown our own lines, and some print headers.
    set_level(level)
