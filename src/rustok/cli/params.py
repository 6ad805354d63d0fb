"""Types of arguments and options: each reads one word of the command line by the API's own rules.

It repairs nothing: a word that breaks its rule is wrong usage (exit 2) and the message says the rule.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final
from uuid import UUID

import click
import msgspec

from rustok.core.errors import InvalidInput
from rustok.core.ids import parse_id
from rustok.core.locale import parse_locale
from rustok.core.money import parse_currency
from rustok.core.permissions import parse_permission
from rustok.core.security.identifiers import parse_email, parse_host, parse_slug, parse_tenant_ref
from rustok.core.tenancy import PLATFORM_TENANT_ID
from rustok.core.types import TITLE_PATTERN, ShortText, Title

Reason = Annotated[ShortText, msgspec.Meta(min_length=1)]
DisplayName = Annotated[str, msgspec.Meta(min_length=1, max_length=200, pattern=TITLE_PATTERN)]


class Word(click.ParamType[object]):
    """A word read by `read`, whose InvalidInput or ValueError becomes the usage message.

    Args:
        name: shown in the help as the kind of value.
    """

    def __init__(self, name: str, read: Callable[[str], object]) -> None:
        self.name = name
        self._read = read

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> object:
        if not isinstance(value, str):  # a default, read already
            return value
        try:
            return self._read(value)
        except InvalidInput as error:
            self.fail(error.fields[0].message if error.fields else error.detail, param, ctx)
        except ValueError as error:
            self.fail(str(error), param, ctx)


def _tenant_ref(text: str) -> UUID | str:
    # Reserved for everybody else, the platform's own slug is a name an operator may use.
    return PLATFORM_TENANT_ID if text == "platform" else parse_tenant_ref(text, pointer="tenant")


def _email(text: str) -> str:
    parse_email(text, pointer="email")
    return text


def _text_of(kind: Any, rule: str) -> Callable[[str], str]:
    def read(text: str) -> str:
        try:
            return str(msgspec.convert(text, kind))
        except msgspec.ValidationError:
            raise ValueError(rule) from None

    return read


_AGO: Final = re.compile(r"(?P<count>[0-9]{1,6})(?P<unit>[smhd])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def parse_moment(text: str) -> datetime:
    """A moment: `2026-03-01`, `2026-03-01T12:00:00Z`, or how long ago: `90s`, `30m`, `2h`, `7d`.

    Without an offset it is UTC. Raises ValueError.
    """
    if ago := _AGO.fullmatch(text):
        return datetime.now(UTC) - timedelta(**{_UNITS[ago["unit"]]: int(ago["count"])})
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(
            "a moment is such as 2026-03-01, 2026-03-01T12:00:00Z or, as time ago, 90s, 30m, 2h, 7d."
        ) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


_NAME: Final = re.compile(r"[a-z][a-z_]*")


def parse_aggregate(text: str) -> tuple[str, UUID | None]:
    """`order` or `order:0190b5a4-…`: a kind of thing, or one of them. Raises ValueError, InvalidId."""
    kind, colon, id_text = text.partition(":")
    if not _NAME.fullmatch(kind):
        raise ValueError("an aggregate is a kind such as order, or one thing such as order:ID.")
    return kind, parse_id(id_text, pointer="aggregate") if colon else None


def _event_type(text: str) -> str:
    noun, dot, verb = text.partition(".")
    if not (dot and _NAME.fullmatch(noun) and _NAME.fullmatch(verb)):
        raise ValueError("an event type is such as order.placed; `rustok events schema` has all.")
    return text


SLUG: Final = Word("slug", lambda text: parse_slug(text, pointer="slug"))
TENANT_REF: Final = Word("slug or id", _tenant_ref)
ID: Final = Word("id", lambda text: parse_id(text, pointer="id"))
LOCALE: Final = Word("language tag", lambda text: parse_locale(text, pointer="locale"))
CURRENCY: Final = Word("currency", lambda text: parse_currency(text, pointer="currency"))
HOST: Final = Word("host", lambda text: parse_host(text, pointer="host"))
EMAIL: Final = Word("email", _email)
PERMISSION: Final = Word("permission", parse_permission)
NAME: Final = Word(
    "text", _text_of(Title, "a name is one line of 1 to 300 characters with something visible.")
)
DISPLAY_NAME: Final = Word(
    "text",
    _text_of(DisplayName, "a name is one line of 1 to 200 characters with something visible."),
)
REASON: Final = Word(
    "text", _text_of(Reason, "a reason is one line of 1 to 500 characters; say why.")
)
MOMENT: Final = Word("moment", parse_moment)
AGGREGATE: Final = Word("kind or kind:id", parse_aggregate)
EVENT_TYPE: Final = Word("event type", _event_type)
