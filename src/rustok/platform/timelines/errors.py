"""Errors of timelines."""

from __future__ import annotations

from rustok.core.errors import NotFound


class NothingRecorded(NotFound):
    """No event of the tenant is about a thing with this id, or retention has removed them."""

    code = "nothing_recorded"
    title = "Nothing is recorded of such a thing"
    mend = "Check the id and the tenant; events are kept for events.retention_days."

    def __init__(self) -> None:
        super().__init__("The event log holds nothing about a thing with this id.")
