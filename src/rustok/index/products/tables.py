"""Tables of the product read model."""

from __future__ import annotations

from typing import Final

from sqlalchemy import BigInteger, Boolean, Column, Index

from rustok.core.db import Timestamp
from rustok.index.shelves import make_shelf

NO_PRICE_LOW: Final = 2**53
"""`price_from_minor` of a product without a price: above every price, so it comes last when cheap is first."""
NO_PRICE_HIGH: Final = -1
"""`price_to_minor` of a product without a price: below every price, so it comes last when dear is first."""

PRODUCTS: Final = make_shelf(
    "product",
    Column("price_from_minor", BigInteger, nullable=False),
    Column("price_to_minor", BigInteger, nullable=False),
    Column("in_stock", Boolean, nullable=False),
    # When a sale begins or ends next, which nobody announces; None when no such moment is known.
    Column("changes_at", Timestamp()),
    Index("ix_product_documents_changes", "changes_at"),
    per_currency=True,
    orders=("published_at", "price_from_minor", "price_to_minor", "title_key"),
)
