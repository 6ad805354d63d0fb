"""What categories and tags share: free handles, the place after a cursor."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from rustok.content.taxonomy.errors import TermHandleTaken
from rustok.core.pagination import PageRequest, decode_cursor
from rustok.core.security.identifiers import handle_from_title, parse_handle


def after_cursor(page: PageRequest) -> str | None:
    return None if page.cursor is None else str(decode_cursor(page.cursor, (str,))[0])


async def free_handle(
    wanted: str | None, name: str, taken: Callable[[str], Awaitable[bool]], *, adapt: bool
) -> str:
    """The handle wanted or made from the name; with `adapt`, a number is added where it is taken."""
    base = (
        parse_handle(wanted, pointer="/handle")
        if wanted
        else handle_from_title(name, max_length=190)
    )
    if not await taken(base):
        return base
    if wanted and not adapt:
        raise TermHandleTaken(base)
    for number in range(2, 1_000):
        candidate = f"{base[:190]}-{number}"
        if not await taken(candidate):
            return candidate
    raise TermHandleTaken(base)
