"""Facts about carts. They carry no address: who needs one reads the cart."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from msgspec import Meta

from rustok.core.events.event import Event, event
from rustok.core.types import CurrencyCode, LocaleTag

Changed = Annotated[tuple[str, ...], Meta(min_length=1, max_length=20)]


@event(
    "cart.created",
    aggregate="cart",
    key="cart_id",
    unaudited="a basket moves neither money nor stock",
)
class CartCreated(Event, frozen=True, kw_only=True):
    cart_id: UUID
    currency: CurrencyCode
    locale: LocaleTag
    customer_id: UUID | None = None


@event(
    "cart.updated",
    aggregate="cart",
    key="cart_id",
    unaudited="a basket moves neither money nor stock",
)
class CartUpdated(Event, frozen=True, kw_only=True):
    cart_id: UUID
    changed: Changed


@event(
    "cart.completed",
    aggregate="cart",
    key="cart_id",
    unaudited="a basket moves neither money nor stock",
)
class CartCompleted(Event, frozen=True, kw_only=True):
    cart_id: UUID
    order_id: UUID


@event(
    "cart.abandoned",
    aggregate="cart",
    key="cart_id",
    unaudited="a basket moves neither money nor stock",
)
class CartAbandoned(Event, frozen=True, kw_only=True):
    cart_id: UUID
    customer_id: UUID | None = None
