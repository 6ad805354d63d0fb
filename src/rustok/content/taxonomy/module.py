"""Registration of taxonomy."""

from __future__ import annotations

from typing import Final

from rustok.content.taxonomy import routes
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="taxonomy",
    title="Content categories and tags",
    routes=(routes.admin,),
    event_types=(
        "category.created",
        "category.updated",
        "category.deleted",
        "tag.created",
        "tag.updated",
        "tag.deleted",
        "tag.attached",
        "tag.detached",
    ),
)
