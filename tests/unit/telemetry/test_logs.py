"""The log lines: fields of the request on each, secrets on none."""

from __future__ import annotations

import asyncio
import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from rustok.telemetry import logs
from rustok.telemetry.logs import MASK, LogFormat, LogLevel, get_logger, log_fields


@pytest.fixture(autouse=True)
def untouched_logging() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def configured(level: LogLevel = "INFO", log_format: LogFormat = "json") -> io.StringIO:
    stream = io.StringIO()
    logs.configure(level=level, log_format=log_format, stream=stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_time_level_logger_message_and_fields() -> None:
    stream = configured()
    get_logger("rustok.orders").info("order placed", lines=3)
    (line,) = lines(stream)
    assert str(line.pop("timestamp")).endswith("Z")
    assert line == {
        "logger": "rustok.orders",
        "level": "info",
        "message": "order placed",
        "lines": 3,
    }


def test_lines_inside_a_request_carry_its_fields_and_lines_after_do_not() -> None:
    stream = configured()
    log = get_logger("t")
    with log_fields(request_id="r1", tenant="t1"):
        log.info("inside")
        with log_fields(route="/x"):
            log.info("deeper")
    log.info("outside")
    inside, deeper, outside = lines(stream)
    assert (inside["request_id"], inside["tenant"]) == ("r1", "t1")
    assert (deeper["request_id"], deeper["route"]) == ("r1", "/x")
    assert "request_id" not in outside


async def test_tasks_beside_each_other_keep_their_own_fields() -> None:
    stream = configured()

    async def work(name: str) -> None:
        with log_fields(request_id=name):
            await asyncio.sleep(0)
            get_logger("t").info("done", expected=name)

    await asyncio.gather(*(work(str(n)) for n in range(5)))
    assert all(line["request_id"] == line["expected"] for line in lines(stream))


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "new_password",
        "access_token",
        "refreshToken",
        "Authorization",
        "Set-Cookie",
        "secret_key",
        "api_key",
        "X-Api-Key",
    ],
)
def test_a_secret_is_masked_at_any_depth(key: str) -> None:
    stream = configured()
    get_logger("t").info("x", **{key: "hunter2"}, headers=[{"a": {key: b"hunter2"}}])
    assert "hunter2" not in stream.getvalue()
    assert MASK in stream.getvalue()


def test_an_address_loses_its_password_also_inside_a_traceback() -> None:
    stream = configured()
    try:
        raise ConnectionError("no answer from postgresql://app:hunter2@db/rustok")
    except ConnectionError:
        get_logger("t").exception("database away")
    assert "hunter2" not in stream.getvalue()
    assert "ConnectionError" in stream.getvalue()


SECRETS_IN_TEXT = [
    "GET /x Authorization: Bearer {} HTTP/1.1",
    "header authorization='Bearer {}'",
    "Authorization: Basic {}",
    "/orders/1?token={}&page=2",
    "/reset?reset_token={}",
    "cookie: {}; Path=/",
    "Set-Cookie: __Host-visit={}",
    "password={} user=ada",
    '{{"password": "{}", "email": "x"}}',
    "X-Api-Key: rk_{}",
    "refresh rt_{} is used",
    "webhook whsec_{} made",
    "stripe said sk_test_{} is wrong",
    "postgresql://rustok:{}@db/rustok",
    "redis://:{}@cache:6379/0",
    "dsn host=db password={} dbname=x",
    "client_secret={}",
    "token eyJhbGciOiJFUzI1NiJ9.{}.c2lnbmF0dXJl",
]


@pytest.mark.parametrize("text", SECRETS_IN_TEXT)
@pytest.mark.parametrize("where", ["message", "field", "exception"])
def test_a_secret_in_running_text_is_masked(text: str, where: str) -> None:
    secret = "Zm9vYmFyYmF6cXV4MTIz"
    stream = io.StringIO()
    logs.configure(log_format="json", stream=stream)
    log = logs.get_logger("test")
    told = text.format(secret)
    if where == "message":
        log.info(told)
    elif where == "field":
        log.info("x", detail=told, nested={"list": [told]})
    else:
        try:
            raise RuntimeError(told)
        except RuntimeError:
            log.exception("failed")
    assert secret not in stream.getvalue(), stream.getvalue()
    assert logs.MASK in stream.getvalue()


@pytest.mark.parametrize(
    "text",
    [
        "token_type is bearer",
        "the token is missing",
        "A secret is needed.",
        "password: None",
        "3 tokens of 5",
        "basic facts",
    ],
)
def test_plain_words_about_secrets_stay_readable(text: str) -> None:
    assert logs.redact(text) == text


def test_the_console_masks_too_and_shows_no_local_variables() -> None:
    stream = configured(log_format="console")
    local_secret = "hunter" + "2"
    try:
        raise ValueError("broken")
    except ValueError:
        get_logger("t").exception("failed", password=local_secret)
    assert "failed" in stream.getvalue()
    assert "ValueError: broken" in stream.getvalue()
    assert local_secret not in stream.getvalue()


def test_lines_of_libraries_come_out_in_the_same_form() -> None:
    stream = configured()
    with log_fields(request_id="r1"):
        logging.getLogger("asyncpg").warning("slow %s", "query")
    (line,) = lines(stream)
    assert (line["message"], line["logger"], line["level"]) == ("slow query", "asyncpg", "warning")
    assert line["request_id"] == "r1"


def test_lines_below_the_level_are_dropped() -> None:
    stream = configured(level="WARNING")
    get_logger("t").info("quiet")
    logging.getLogger("lib").info("quiet")
    assert stream.getvalue() == ""


def test_values_json_does_not_know_are_shown_by_their_repr() -> None:
    stream = configured()
    get_logger("t").info("x", thing=object)
    assert lines(stream)[0]["thing"] == "<class 'object'>"


def test_a_huge_text_and_an_endless_nest_are_cut() -> None:
    stream = configured()
    nest: list[object] = []
    nest.append(nest)
    get_logger("t").info("x", text="a" * 100_000, nest=nest)
    assert len(stream.getvalue()) < 10_000


def test_auto_means_json_where_no_person_looks() -> None:
    stream = configured(log_format="auto")
    get_logger("t").info("x")
    assert lines(stream)
