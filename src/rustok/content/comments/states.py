"""The lifecycle of a comment."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

COMMENT_LIFECYCLE: Final = Lifecycle(
    "comment",
    initial="pending",
    states=("pending", "approved", "spam", "trash"),
    transitions=(
        Transition("approve", ("pending",), "approved", event="comment.approved"),
        Transition("mark_spam", ("pending", "approved"), "spam", event="comment.rejected"),
        Transition("discard", ("pending", "approved", "spam"), "trash", event="comment.rejected"),
        Transition("reopen", ("approved", "spam", "trash"), "pending", event="comment.reopened"),
    ),
)
