"""What a list or a search finds: cards as they are stored, and the order they stand in.

Refuses: decoding them.
"""

from __future__ import annotations

import functools
import hashlib
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec
from sqlalchemy import LargeBinary, Select, Text, cast, func, literal_column, select
from sqlalchemy.sql.elements import ColumnElement

from rustok.core.db.schema import EPOCH, MICROSECOND
from rustok.core.db.statement import DialectName, Row
from rustok.core.pagination import encode_cursor


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """A way to sort; `column` None sorts by relevance. Equal rows stand by id, in the same direction."""

    name: str
    column: str | None
    descending: bool = False

    @property
    def kind(self) -> type[str] | type[int]:
        """The type of this order's key in a cursor."""
        return str if self.column in ("title_key", "handle") else int


RELEVANCE: Final = Order(name="relevance", column=None, descending=True)


class Hit(msgspec.Struct, frozen=True, kw_only=True):
    """A row found: its card as JSON, and where it stands in the order."""

    card: bytes
    etag: str
    subject_id: UUID
    place: Any

    def key(self, order: Order) -> tuple[str, int | str, str]:
        place = self.place
        if isinstance(place, datetime):
            place = (place - EPOCH) // MICROSECOND
        return (order.name, place, str(self.subject_id))


SEPARATOR: Final = b",\n"
"""Between two cards."""


class Hits(msgspec.Struct, frozen=True, kw_only=True):
    """A page of cards, as the JSON texts that are stored.

    Attributes:
        joined: the cards, with SEPARATOR between two.
        etags: of the documents the cards belong to, in the same order.
    """

    joined: bytes = b""
    etags: str = ""
    next_cursor: str | None = None

    def page_json(self) -> bytes:
        """The page as a response body; the cards go out as they are stored."""
        cursor = b"null" if self.next_cursor is None else f'"{self.next_cursor}"'.encode()
        return b'{"items":[%b],"next_cursor":%b}' % (self.joined, cursor)

    def etag(self) -> str:
        """The validator of the page; it costs a tenth of one over the cards."""
        told = f"{self.next_cursor}/{self.etags}"
        return hashlib.blake2b(told.encode(), digest_size=12).hexdigest()


def sent(text: ColumnElement[str], dialect: DialectName) -> ColumnElement[bytes]:
    """A text as the bytes that are sent: neither the driver nor we decode and encode it."""
    if dialect == "sqlite":
        return cast(text, LargeBinary())
    return func.convert_to(text, literal_column("'UTF8'"), type_=LargeBinary())


def packed(page: Select[Any], order: Order) -> Select[Any]:
    """The rows of a limited statement in this order as one, for SQLite.

    It lets go of the interpreter's lock for each row, and waits for it where another thread took it.
    """
    rows = page.subquery("page")
    between = literal_column(f"'{SEPARATOR.decode()}'", Text())
    space = literal_column("' '", Text())
    # Numbers need no quotes between spaces.
    places = (
        func.json_group_array(rows.c.place, type_=Text())
        if order.kind is str
        else func.group_concat(rows.c.place, space)
    )
    return select(
        cast(func.group_concat(rows.c.card, between), LargeBinary()).label("cards"),
        func.group_concat(rows.c.etag, space).label("etags"),
        func.group_concat(rows.c.subject_id, space).label("subject_ids"),
        places.label("places"),
    )


_texts: Final = msgspec.json.Decoder(list[str]).decode


def _place(told: str, order: Order) -> int | str:
    """Where the last row but one stands."""
    return _texts(told)[-2] if order.kind is str else int(told.rsplit(" ", 2)[-2])


# The first page of a list is asked for most.
_cursor: Final = functools.lru_cache(maxsize=1_024)(encode_cursor)


def unpacked(row: Row, order: Order, *, limit: int) -> Hits:
    """The page that `packed` made of up to `limit` + 1 rows."""
    joined, etags, subject_ids, places = row
    if joined is None:
        return Hits()
    cursor = None
    if subject_ids.count(" ") >= limit:
        # No text of JSON has a line feed, so the last one is where the card too many begins.
        joined = joined[: joined.rindex(SEPARATOR)]
        etags = etags[: etags.rindex(" ")]
        cursor = _cursor((order.name, _place(places, order), subject_ids.rsplit(" ", 2)[-2]))
    return Hits(joined=joined, etags=etags, next_cursor=cursor)
