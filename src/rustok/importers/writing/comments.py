"""Writes the comments of a node, answers after what they answer; pingbacks are comments of their site."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final
from uuid import UUID

from rustok.content.comments import api as comments
from rustok.core.db import WriteTx
from rustok.importers.drafts import CommentDraft, NodeDraft
from rustok.importers.report import Issue, Outcome
from rustok.importers.writing.content_inputs import SOURCE

MAX_COMMENT_CHARS: Final = 100_000
_MAX_EMAIL_CHARS: Final = 254


async def put_comments(
    tx: WriteTx,
    node_id: UUID,
    draft: NodeDraft,
    issues: list[Issue],
    known_as: Callable[[str], str],
) -> list[tuple[str, Outcome]]:
    """Bring the comments of a node to what the file says.

    Args:
        known_as: sets ids of this site apart from another's.

    Emits: comment.submitted, comment.approved, comment.rejected
    """
    ids: dict[str, UUID] = {}
    outcomes: list[tuple[str, Outcome]] = []
    for one in draft.comments:
        if not one.content_html.strip():
            issues.append(_issue(one, "comment_blank", "The comment is blank; it is left out."))
            outcomes.append(("comment", "skipped"))
            continue
        ids[one.source_id], outcome = await comments.upsert(
            tx,
            comments.CommentInput(
                node_id=node_id,
                content_html=_cut(one, issues),
                author_name=one.author_name,
                author_email=_email(one),
                author_url=one.author_url,
                parent_id=ids.get(one.parent_source_id or ""),
                status=one.status,
                created_at=one.created_at,
            ),
            source=SOURCE,
            source_id=known_as(one.source_id),
        )
        outcomes.append(("comment", outcome))
    return outcomes


def _cut(draft: CommentDraft, issues: list[Issue]) -> str:
    if len(draft.content_html) <= MAX_COMMENT_CHARS:
        return draft.content_html
    issues.append(
        _issue(draft, "text_cut", f"The comment was cut to {MAX_COMMENT_CHARS} characters.")
    )
    return draft.content_html[:MAX_COMMENT_CHARS]


def _email(draft: CommentDraft) -> str | None:
    email = draft.author_email or ""
    return email if "@" in email and len(email) <= _MAX_EMAIL_CHARS else None


def _issue(draft: CommentDraft, code: str, message: str) -> Issue:
    return Issue(code=code, message=message, severity="warning", row=draft.row, column="wp:comment")
