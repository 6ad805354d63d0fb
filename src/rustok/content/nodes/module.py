"""Registration of nodes."""

from __future__ import annotations

from typing import Final

from rustok.content.nodes import handlers, routes
from rustok.core.modules import Job, Module

MODULE: Final = Module(
    slug="nodes",
    title="Pages, posts and own kinds of content",
    depends_on=("taxonomy", "media"),
    routes=(routes.nodes, routes.steps, routes.kinds),
    jobs=(Job(name="nodes.publish_due", every_seconds=5, run=handlers.publish_due),),
    event_types=(
        "node.created",
        "node.updated",
        "node.translation_updated",
        "body.updated",
        "node.submitted_for_review",
        "node.review_rejected",
        "node.scheduled",
        "node.published",
        "node.unpublished",
        "node.archived",
        "node.restored",
        "node.deleted",
    ),
)
