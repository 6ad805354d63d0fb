"""Registration of comments."""

from __future__ import annotations

from typing import Final

from rustok.content.comments import routes
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="comments",
    title="Comments",
    depends_on=("nodes",),
    routes=(routes.storefront, routes.admin),
    event_types=(
        "comment.submitted",
        "comment.approved",
        "comment.rejected",
        "comment.reopened",
        "comment.deleted",
    ),
)
