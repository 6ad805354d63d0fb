"""What can go wrong with purging a CDN."""

from __future__ import annotations

from rustok.core.errors import Conflict, InvalidInput, Unavailable


class CdnOff(Conflict):
    code = "cdn_off"
    title = "No CDN is set"
    mend = "Set cdn.provider and what it needs; see docs/guides/cdn.md."

    def __init__(self) -> None:
        super().__init__("cdn.provider is none: there is nothing to purge.")


class CdnPartUnknown(InvalidInput):
    code = "cdn_part_unknown"
    title = "That is no part of what a tenant shows"
    mend = "Write a list such as products, or a single thing such as product:0190b5a47c1e7d3a9f105b2c3d4e5f60."

    def __init__(self) -> None:
        super().__init__("A part is a kind, or a kind, a colon and an id of 32 hexadecimal digits.")


class PurgeFailed(Unavailable):
    """The provider did not purge: it is away, it refuses, or its answer cannot be read."""

    code = "purge_failed"
    title = "The CDN did not purge"
    mend = "Check cdn.provider, its service, zone or url, and cdn.token; then try again."

    def __init__(self, why: str) -> None:
        self.why = why
        super().__init__(f"The CDN did not purge: {why}.", retry_after_seconds=5)
