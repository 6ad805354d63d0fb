"""The product's lifecycle."""

from __future__ import annotations

from typing import Final

from rustok.core.machine import Lifecycle, Transition

PRODUCT_LIFECYCLE: Final = Lifecycle(
    "product",
    initial="draft",
    states=("draft", "active", "archived"),
    transitions=(
        Transition(
            "publish",
            ("draft",),
            "active",
            event="product.published",
            guard="it has a variant, and a title in the tenant's default locale",
        ),
        Transition("unpublish", ("active",), "draft", event="product.unpublished"),
        Transition("archive", ("draft", "active"), "archived", event="product.archived"),
        Transition("restore", ("archived",), "draft", event="product.updated"),
    ),
)
