"""Nodes and comments do not take steps their state lacks; no line marked here may type-check."""

from datetime import UTC, datetime

from rustok.content.comments.model.comment import (
    ApprovedComment,
    PendingComment,
    SpamComment,
    TrashedComment,
)
from rustok.content.nodes.model.node import (
    ArchivedNode,
    DraftNode,
    InReviewNode,
    PublishedNode,
    ScheduledNode,
)

NOW = datetime.now(UTC)


def an_archived_node_is_only_restored(archived: ArchivedNode) -> None:
    archived.publish(at=NOW)  # expect: attr-defined
    archived.archive(reason="again", at=NOW)  # expect: attr-defined
    archived.schedule(publish_at=NOW, now=NOW)  # expect: attr-defined
    archived.restore()


def what_is_in_review_is_approved_not_published(in_review: InReviewNode, draft: DraftNode) -> None:
    in_review.publish(at=NOW)  # expect: attr-defined
    in_review.submit(at=NOW)  # expect: attr-defined
    draft.approve(now=NOW)  # expect: attr-defined
    draft.reject(reason="no")  # expect: attr-defined


def a_draft_has_nothing_to_take_back(draft: DraftNode) -> None:
    draft.unpublish()  # expect: attr-defined
    draft.unschedule()  # expect: attr-defined
    draft.archive(reason="old", at=NOW)  # expect: attr-defined
    draft.release(now=NOW)  # expect: attr-defined


def a_published_node_is_not_published_again(published: PublishedNode) -> None:
    published.publish(at=NOW)  # expect: attr-defined
    published.submit(at=NOW)  # expect: attr-defined


def data_belongs_to_its_state(draft: DraftNode, scheduled: ScheduledNode) -> None:
    print(draft.published_at)  # expect: attr-defined
    print(scheduled.published_at)  # expect: attr-defined
    print(scheduled.publish_at)


def archiving_needs_a_reason(published: PublishedNode) -> None:
    published.archive(at=NOW)  # expect: call-arg


def comments_are_approved_once(
    pending: PendingComment, approved: ApprovedComment, spam: SpamComment, trash: TrashedComment
) -> None:
    pending.approve()
    approved.approve()  # expect: attr-defined
    spam.approve()  # expect: attr-defined
    trash.discard()  # expect: attr-defined
    pending.reopen()  # expect: attr-defined
