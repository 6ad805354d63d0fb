"""Hand-made documents for tests of the shelves."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from rustok.core.db import WriteTx
from rustok.core.ids import new_id
from rustok.index.hits import Hits
from rustok.index.products.tables import NO_PRICE_HIGH, NO_PRICE_LOW, PRODUCTS
from rustok.index.shelves import Facet, SearchText
from rustok.index.storing import Document, Entry, Made, replace
from rustok.index.words import searchable

START = datetime(2026, 1, 1, tzinfo=UTC)


def made(
    title: str,
    *,
    subject_id: UUID | None = None,
    minute: int = 0,
    price: int | None = 1_000,
    in_stock: bool = True,
    body: str = "",
    keywords: str = "",
    facets: tuple[tuple[str, str], ...] = (),
    locale: str = "en",
    currency: str = "EUR",
    handle: str | None = None,
) -> Made:
    """A product with one document."""
    subject_id = subject_id or new_id()
    card: dict[str, Any] = {"id": str(subject_id), "title": title}
    return Made(
        subject_id=subject_id,
        documents=(
            Document(
                locale=locale,
                currency=currency,
                handle=handle or f"p-{subject_id.hex}",
                title=title,
                published_at=START + timedelta(minutes=minute),
                columns={
                    "price_from_minor": NO_PRICE_LOW if price is None else price,
                    "price_to_minor": NO_PRICE_HIGH if price is None else price,
                    "in_stock": in_stock,
                    "changes_at": None,
                },
                card=json.dumps(card).encode(),
                document=json.dumps({**card, "full": True}).encode(),
            ),
        ),
        entries=(
            Entry(
                locale=locale,
                text=SearchText(
                    title=searchable(title), keywords=searchable(keywords), body=searchable(body)
                ),
                facets=tuple(Facet(kind=kind, value=value, label=value) for kind, value in facets),
            ),
        ),
    )


async def put(tx: WriteTx, *products: Made) -> int:
    """Store what was made."""
    return await replace(tx, PRODUCTS, [one.subject_id for one in products], products)


def cards(hits: Hits) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(b"[%b]" % hits.joined)
    return found


def titles(hits: Hits) -> list[str]:
    return [card["title"] for card in cards(hits)]
