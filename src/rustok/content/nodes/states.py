"""The content node's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

NODE_LIFECYCLE: Final = Lifecycle(
    "node",
    initial="draft",
    states=("draft", "in_review", "scheduled", "published", "archived"),
    transitions=(
        Transition("submit", ("draft",), "in_review", event="node.submitted_for_review"),
        Transition(
            "approve", ("in_review",), "published", event="node.published", guard="no time is given"
        ),
        Transition(
            "approve",
            ("in_review",),
            "scheduled",
            event="node.scheduled",
            guard="a time ahead is given",
        ),
        Transition("reject", ("in_review",), "draft", event="node.review_rejected"),
        Transition("publish", ("draft",), "published", event="node.published"),
        Transition(
            "schedule", ("draft",), "scheduled", event="node.scheduled", guard="the time is ahead"
        ),
        Transition("unschedule", ("scheduled",), "draft", event="node.updated"),
        Transition(
            "release",
            ("scheduled",),
            "published",
            event="node.published",
            guard="its time has come",
        ),
        Transition("unpublish", ("published",), "draft", event="node.unpublished"),
        Transition(
            "archive",
            ("published",),
            "archived",
            event="node.archived",
            guard="the reason is not blank",
        ),
        Transition("restore", ("archived",), "draft", event="node.restored"),
    ),
)

BY_CLOCK: Final = frozenset({"release"})
"""Steps that only time takes; no caller is offered them."""


def steps_offered(state: str) -> list[str]:
    """The actions a caller may take from `state`."""
    return [action for action in NODE_LIFECYCLE.allowed(state) if action not in BY_CLOCK]
