"""What can be wrong with asking for an event."""

from __future__ import annotations

from rustok.core.errors import NotFound


class LoggedEventNotFound(NotFound):
    code = "logged_event_not_found"
    title = "There is no such event"
    mend = "List the events; published ones are kept for a time only."

    def __init__(self) -> None:
        super().__init__("The event log has no event with this id.")


class DeadLetterNotFound(NotFound):
    code = "dead_letter_not_found"
    title = "There is no such dead letter"
    mend = "List the dead letters; their ids are not those of their events."

    def __init__(self) -> None:
        super().__init__("There is no dead letter with this id.")
