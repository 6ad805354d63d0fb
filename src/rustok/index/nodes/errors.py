"""What can go wrong when content is read."""

from __future__ import annotations

from rustok.core.errors import NotFound


class NodeNotPublished(NotFound):
    code = "node_not_published"
    title = "There is no such published content"
    mend = "Check kind and handle; it may have been renamed or unpublished."

    def __init__(self, kind: str, handle: str) -> None:
        super().__init__(f"No published {kind[:63]} has the handle '{handle[:200]}'.")
