"""Pages by keyset: opaque cursors that say where to go on; refuses offsets and malformed cursors.

A cursor holds the sort key of the last row given out. It is readable and not signed: whoever reads
it back checks its types here and keeps the tenant in the query, so a forged one only moves the
reader about in what they may see anyway.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from types import UnionType
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta

from rustok.core.invalid_value import InvalidValue

CursorValue = str | int | None
CursorKind = type[str] | type[int] | UnionType

MAX_CURSOR_LENGTH: Final = 512
DEFAULT_LIMIT: Final = 20
MAX_LIMIT: Final = 100

_VERSION: Final = 1
_INT64_MIN: Final = -(2**63)
_INT64_MAX: Final = 2**63 - 1
_TO_URL_SAFE: Final = bytes.maketrans(b"+/", b"-_")
_URL_SAFE = re.compile(r"[A-Za-z0-9_-]+")
_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[str | int | None])

T = TypeVar("T")
R = TypeVar("R")


class InvalidCursor(InvalidValue):
    code = "invalid_cursor"
    title = "This cursor does not belong here"


class Page(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """Some items in order, and the cursor after the last of them; None means there are no more."""

    items: list[T]
    next_cursor: str | None = None


class PageRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Which page is asked for; the fields are query parameters."""

    limit: Annotated[
        int,
        Meta(ge=1, le=MAX_LIMIT, description="How many items at most.", examples=[DEFAULT_LIMIT]),
    ] = DEFAULT_LIMIT
    cursor: (
        Annotated[
            str,
            Meta(
                min_length=1,
                max_length=MAX_CURSOR_LENGTH,
                pattern=r"^[A-Za-z0-9_-]+$(?!\n)",
                description="`next_cursor` of the page before; leave it out for the first page.",
            ),
        ]
        | None
    ) = None


def encode_cursor(values: tuple[CursorValue, ...]) -> str:
    """Pack the sort key of a row as URL-safe text.

    Raises:
        ValueError: no values, an integer beyond 64 bits, or a result over 512 characters; sort by
            a shorter key, and always by the id last.
    """
    if not values or not all(map(_storable, values)):
        raise ValueError("a cursor holds at least one value, text or 64-bit integers")
    encoded = binascii.b2a_base64(_encoder.encode([_VERSION, *values]), newline=False)
    text = encoded.translate(_TO_URL_SAFE, b"=").decode("ascii")
    if len(text) > MAX_CURSOR_LENGTH:
        raise ValueError(f"a cursor has at most {MAX_CURSOR_LENGTH} characters, not {len(text)}")
    return text


def decode_cursor(
    text: str, kinds: tuple[CursorKind, ...], *, pointer: str = "cursor"
) -> tuple[CursorValue, ...]:
    """Unpack a cursor and check that it fits this list.

    Args:
        kinds: the type of each value in turn: `str`, `int`, or with None allowed `str | None`.

    Raises:
        InvalidCursor: too long, not made by `encode_cursor`, or made for another list.
    """
    if not 1 <= len(text) <= MAX_CURSOR_LENGTH or _URL_SAFE.fullmatch(text) is None:
        raise _malformed(pointer)
    try:
        packed = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        version, *values = _decoder.decode(packed)
    except (binascii.Error, msgspec.DecodeError, ValueError):
        raise _malformed(pointer) from None
    if type(version) is not int or version != _VERSION or not all(map(_storable, values)):
        raise _malformed(pointer)
    # One key has one spelling: base64 and JSON would both let others through.
    try:
        canonical = encode_cursor(tuple(values))
    except ValueError:
        raise _malformed(pointer) from None
    if canonical != text:
        raise _malformed(pointer)
    if len(values) != len(kinds) or not all(map(isinstance, values, kinds)):
        raise InvalidCursor(
            "the cursor was made for another list or another order; start without one.",
            pointer=pointer,
            rule="kinds",
        )
    return tuple(values)


def cut_page(
    rows: Sequence[R], *, limit: int, key_of: Callable[[R], tuple[CursorValue, ...]]
) -> Page[R]:
    """Make a page out of up to `limit` + 1 rows; the one too many only shows that there are more.

    Raises:
        ValueError: the limit is below 1.
    """
    if limit < 1:
        raise ValueError(f"a page holds at least one item, not {limit}")
    items = list(rows[:limit])
    next_cursor = encode_cursor(key_of(items[-1])) if len(rows) > limit else None
    return Page(items=items, next_cursor=next_cursor)


def _storable(value: CursorValue) -> bool:
    if type(value) is str:
        # PostgreSQL has no text with NUL in it, and UTF-8 no lone surrogates.
        if value.isascii():
            return "\0" not in value
        return "\0" not in value and not any("\ud800" <= char <= "\udfff" for char in value)
    return value is None or (type(value) is int and _INT64_MIN <= value <= _INT64_MAX)


def _malformed(pointer: str) -> InvalidCursor:
    return InvalidCursor(
        "the cursor is malformed; send `next_cursor` of the page before unchanged, or send none.",
        pointer=pointer,
        rule="malformed",
    )
