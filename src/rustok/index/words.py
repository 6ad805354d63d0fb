"""Brings texts and search terms into the one form in which they are compared.

Refuses: operators. What a reader types is words, so no input can be a syntax error of a database.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

import msgspec

MAX_TERMS: Final = 16
"""Words of one search; further ones are left out."""
MAX_TEXT_CHARACTERS: Final = 50_000
"""Of one text that is searchable; PostgreSQL holds a vector to one megabyte."""
_SORT_KEY_BYTES: Final = 160

_NOT_ASCII_WORD: Final = re.compile(r"[^a-z0-9]+")
_TAG: Final = re.compile(r"<[^<>]*>")
_ENTITY: Final = re.compile(r"&(?:#\d{1,7}|#x[0-9a-fA-F]{1,6}|[A-Za-z]{2,31});")


def words(text: str) -> str:
    """`text` as lower-case words joined by single spaces: "Ärmel-Kleid, XL" is "armel kleid xl".

    Latin letters lose their accents, since readers leave them out; other scripts keep their marks.
    """
    if text.isascii():
        return _NOT_ASCII_WORD.sub(" ", text.lower()).strip()
    kept: list[str] = []
    latin = in_word = False
    plain = unicodedata.normalize("NFKD", text).casefold()
    for char in unicodedata.normalize("NFKD", plain):
        if unicodedata.category(char)[0] == "M":
            # An accent on nothing is no word, and one on a Latin letter is left out.
            if in_word and not (latin and "\u0300" <= char <= "\u036f"):
                kept.append(char)
            continue
        latin, in_word = char <= "\u024f", char.isalnum()
        kept.append(char if in_word else " ")
    return " ".join(unicodedata.normalize("NFC", "".join(kept)).split())


def searchable(*texts: str | None) -> str:
    """The words of several texts, cut to what a vector can hold."""
    return words(" ".join(text for text in texts if text)[:MAX_TEXT_CHARACTERS])


def plain_text(html: str) -> str:
    """The text between the tags, on one line; entities become spaces, for searching only."""
    return " ".join(_ENTITY.sub(" ", _TAG.sub(" ", html)).split())


def sort_key(title: str) -> str:
    """What titles are ordered by, short enough for a cursor."""
    return words(title).encode()[:_SORT_KEY_BYTES].decode(errors="ignore")


class Terms(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a search; the last one may be the beginning of a longer word."""

    words: tuple[str, ...]

    def fts5(self, *, scope: str) -> str:
        """An FTS5 query for entries with all words, each as it is in `scope`."""
        return " AND ".join(f'"{scope}_{word}"' for word in self.words) + "*"

    def pieces(self) -> list[str]:
        """What a text with a space at both ends must contain: whole words, of the last its beginning."""
        return [*(f" {word} " for word in self.words[:-1]), f" {self.words[-1]}"]

    def start(self) -> str:
        """What such a text begins with when the words stand first in it, in their order."""
        return f" {' '.join(self.words)}"

    def tsquery(self) -> str:
        """The argument of PostgreSQL's to_tsquery for all words."""
        return " & ".join(f"'{word}'" for word in self.words) + ":*"


def parse_terms(text: str) -> Terms | None:
    """The words of a search; None when there is none (punctuation only)."""
    found = words(text).split()[:MAX_TERMS]
    return Terms(words=tuple(found)) if found else None
