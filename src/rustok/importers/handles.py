"""Handles for imported things, from the name the source gave or else the title.

Refuses to look anything up: two drafts may get the same handle, the services part them.
"""

from __future__ import annotations

from typing import Final
from urllib.parse import unquote

from rustok.core.security.identifiers import handle_from_title

_NOTHING: Final = "untitled"


def handle_for(*candidates: str, fallback: str) -> str:
    """The handle of the first candidate that has letters or digits, else that of `fallback`.

    Candidates may be percent-encoded, as WordPress stores slugs beyond ASCII.
    """
    for candidate in (*candidates, fallback):
        handle = handle_from_title(unquote(candidate.strip()), fallback=_NOTHING)
        if handle != _NOTHING:
            return handle
    return _NOTHING
