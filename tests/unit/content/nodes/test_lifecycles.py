"""What the lifecycles declare and what the types can do is the same."""

from __future__ import annotations

import inspect
from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from rustok.content.comments.model import comment as comments
from rustok.content.comments.states import COMMENT_LIFECYCLE
from rustok.content.nodes.model import node as nodes
from rustok.content.nodes.states import NODE_LIFECYCLE, steps_offered
from rustok.core.ids import new_id
from rustok.core.machine import Lifecycle

CLASSES = [
    *((NODE_LIFECYCLE, cls) for cls in (nodes.DraftNode, nodes.InReviewNode, nodes.ScheduledNode)),
    *((NODE_LIFECYCLE, cls) for cls in (nodes.PublishedNode, nodes.ArchivedNode)),
    *((COMMENT_LIFECYCLE, cls) for cls in (comments.PendingComment, comments.ApprovedComment)),
    *((COMMENT_LIFECYCLE, cls) for cls in (comments.SpamComment, comments.TrashedComment)),
]


@pytest.mark.parametrize(("lifecycle", "cls"), CLASSES)
def test_a_state_has_a_method_for_each_of_its_steps_and_no_other(
    lifecycle: Lifecycle, cls: type[nodes.NodeData] | type[comments.CommentData]
) -> None:
    steps = {
        name for name, _ in inspect.getmembers(cls, inspect.isfunction) if not name.startswith("_")
    }
    assert steps == set(lifecycle.allowed(cls.state))


def test_every_state_has_a_class() -> None:
    for lifecycle in (NODE_LIFECYCLE, COMMENT_LIFECYCLE):
        assert {cls.state for of, cls in CLASSES if of is lifecycle} == set(lifecycle.states)


def test_no_caller_is_offered_what_only_time_does() -> None:
    assert steps_offered("scheduled") == ["unschedule"]


NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def _scheduled(publish_at: datetime) -> nodes.ScheduledNode:
    return msgspec.convert(
        {
            "id": new_id(), "kind": "article", "parent_id": None, "menu_order": 0,
            "is_sticky": False, "is_protected": False, "comment_policy": "open",
            "author_id": None, "author_name": None, "featured_media_id": None,
            "fields": {}, "imported_fields": {}, "source": None, "source_id": None,
            "revision": 1, "version": 1, "created_at": NOON, "updated_at": NOON,
            "publish_at": publish_at,
        },
        nodes.ScheduledNode,
    )  # fmt: skip


def test_a_scheduled_node_is_released_at_its_time_and_not_a_moment_before() -> None:
    node = _scheduled(NOON)
    published, _ = node.release(now=NOON)
    assert published.published_at == NOON
    with pytest.raises(ValueError, match="before its time"):
        node.release(now=NOON - timedelta(microseconds=1))
