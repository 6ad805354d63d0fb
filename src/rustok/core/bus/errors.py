"""What can go wrong with a broker; known to the problem pages without the broker's library."""

from __future__ import annotations

from collections.abc import Sequence

from rustok.core.errors import Conflict, Unavailable


class BrokerUnavailable(Unavailable):
    """NATS is away, or does not answer in time; events wait in the outbox."""

    code = "broker_unavailable"
    title = "The message broker does not answer"

    def __init__(self, reason: str) -> None:
        super().__init__(f"NATS JetStream: {reason}.", retry_after_seconds=2)


class BrokerNotProvisioned(BrokerUnavailable):
    """The stream or a durable consumer is missing, or is not as this program needs it."""

    code = "broker_not_provisioned"
    title = "The message broker is not set up for this program"
    mend = "Run: rustok events provision"


class StreamDiffers(Conflict):
    """The stream has another number of partitions; changing it under way would mix up the order."""

    code = "stream_differs"
    title = "The stream has other subjects than the settings say"
    mend = (
        "Set nats.partitions and nats.subjects as the stream has them; to change them, let the "
        "consumers finish, delete the stream and provision anew."
    )

    def __init__(self, stream: str, found: Sequence[str]) -> None:
        super().__init__(f"Stream {stream} takes {', '.join(found)[:200]}.")
