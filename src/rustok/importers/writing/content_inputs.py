"""Content drafts in the words of content; pure.

What has no field of its own is kept verbatim among the imported fields. Refuses: look-ups, and
showing what was private or in the bin where it comes from.
"""

from __future__ import annotations

from typing import Final
from uuid import UUID

import msgspec

from rustok.content.media import api as media
from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.importers.drafts import BlockDraft, MediaDraft, NodeDraft, TermDraft
from rustok.importers.report import Issue, Severity

SOURCE: Final = "wordpress"
MAX_EXCERPT_CHARS: Final = 2_000
UNKNOWN_TYPE: Final = "application/octet-stream"

_COLUMNS: Final = {
    "title": "title", "handle": "wp:post_name", "excerpt": "excerpt:encoded",
    "body": "content:encoded", "parent_id": "wp:post_parent", "featured_media_id": "_thumbnail_id",
    "kind": "wp:post_type", "publish_at": "wp:post_date", "fields": "wp:postmeta",
    "url": "wp:attachment_url", "comments": "wp:comment", "terms": "category",
}  # fmt: skip
_STATES: Final = {
    "published": "published",
    "draft": "draft",
    "scheduled": "scheduled",
    "pending": "in_review",
    "private": "draft",
    "trash": "draft",
}


class Links(msgspec.Struct, frozen=True, kw_only=True):
    """Ids of what a node refers to; UNSET: not known yet, leave as it is."""

    parent_id: UUID | msgspec.UnsetType | None
    featured_media_id: UUID | msgspec.UnsetType | None
    category_ids: tuple[UUID, ...]
    tag_ids: tuple[UUID, ...]


def column_of(name: str) -> str | None:
    """The element a field is in."""
    return _COLUMNS.get(name)


def node_issue(
    draft: NodeDraft, code: str, message: str, name: str, *, severity: Severity = "info"
) -> Issue:
    """A remark on a node, at its line and the element of field `name`."""
    return Issue(
        code=code, message=message, severity=severity, row=draft.row, column=column_of(name)
    )


def node_input(
    draft: NodeDraft, links: Links, *, locale: str, author_name: str | None, issues: list[Issue]
) -> nodes.NodeInput:
    """The draft for `nodes.upsert`; sanitising is the feature's.

    Args:
        issues: gets a remark on everything that is not taken over as it stands.
    """
    if draft.status == "private":
        message = "The node is private where it comes from; it stays a draft."
        issues.append(node_issue(draft, "private_kept_as_draft", message, "kind"))
    state = _STATES[draft.status]
    return nodes.NodeInput(
        kind=draft.kind,
        translations={locale: _text(draft)},
        status=state,  # type: ignore[arg-type]  # values of the table above are states
        published_at=draft.published_at if state == "published" else None,
        publish_at=draft.scheduled_at if state == "scheduled" else None,
        created_at=draft.created_at,
        parent_id=links.parent_id,
        menu_order=draft.menu_order,
        is_sticky=draft.is_sticky,
        is_protected=draft.is_password_protected,
        comment_policy="open" if draft.comments_open else "closed",
        author_name=author_name,
        featured_media_id=links.featured_media_id,
        imported_fields=_imported_fields(draft),
        category_ids=links.category_ids,
        tag_ids=links.tag_ids,
    )


def _text(draft: NodeDraft) -> nodes.TextInput:
    body: nodes.Body = (
        nodes.BlocksBody(blocks=[_block(one) for one in draft.blocks])
        if draft.body_format == "blocks"
        else nodes.HtmlBody(text=draft.body_html)
    )
    return nodes.TextInput(
        title=draft.title,
        handle=draft.slug,
        excerpt=_plain(draft.excerpt)[:MAX_EXCERPT_CHARS],
        seo_title=draft.seo_title,
        seo_description=draft.seo_description,
        body=body,
    )


def _plain(markup: str) -> str:
    return nodes.plain_text(nodes.sanitise(markup, pointer="/excerpt")) if markup else ""


def _block(draft: BlockDraft) -> nodes.Block:
    return nodes.Block(
        name=draft.name,
        attrs=draft.attrs,
        inner_html=draft.inner_html,
        inner_content=list(draft.inner_content),
        inner_blocks=[_block(one) for one in draft.inner_blocks],
    )


def _imported_fields(draft: NodeDraft) -> dict[str, str]:
    own = {
        "wp:guid": draft.guid,
        "wp:link": draft.link,
        "wp:format": "" if draft.format == "standard" else draft.format,
        "wp:template": draft.template or "",
        "wp:old_slugs": " ".join(draft.old_slugs),
    }
    kept = {key: value for key, value in own.items() if value}
    for key, value in draft.custom_fields:
        # A field may stand there several times.
        name, number = key, 2
        while name in kept:
            name, number = f"{key}#{number}", number + 1
        kept[name] = value
    return kept


def media_input(draft: MediaDraft, *, locale: str) -> media.MediaInput:
    """The draft for `media.upsert`."""
    return media.MediaInput(
        url=draft.url,
        mime_type=draft.mime_type or UNKNOWN_TYPE,
        filename=draft.file_name or None,
        alt={locale: draft.alt} if draft.alt else {},
    )


def category_input(
    draft: TermDraft, *, locale: str, parent_id: UUID | None
) -> taxonomy.CategoryInput:
    """The draft for `taxonomy.upsert_category`."""
    text = taxonomy.CategoryText(name=draft.name, description=_plain(draft.description))
    return taxonomy.CategoryInput(handle=draft.slug, texts={locale: text}, parent_id=parent_id)
