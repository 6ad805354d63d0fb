"""WXR elements by short names, and their texts as values; it decides nothing.

Source: WordPress eXtended RSS 1.0 to 1.2 (`wp:`, `content:`, `excerpt:`, `dc:` namespaces).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, tzinfo
from email.utils import parsedate_to_datetime
from urllib.parse import unquote

from rustok.importers.reading import clean_text, one_line
from rustok.importers.xml_reading import XmlElement

_NAMESPACE = re.compile(r"^\{(?P<uri>[^}]*)\}(?P<name>.*)$", re.DOTALL)
_WP = re.compile(r"^https?://wordpress\.org/export/\d+\.\d+/?$")
_EXCERPT = re.compile(r"^https?://wordpress\.org/export/\d+\.\d+/excerpt/?$")
_DATE = re.compile(r"^(\d{4})-(\d{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})$")


def short_name(tag: str) -> str:
    """`{uri}name` as `wp:name`, `content:name`, `excerpt:name`, `dc:name`, or the bare name."""
    match = _NAMESPACE.match(tag)
    if match is None:
        return tag
    uri, name = match["uri"], match["name"]
    if _WP.match(uri):
        return f"wp:{name}"
    if _EXCERPT.match(uri):
        return f"excerpt:{name}"
    if uri == "http://purl.org/rss/1.0/modules/content/":
        return f"content:{name}"
    if uri == "http://purl.org/dc/elements/1.1/":
        return f"dc:{name}"
    return f"other:{name}"


class Fields:
    """The children of an element by short name; the first of a name is its value."""

    def __init__(self, element: XmlElement) -> None:
        self.line = element.line
        self._children: dict[str, list[XmlElement]] = {}
        for child in element.children:
            self._children.setdefault(short_name(child.tag), []).append(child)

    def all(self, name: str) -> list[XmlElement]:
        """Every child of that name, in file order."""
        return self._children.get(name, [])

    def raw(self, name: str) -> str:
        """The text as it is; "" when missing."""
        found = self._children.get(name)
        return found[0].text if found else ""

    def text(self, name: str) -> str:
        """The text cleaned, line breaks kept."""
        return clean_text(self.raw(name))

    def words(self, name: str) -> str:
        """The text on one line."""
        return one_line(self.raw(name))

    def reference(self, name: str) -> str | None:
        """An id of something else; None for "", "0" and a missing element."""
        value = self.words(name)
        return None if value in ("", "0") else value

    def number(self, name: str) -> int:
        """A whole number, 0 when there is none."""
        value = self.words(name)
        return int(value) if re.fullmatch(r"-?[0-9]{1,9}", value) else 0

    def flag(self, name: str) -> bool:
        """WordPress writes 1 for yes."""
        return self.words(name) == "1"

    def moment(self, gmt: str, local: str | None = None, *, zone: tzinfo = UTC) -> datetime | None:
        """A time from its GMT element, else from the local one in `zone`; None for 0000-00-00."""
        found = _read_date(self.words(gmt), UTC)
        if found is None and local is not None:
            found = _read_date(self.words(local), zone)
        return found

    def feed_date(self, name: str) -> datetime | None:
        """A time in the form of e-mail (RFC 5322), as RSS has it; None when it is none."""
        try:
            return parsedate_to_datetime(self.words(name)).astimezone(UTC)
        except (TypeError, ValueError, OverflowError, IndexError):
            return None

    def meta(self) -> Iterator[tuple[str, str]]:
        """The custom fields: key and value as they stand."""
        for element in self.all("wp:postmeta"):
            pair = Fields(element)
            key = pair.words("wp:meta_key")
            if key:
                yield key, clean_text(pair.raw("wp:meta_value"))


def slug_text(text: str) -> str:
    """A slug as people read it: WordPress stores letters beyond ASCII percent-encoded."""
    return one_line(unquote(text))


def _read_date(text: str, zone: tzinfo) -> datetime | None:
    match = _DATE.match(text)
    if match is None:
        return None
    try:
        return datetime(*(int(part) for part in match.groups()), tzinfo=zone).astimezone(UTC)  # type: ignore[misc,arg-type]  # six ints, by the pattern
    except (ValueError, OverflowError):
        return None
