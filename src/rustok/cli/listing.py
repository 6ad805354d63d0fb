"""Shows lists of things as aligned columns for people; it fetches every page and cuts none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from rustok.core.pagination import MAX_LIMIT, Page, PageRequest

T = TypeVar("T")


async def every_page(fetch: Callable[[PageRequest], Awaitable[Page[T]]]) -> list[T]:
    """All items of a paged list, page after page."""
    items: list[T] = []
    cursor: str | None = None
    while True:
        page = await fetch(PageRequest(limit=MAX_LIMIT, cursor=cursor))
        items += page.items
        cursor = page.next_cursor
        if cursor is None:
            return items


def columns(headers: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> str:
    """Rows under headers, each column as wide as its widest cell.

    Args:
        empty: the whole text when there are no rows.
    """
    if not rows:
        return empty
    cells = [[cell(value) for value in row] for row in rows]
    widths = [max(len(row[index]) for row in [headers, *cells]) for index in range(len(headers))]
    return "\n".join(
        "  ".join(f"{text:<{width}}" for text, width in zip(row, widths, strict=True)).rstrip()
        for row in [headers, *cells]
    )


def cell(value: object) -> str:
    """One value on one line; nothing is a dash, times are UTC to the second."""
    if value is None or value == "":
        return "-"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M:%S}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) or "-"
    # A name from a database must not move the cursor of a terminal.
    return "".join(char if char.isprintable() else "?" for char in str(value))
