"""The comments of a WXR item, parents before replies; addresses of machines (IPs) are not taken."""

from __future__ import annotations

import msgspec

from rustok.importers.cells import CellUnreadable, read_url
from rustok.importers.drafts import CommentDraft, CommentStatus
from rustok.importers.report import Issue
from rustok.importers.wordpress.elements import Fields

_STATUSES: dict[str, CommentStatus] = {
    "1": "approved",
    "approve": "approved",
    "approved": "approved",
    "0": "pending",
    "hold": "pending",
    "spam": "spam",
    "trash": "trash",
    "post-trashed": "trash",
}


def read_comments(item: Fields, issues: list[Issue]) -> tuple[CommentDraft, ...]:
    """All comments of the item; a reply to one that is not there becomes a first-level comment."""
    found: dict[str, CommentDraft] = {}
    for element in item.all("wp:comment"):
        draft = _read_comment(Fields(element), issues)
        if draft.source_id in found:
            issues.append(_issue(draft, "comment_repeated", "The comment is there twice."))
        else:
            found[draft.source_id] = draft
    placed: dict[str, CommentDraft] = {}
    for comment in found.values():
        chain: list[CommentDraft] = []
        seen: set[str] = set()
        current: CommentDraft | None = comment
        while current is not None and current.source_id not in placed:
            if current.source_id in seen:
                break
            seen.add(current.source_id)
            chain.append(current)
            parent = current.parent_source_id
            current = found.get(parent) if parent is not None else None
        for link in reversed(chain):
            if link.parent_source_id is not None and link.parent_source_id not in placed:
                issues.append(
                    _issue(
                        link,
                        "comment_parent_missing",
                        f"The comment {link.parent_source_id} it answers is not in the file.",
                    )
                )
                link = _without_parent(link)
            placed[link.source_id] = link
    return tuple(placed.values())


def _read_comment(fields: Fields, issues: list[Issue]) -> CommentDraft:
    approved = fields.words("wp:comment_approved").casefold()
    status = _STATUSES.get(approved, "pending")
    url_text = fields.words("wp:comment_author_url")
    url: str | None = None
    if url_text and url_text not in ("http://", "https://"):
        try:
            url = read_url(url_text)
        except CellUnreadable:
            url = None
    draft = CommentDraft(
        source_id=fields.words("wp:comment_id") or f"line:{fields.line}",
        parent_source_id=fields.reference("wp:comment_parent"),
        kind=fields.words("wp:comment_type").casefold() or "comment",
        author_name=fields.words("wp:comment_author")[:300],
        author_email=fields.words("wp:comment_author_email") or None,
        author_url=url,
        created_at=fields.moment("wp:comment_date_gmt", "wp:comment_date"),
        content_html=fields.text("wp:comment_content"),
        status=status,
        row=fields.line,
    )
    if url_text and url is None and url_text not in ("http://", "https://"):
        issues.append(
            _issue(draft, "comment_url_unreadable", "The author's address is no web address.")
        )
    if approved not in _STATUSES:
        issues.append(
            _issue(draft, "comment_status_unknown", "The status is unknown; it waits for approval.")
        )
    return draft


def _without_parent(draft: CommentDraft) -> CommentDraft:
    return msgspec.structs.replace(draft, parent_source_id=None)


def _issue(draft: CommentDraft, code: str, message: str) -> Issue:
    return Issue(code=code, message=message, severity="warning", row=draft.row, column="wp:comment")
