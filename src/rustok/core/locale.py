"""Reads language tags and picks the best one for a reader; refuses extensions and private use.

A tag here is language, script, region and variants (BCP 47), at most 35 characters: enough to name
a language people read. Calendars, currencies and collations are settings of their own.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache
from typing import Final

from rustok.core.invalid_value import InvalidValue

MAX_LOCALE_LENGTH: Final = 35
MAX_HEADER_LENGTH: Final = 1_000
MAX_RANGES: Final = 32

_TAG = re.compile(
    r"(?P<language>[A-Za-z]{2,3})"
    r"(?:-(?P<script>[A-Za-z]{4}))?"
    r"(?:-(?P<region>[A-Za-z]{2}|[0-9]{3}))?"
    r"(?P<variants>(?:-(?:[A-Za-z0-9]{5,8}|[0-9][A-Za-z0-9]{3}))*)"
)
_RANGE = re.compile(r"\*|[A-Za-z]{1,8}(?:-[A-Za-z0-9]{1,8})*")
_QUALITY = re.compile(r"(?:(0)(?:\.([0-9]{0,3}))?|(1)(?:\.0{0,3})?)")
_FULL_QUALITY: Final = 1_000


class InvalidLocale(InvalidValue):
    code = "invalid_locale"
    title = "This is not a language tag"


def parse_locale(text: str, *, pointer: str) -> str:
    """Check a language tag and give its canonical form: `zh-hant-tw` is `zh-Hant-TW`.

    Raises:
        InvalidLocale: too long, not well-formed, a repeated variant, an extension or private use.

    Source: RFC 5646 sections 2.1.1 (case), 2.2.5 (variants), 4.4.1 (35 characters).
    """
    if len(text) > MAX_LOCALE_LENGTH:
        message = f"a language tag has at most {MAX_LOCALE_LENGTH} characters; shorten it."
        raise InvalidLocale(message, pointer=pointer, rule="too_long")
    match = _TAG.fullmatch(text)
    if match is None:
        rule, message = _why_not_a_tag(text)
        raise InvalidLocale(message, pointer=pointer, rule=rule)
    variants = match["variants"].lower().split("-")[1:]
    if len(set(variants)) != len(variants):
        message = "a variant stands twice in the language tag; remove one."
        raise InvalidLocale(message, pointer=pointer, rule="repeated_variant")
    subtags = [match["language"].lower()]
    if match["script"]:
        subtags.append(match["script"].title())
    if match["region"]:
        subtags.append(match["region"].upper())
    return "-".join(subtags + variants)


@lru_cache(maxsize=1_024)
def fallback_chain(locale: str, *, default: str) -> tuple[str, ...]:
    """The tags to look for in turn: the locale, its shorter forms, then the default and its own.

    `fallback_chain("de-AT", default="en")` is `("de-AT", "de", "en")`; no tag comes twice.

    Raises:
        InvalidLocale: either tag breaks the rules of `parse_locale`.

    Source: RFC 4647 section 3.4.
    """
    tags = _shortened(parse_locale(locale, pointer="locale"))
    tags += _shortened(parse_locale(default, pointer="default"))
    return tuple(dict.fromkeys(tags))


def negotiate(accept_language: str | None, supported: Sequence[str], default: str) -> str:
    """The tag out of `supported` that the reader likes best, as it is spelt there, or `default`.

    Each range, best quality first and then in the reader's order, is shortened until it meets a
    supported tag; a tag whose nearest range has quality 0 is left out. `*` asks for the default.
    Malformed parts are skipped, and only the first 1,000 characters and 32 ranges are read.

    Source: RFC 9110 section 12.5.4; RFC 4647 section 3.4 (lookup).
    """
    if not accept_language or not supported:
        return default
    if len(accept_language) > _COMMON_LENGTH:
        return _liked_best(accept_language, tuple(supported), default)
    return _common(accept_language, tuple(supported), default)


def _liked_best(accept_language: str, supported: tuple[str, ...], default: str) -> str:
    by_folded_tag = {tag.lower(): tag for tag in reversed(supported)}
    qualities = _qualities(accept_language)
    # sorted() is stable, so equal qualities keep the order of the header.
    for wanted, quality in sorted(qualities.items(), key=lambda item: -item[1]):
        if quality == 0 or wanted == "*":
            continue
        for tag in _shortened(wanted):
            if tag in by_folded_tag and not _is_ruled_out(tag, qualities):
                return by_folded_tag[tag]
    return default


_COMMON_LENGTH: Final = 100
_common: Final = lru_cache(maxsize=1_024)(_liked_best)
"""Browsers of one kind send one header; long ones are not kept."""


def _qualities(header: str) -> dict[str, int]:
    """Lower-case range -> quality in thousandths, in header order; of equal ranges the first."""
    complete = header
    if len(header) > MAX_HEADER_LENGTH:
        # The last part may be cut in two, and half a tag could mean another language.
        complete = header[:MAX_HEADER_LENGTH].rpartition(",")[0]
    qualities: dict[str, int] = {}
    for part in complete.split(",", MAX_RANGES)[:MAX_RANGES]:
        name, *parameters = (piece.strip(" \t") for piece in part.split(";"))
        quality = _quality(parameters)
        if quality is not None and _RANGE.fullmatch(name):
            qualities.setdefault(name.lower(), quality)
    return qualities


def _quality(parameters: Sequence[str]) -> int | None:
    """Thousandths; None when the weight is malformed or something else stands there."""
    if not parameters:
        return _FULL_QUALITY
    name, equals, value = parameters[0].partition("=")
    if len(parameters) > 1 or name not in ("q", "Q") or not equals:
        return None
    match = _QUALITY.fullmatch(value)
    if match is None:
        return None
    return _FULL_QUALITY if match[3] else int((match[2] or "").ljust(3, "0"))


def _is_ruled_out(tag: str, qualities: dict[str, int]) -> bool:
    nearest = next((form for form in _shortened(tag) if form in qualities), None)
    return nearest is not None and qualities[nearest] == 0


def _shortened(tag: str) -> list[str]:
    """The tag and its prefixes, longest first; none ends in a single letter (it opens a group)."""
    subtags = tag.split("-")
    return [
        "-".join(subtags[:count])
        for count in range(len(subtags), 0, -1)
        if count == len(subtags) or len(subtags[count - 1]) > 1
    ]


def _why_not_a_tag(text: str) -> tuple[str, str]:
    """The broken rule and how to mend it, for a text that is no language tag."""
    if not text:
        return "empty", "the language tag is empty; write one such as en or de-AT."
    if "_" in text:
        return "separator", "subtags are joined by hyphens; write de-AT, not de_AT."
    if re.search(r"(?:^|-)[0-9A-Za-z](?:-|$)", text):
        return "extension", "leave out extensions and private use; write language and region only."
    if re.match(r"[A-Za-z]{2,3}-[A-Za-z]{3}(?:-|$)", text):
        return "extended_language", "write the extended language alone: yue, not zh-yue."
    return (
        "bcp_47",
        "write language, script, region and variants in this order, such as zh-Hant-TW.",
    )
