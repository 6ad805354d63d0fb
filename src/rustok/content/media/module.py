"""Registration of media."""

from __future__ import annotations

from typing import Final

from rustok.content.media import routes
from rustok.content.media.service import files
from rustok.core.modules import Job, Module

MODULE: Final = Module(
    slug="media",
    title="Media",
    routes=(routes.admin, routes.storefront),
    jobs=(Job(name="media.sweep", every_seconds=3_600, run=files.sweep),),
    event_types=("media.uploaded", "media.updated", "media.deleted"),
)
