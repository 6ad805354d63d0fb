"""WordPress WXR (1.0 to 1.2) to content drafts; it touches no database and sanitises nothing.

Order of the steps: authors and items as they come, terms before the first item (parents first),
menus at the end. A node may name a parent, a medium or an author that comes later or never.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from rustok.importers.drafts import ContentDraft, TermDraft
from rustok.importers.errors import ImportFileRefused
from rustok.importers.report import Issue, Parsed
from rustok.importers.steps import Steps
from rustok.importers.wordpress.elements import Fields, short_name
from rustok.importers.wordpress.menus import Menus
from rustok.importers.wordpress.nodes import read_media, read_node
from rustok.importers.wordpress.terms import in_order, read_author, read_term
from rustok.importers.xml_reading import DEFAULT_XML_LIMITS, XmlFile, XmlLimits

_TERMS = ("wp:category", "wp:tag", "wp:term")
_IGNORED_TAXONOMIES = frozenset({"nav_menu", "post_format", "link_category", "wp_theme"})
_OWN_TYPES = frozenset({"attachment", "nav_menu_item"})


class WordPressOptions(msgspec.Struct, frozen=True, kw_only=True):
    """`kinds`: the post types taken as nodes. `timezone` (IANA) is used where GMT is missing."""

    kinds: frozenset[str] = frozenset({"post", "page"})
    timezone: str = "UTC"
    limits: XmlLimits = DEFAULT_XML_LIMITS


def parse_wordpress(
    path: Path, options: WordPressOptions | None = None, *, skip: int = 0
) -> Iterator[Parsed[ContentDraft]]:
    """Everything in the file that has a draft.

    Args:
        skip: leave out the first steps; give `Parsed.index + 1` of the last one done.

    Raises:
        ImportFileRefused: the file cannot be read, is no WXR, has a DTD or an entity, or the time
            zone is unknown.
    """
    return _Reader(path, options or WordPressOptions(), skip).steps()


class _Reader:
    """One pass over one file."""

    def __init__(self, path: Path, options: WordPressOptions, skip: int) -> None:
        self._options, self._skip = options, skip
        self._zone = _zone(options.timezone)
        self._file = XmlFile(path, root="rss", container="channel", limits=options.limits)
        self._menus = Menus()
        self._terms: list[TermDraft] = []
        self._known_terms: set[tuple[str, str]] = set()
        self._seen: dict[str, int] = {}
        self._is_wxr = False
        self._read = 0

    def steps(self) -> Iterator[Parsed[ContentDraft]]:
        steps: Steps[ContentDraft] = Steps(0, skip=self._skip)
        for record in self._file.records():
            self._read = record.bytes_read
            steps.bytes_total = self._file.bytes_total
            name = short_name(record.element.tag)
            fields = Fields(record.element)
            if name == "wp:wxr_version":
                self._is_wxr = True
            elif name == "wp:author":
                yield from self._author(steps, fields)
            elif name in _TERMS:
                yield from self._term(steps, name, fields)
            elif name == "item":
                if not self._is_wxr and not fields.all("wp:post_type"):
                    raise ImportFileRefused(
                        "This is an RSS feed and no WordPress export (WXR).",
                        reason="wrong_format",
                        line=fields.line,
                    )
                yield from self._flush_terms(steps)
                yield from self._item(steps, fields)
        yield from self._flush_terms(steps)
        for menu, issues in self._menus.drafts():
            yield from steps.draft("menu", menu.source_id, menu, issues, self._read)
        yield from steps.file(self._file_notes())

    def _author(self, steps: Steps[ContentDraft], fields: Fields) -> Iterator[Parsed[ContentDraft]]:
        author = read_author(fields)
        issues = (
            []
            if author is not None
            else [_issue(fields, "author_nameless", "The author has no login.", "wp:author_login")]
        )
        source_id = author.source_id if author is not None else ""
        yield from steps.draft("author", source_id, author, issues, self._read)

    def _term(
        self, steps: Steps[ContentDraft], name: str, fields: Fields
    ) -> Iterator[Parsed[ContentDraft]]:
        term = read_term(name, fields)
        if term is None:
            issue = _issue(fields, "term_nameless", "The term has no name.", name)
            yield from steps.draft("term", "", None, [issue], self._read)
        elif term.taxonomy not in _IGNORED_TAXONOMIES:
            self._terms.append(term)

    def _flush_terms(self, steps: Steps[ContentDraft]) -> Iterator[Parsed[ContentDraft]]:
        for term in in_order(self._terms) if self._terms else ():
            key = (term.draft.taxonomy, term.draft.slug)
            if key not in self._known_terms:
                self._known_terms.add(key)
                yield from steps.draft(
                    "term", term.draft.source_id, term.draft, term.issues, self._read
                )
        self._terms.clear()

    def _item(self, steps: Steps[ContentDraft], item: Fields) -> Iterator[Parsed[ContentDraft]]:
        kind = item.words("wp:post_type")
        source_id = item.words("wp:post_id") or f"line:{item.line}"
        if kind == "nav_menu_item":
            reason = self._menus.take(item)
            if reason is not None:
                yield from self._skipped(steps, "menu_item", source_id, reason)
            return
        if kind not in self._options.kinds and kind not in _OWN_TYPES:
            reason = _issue(
                item,
                "kind_unsupported",
                f"Items of the type {kind[:60]!r} are not imported; name it among the kinds to "
                "take it.",
                "wp:post_type",
            )
            yield from self._skipped(steps, "node", source_id, reason)
            return
        if item.words("wp:status") == "auto-draft":
            reason = _issue(item, "auto_draft", "The editor's own empty draft.", "wp:status")
            yield from self._skipped(steps, "node", source_id, reason)
            return
        if source_id in self._seen:
            reason = _issue(
                item,
                "item_repeated",
                f"The item {source_id} is already in line {self._seen[source_id]}.",
                "wp:post_id",
            )
            yield from self._skipped(
                steps, "media" if kind == "attachment" else "node", source_id, reason
            )
            return
        self._seen[source_id] = item.line
        issues: list[Issue] = []
        if kind == "attachment":
            media = read_media(item, issues)
            yield from steps.draft("media", source_id, media, issues, self._read)
        else:
            node = read_node(item, self._zone, issues)
            yield from steps.draft("node", source_id, node, issues, self._read)

    def _skipped(
        self, steps: Steps[ContentDraft], kind: str, source_id: str, reason: Issue
    ) -> Iterator[Parsed[ContentDraft]]:
        yield from steps.draft(kind, source_id, None, [reason], self._read, otherwise="skipped")

    def _file_notes(self) -> list[Issue]:
        notes: list[Issue] = []
        if self._file.malformed_line is not None:
            notes.append(
                Issue(
                    code="xml_malformed",
                    message="The file is not well-formed from here and was read up to this line: "
                    f"{self._file.malformed_reason}.",
                    severity="error",
                    row=self._file.malformed_line,
                )
            )
        if self._file.replaced_line is not None:
            notes.append(
                Issue(
                    code="characters_replaced",
                    message="The file has characters that XML forbids or bytes that are not of "
                    "its encoding, from about this line on; they were dropped or replaced.",
                    severity="warning",
                    row=self._file.replaced_line,
                )
            )
        return notes


def _zone(name: str) -> tzinfo:
    try:
        return UTC if name == "UTC" else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise ImportFileRefused(
            f"{name!r} is no time zone; use a name such as Europe/Berlin.", reason="timezone"
        ) from None


def _issue(fields: Fields, code: str, message: str, column: str) -> Issue:
    return Issue(code=code, message=message, severity="warning", row=fields.line, column=column)
