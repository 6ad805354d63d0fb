"""Which events an endpoint wants: exact types, all of one noun (`order.*`), or all (`*`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from rustok.platform.webhooks.errors import InvalidEventFilter

EVERYTHING: Final = "*"
NOT_DELIVERED: Final = frozenset({"webhook.delivery_failed"})
"""A failure told to the endpoint that fails would fail and tell itself again, for ever."""
_FILTER: Final = re.compile(r"[a-z][a-z_]*\.(?:[a-z][a-z_]*|\*)|\*")


def parse_filters(
    texts: Sequence[str], *, known: Iterable[str], pointer: str = "/event_filters"
) -> list[str]:
    """Check filters and drop repetitions.

    Args:
        known: the event types there are.

    Raises:
        InvalidEventFilter: malformed, or it matches no event that is delivered.
    """
    types = [one for one in known if one not in NOT_DELIVERED]
    for index, text in enumerate(texts):
        if _FILTER.fullmatch(text) is None:
            raise InvalidEventFilter(
                "a filter is an event type such as order.placed, all of a kind such as order.*, "
                "or * for all events.",
                pointer=f"{pointer}/{index}",
                rule="pattern",
            )
        if not any(_matches(text, one) for one in types):
            raise InvalidEventFilter(
                "no event that webhooks deliver matches this filter.",
                pointer=f"{pointer}/{index}",
                rule="unknown",
            )
    return list(dict.fromkeys(texts))


def wants(filters: Iterable[str], event_type: str) -> bool:
    """Whether one of `filters` matches."""
    return event_type not in NOT_DELIVERED and any(_matches(one, event_type) for one in filters)


def _matches(pattern: str, event_type: str) -> bool:
    if pattern.endswith("*"):
        return event_type.startswith(pattern[:-1])
    return pattern == event_type
