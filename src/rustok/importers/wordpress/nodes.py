"""Posts, pages and attachments of a WXR file as drafts; it renders shortcodes no more than HTML.

Refuses to take over passwords of protected posts and the bookkeeping that plugins and the editor
keep in custom fields.
"""

from __future__ import annotations

import html
import mimetypes
import re
from datetime import tzinfo
from typing import Final
from urllib.parse import unquote, urlsplit

from rustok.importers.cells import CellUnreadable, read_url
from rustok.importers.drafts import BlockDraft, MediaDraft, NodeDraft, NodeStatus, TermRef
from rustok.importers.handles import handle_for
from rustok.importers.reading import clean_text, one_line
from rustok.importers.report import Issue, Severity
from rustok.importers.wordpress.blocks import has_blocks, parse_blocks
from rustok.importers.wordpress.comments import read_comments
from rustok.importers.wordpress.elements import Fields, slug_text
from rustok.importers.wordpress.paragraphs import add_paragraphs
from rustok.importers.wordpress.terms import taxonomy_name, term_slug

MAX_TITLE_CHARS: Final = 300
NO_TITLE: Final = "(no title)"
_STATUSES: Final[dict[str, NodeStatus]] = {
    "publish": "published",
    "draft": "draft",
    "future": "scheduled",
    "pending": "pending",
    "private": "private",
    "trash": "trash",
}
_NOISE = re.compile(
    r"^(_edit_|_oembed_|_menu_item_|_publicize_|_wp_old_|_wp_trash_|_wp_attach|_wpas_|_pingme$"
    r"|_encloseme$|_thumbnail_id$|_wp_page_template$|_yoast_wpseo_(title|metadesc)$"
    r"|rank_math_(title|description)$|_attachment_original_parent_id$|_wp_desired_post_slug$)"
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
_EXTRA_TYPES: Final = {
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".woff2": "font/woff2",
    ".m4a": "audio/mp4",
    ".md": "text/markdown",
}


def plain_title(text: str) -> str:
    """A title as people read it: no tags, no entities, one line."""
    return one_line(html.unescape(_TAG.sub("", text)))


def read_node(item: Fields, zone: tzinfo, issues: list[Issue]) -> NodeDraft:
    """The node of an item whose kind the parser takes."""
    kind = item.words("wp:post_type")
    title = _title(item, issues)
    meta = list(item.meta())
    first = dict(reversed(meta))
    status = _status(item, issues)
    at = item.moment("wp:post_date_gmt", "wp:post_date", zone=zone) or item.feed_date("pubDate")
    if at is not None and at.year < 1900:
        at = None
    if item.text("wp:post_password"):
        _note(
            item, issues, "password_dropped", "The password is not taken over.", "wp:post_password"
        )
    blocks, body_html = _body(item, issues)
    return NodeDraft(
        source_id=item.words("wp:post_id") or f"line:{item.line}",
        guid=item.words("guid"),
        kind=kind,
        title=title,
        slug=handle_for(
            slug_text(item.words("wp:post_name")),
            title if title != NO_TITLE else "",
            fallback=f"{kind}-{item.words('wp:post_id')}",
        ),
        link=item.words("link"),
        body_format="blocks" if blocks else "html",
        body_html=body_html,
        blocks=blocks,
        excerpt=item.text("excerpt:encoded"),
        status=status,
        is_password_protected=bool(item.text("wp:post_password")),
        published_at=at if status in ("published", "private") else None,
        scheduled_at=at if status == "scheduled" else None,
        created_at=at,
        modified_at=item.moment("wp:post_modified_gmt", "wp:post_modified", zone=zone),
        author_login=item.words("dc:creator") or None,
        parent_source_id=item.reference("wp:post_parent"),
        menu_order=item.number("wp:menu_order"),
        is_sticky=item.flag("wp:is_sticky"),
        comments_open=item.words("wp:comment_status") == "open",
        format=_format(item),
        template=_template(first),
        terms=_terms(item),
        custom_fields=tuple((key, value) for key, value in meta if not _NOISE.match(key)),
        seo_title=_seo(first, "_yoast_wpseo_title", "rank_math_title"),
        seo_description=_seo(first, "_yoast_wpseo_metadesc", "rank_math_description"),
        old_slugs=tuple(
            dict.fromkeys(
                handle_for(slug_text(value), fallback=title)
                for key, value in meta
                if key == "_wp_old_slug" and value
            )
        ),
        comments=read_comments(item, issues),
        featured_media_source_id=first.get("_thumbnail_id") or None,
        row=item.line,
    )


def read_media(item: Fields, issues: list[Issue]) -> MediaDraft | None:
    """The attachment of an item; None, with an issue, when it has no usable address."""
    meta = dict(item.meta())
    text = item.words("wp:attachment_url") or item.words("guid")
    try:
        url = read_url(text)
    except CellUnreadable as error:
        issues.append(
            Issue(
                code=error.code,
                message=f"{error} The attachment is left out.",
                severity="error",
                row=item.line,
                column="wp:attachment_url",
            )
        )
        return None
    file_name = one_line(unquote(urlsplit(url).path.rsplit("/", 1)[-1]))
    parent = meta.get("_attachment_original_parent_id", "").strip()
    return MediaDraft(
        source_id=item.words("wp:post_id") or f"line:{item.line}",
        guid=item.words("guid"),
        url=url,
        file_name=file_name,
        title=plain_title(item.raw("title"))[:MAX_TITLE_CHARS] or file_name or NO_TITLE,
        alt=one_line(meta.get("_wp_attachment_image_alt", ""))[:500],
        caption_html=item.text("excerpt:encoded"),
        description_html=item.text("content:encoded"),
        mime_type=guess_mime_type(file_name),
        parent_source_id=item.reference("wp:post_parent")
        or (parent if parent not in ("", "0") else None),
        author_login=item.words("dc:creator") or None,
        uploaded_at=item.moment("wp:post_date_gmt", "wp:post_date") or item.feed_date("pubDate"),
        row=item.line,
    )


def guess_mime_type(file_name: str) -> str | None:
    """The media type a file's ending stands for; None for one that is not known."""
    dot = file_name.rfind(".")
    ending = file_name[dot:].lower() if dot >= 0 else ""
    return _EXTRA_TYPES.get(ending) or mimetypes.guess_type(f"name{ending}", strict=True)[0]


def _title(item: Fields, issues: list[Issue]) -> str:
    raw = one_line(item.raw("title"))
    title = plain_title(raw)
    if not title:
        _note(
            item, issues, "title_missing", f"There is no title; it becomes {NO_TITLE!r}.", "title"
        )
        return NO_TITLE
    if _TAG.search(raw):
        _note(item, issues, "title_markup_removed", "The markup in the title was removed.", "title")
    if len(title) > MAX_TITLE_CHARS:
        _note(
            item,
            issues,
            "text_cut",
            f"The title was cut to {MAX_TITLE_CHARS} characters.",
            "title",
            "warning",
        )
        return title[:MAX_TITLE_CHARS].rstrip()
    return title


def _status(item: Fields, issues: list[Issue]) -> NodeStatus:
    word = item.words("wp:status").casefold()
    status = _STATUSES.get(word)
    if status is None:
        _note(
            item,
            issues,
            "status_unknown",
            f"The status {word[:40]!r} is unknown; it becomes a draft.",
            "wp:status",
            "warning",
        )
        return "draft"
    return status


def _body(item: Fields, issues: list[Issue]) -> tuple[tuple[BlockDraft, ...], str]:
    content = clean_text(item.raw("content:encoded"))
    if not has_blocks(content):
        return (), add_paragraphs(content)
    parsed = parse_blocks(content)
    for problem in parsed.problems:
        _note(item, issues, "block_malformed", problem, "content:encoded", "warning")
    return parsed.blocks, ""


def _terms(item: Fields) -> tuple[TermRef, ...]:
    found: dict[tuple[str, str], TermRef] = {}
    for element in item.all("category"):
        # Exports before 1.0 wrote each term twice, once without domain and nicename.
        domain = element.attributes.get("domain", "")
        taxonomy = taxonomy_name("post_tag" if domain == "tag" else domain)
        name = one_line(element.text)
        if not taxonomy or taxonomy in ("post_format", "nav_menu"):
            continue
        slug = term_slug(element.attributes.get("nicename", ""), name)
        found.setdefault((taxonomy, slug), TermRef(taxonomy=taxonomy, slug=slug, name=name or slug))
    return tuple(found.values())


def _format(item: Fields) -> str:
    for element in item.all("category"):
        if element.attributes.get("domain") == "post_format":
            return element.attributes.get("nicename", "").removeprefix("post-format-") or "standard"
    return "standard"


def _template(meta: dict[str, str]) -> str | None:
    template = meta.get("_wp_page_template", "")
    return None if template in ("", "default") else template


def _seo(meta: dict[str, str], *keys: str) -> str | None:
    for key in keys:
        text = one_line(meta.get(key, ""))
        # Templates such as %%title%% or %sitename% mean nothing outside the plugin.
        if text and "%" not in text:
            return text[:500]
    return None


def _note(
    item: Fields,
    issues: list[Issue],
    code: str,
    message: str,
    column: str,
    severity: Severity = "info",
) -> None:
    issues.append(
        Issue(code=code, message=message, severity=severity, row=item.line, column=column)
    )
