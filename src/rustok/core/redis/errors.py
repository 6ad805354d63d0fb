"""What Redis can refuse, in the platform's words; the client library's exceptions stop here."""

from __future__ import annotations

from rustok.core.errors import Unavailable


class RedisUnavailable(Unavailable):
    """Redis did not answer within its bound, or does not take the connection; whether a command
    that was sent has been carried out is not known.
    """

    code = "redis_unavailable"
    title = "A part this request needs does not answer"

    def __init__(self, cause: str) -> None:
        self.cause = cause
        super().__init__("The shared memory of the platform does not answer.")
