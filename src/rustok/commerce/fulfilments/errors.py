"""What can go wrong with fulfilments."""

from __future__ import annotations

from rustok.core.errors import NotFound


class FulfilmentNotFound(NotFound):
    code = "fulfilment_not_found"
    title = "There is no such fulfilment"

    def __init__(self) -> None:
        super().__init__("The tenant has no such fulfilment.")
