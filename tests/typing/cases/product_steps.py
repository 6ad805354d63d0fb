"""Products: an archived product is not published, a draft not unpublished, an active one not restored."""

from __future__ import annotations

from datetime import datetime

from rustok.commerce.products.model import ActiveProduct, ArchivedProduct, DraftProduct, Product


def illegal(
    draft: DraftProduct,
    active: ActiveProduct,
    archived: ArchivedProduct,
    either: Product,
    at: datetime,
) -> None:
    print(archived.publish)  # expect: attr-defined
    archived.archive(at=at)  # expect: attr-defined
    draft.unpublish()  # expect: attr-defined
    print(draft.published_at)  # expect: attr-defined
    active.restore()  # expect: attr-defined
    print(active.archived_at)  # expect: attr-defined
    either.unpublish()  # expect: union-attr


def legal(draft: DraftProduct, at: datetime) -> DraftProduct:
    active, _event = draft.publish(at=at, variant_count=1, default_title="x", default_locale="en")
    archived, _event2 = active.archive(at=at)
    return archived.restore()[0]
