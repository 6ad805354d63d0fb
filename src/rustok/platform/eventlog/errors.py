"""What can be wrong with asking for an event."""

from __future__ import annotations

from rustok.core.errors import InvalidInput, NotFound, TooManyRequests


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


class EventPlaceUnknown(InvalidInput):
    code = "event_place_unknown"
    title = "Last-Event-ID is not a place in the event log"
    mend = "Send the id of the last event you got, or leave the header out."

    def __init__(self) -> None:
        super().__init__("Last-Event-ID is the id of an event of this stream: a number.")


class EventStreamLimit(TooManyRequests):
    code = "event_stream_limit"
    title = "Too many event streams are open"
    mend = "Close a stream that is no longer read, or wait as long as Retry-After says."

    def __init__(self) -> None:
        super().__init__(
            "The tenant, or this server, has as many open event streams as it may.",
            retry_after_seconds=10,
        )
