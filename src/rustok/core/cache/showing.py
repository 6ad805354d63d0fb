"""What public answers are made of, by name: routes say what they show, changes say what they alter.

A part is a list (`products`), every single thing of a kind (`product`), or one thing
(`product:0190b5a4…`). Refuses: whose it is; a part belongs to the tenant of the answer or of the
transaction.
"""

from __future__ import annotations

import re
from typing import Final, Protocol
from uuid import UUID

NAME: Final = "shown"
"""Among `tx.forgotten`; no cache has this name, the server's last step of a transaction reads it."""
EVERYTHING: Final = ""
"""The part that stands for all a tenant shows."""
PART: Final = re.compile(r"(?P<kind>[a-z][a-z_]{0,29})(?::(?P<id>[0-9a-f]{32}))?")


def thing(kind: str, thing_id: UUID) -> str:
    """The part that is one thing of a kind."""
    return f"{kind}:{thing_id.hex}"


class Changing(Protocol):
    """A transaction that writes."""

    def forget(self, cache: str, key: str | None = ...) -> None: ...


def altered(tx: Changing, *parts: str) -> None:
    """Say what the public sees differently once this is committed; `tx.touch` says "everything"."""
    for part in parts:
        tx.forget(NAME, part)
