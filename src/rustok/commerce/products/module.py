"""Registration of products."""

from __future__ import annotations

from typing import Final

from rustok.commerce.products.routes import ROUTES
from rustok.core.modules import Module

MODULE: Final = Module(
    slug="products",
    title="Products",
    routes=ROUTES,
    event_types=(
        "product.created",
        "product.updated",
        "product.published",
        "product.unpublished",
        "product.archived",
        "product.deleted",
        "variant.created",
        "variant.updated",
        "variant.deleted",
        "collection.created",
        "collection.updated",
        "collection.deleted",
        "category.created",
        "category.updated",
        "category.deleted",
    ),
)
