"""What goes over the wire."""

from __future__ import annotations

from typing import Annotated

import msgspec


class LoyaltyView(msgspec.Struct, frozen=True, kw_only=True):
    points: Annotated[int, msgspec.Meta(description="Earned with paid orders.", examples=[12])]
