"""Products an import brings in together: looked up by a few statements, the new ones written by a few.

Refuses: deciding what a product becomes (`imports` does). A value that two products of a batch claim
is refused when it is seen, at the latest by the database: the transaction is then let go, and each
brought in by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

import msgspec

from rustok.commerce.products.errors import SkuTaken
from rustok.commerce.products.model import ProductTree
from rustok.commerce.products.repository import parts, products
from rustok.commerce.products.service import trees
from rustok.core.db import WriteTx
from rustok.core.events.event import Event


class Sought(msgspec.Struct, frozen=True, kw_only=True):
    """A product about to be brought in, as far as others may have what it wants."""

    source_id: str
    handle: str
    skus: tuple[str, ...] = ()


class UpsertBatch:
    """What is known of the products of a batch, and the new ones kept back.

    Args:
        stored: those of the batch that are there, by source id.
        handles: wanted ones that a product has.
        skus: every SKU asked for, with the product that has it.
    """

    def __init__(
        self,
        *,
        stored: dict[str, ProductTree],
        handles: set[str],
        skus: dict[str, UUID | None],
    ) -> None:
        self._stored = stored
        self._handles = handles
        self._skus = skus
        self._new: list[tuple[ProductTree, Sequence[Event]]] = []

    def stored(self, source_id: str) -> ProductTree | None:
        """The product of this source id, locked."""
        return self._stored.get(source_id)

    def replace(self, source_id: str, tree: ProductTree) -> None:
        """The stored product is `tree` now."""
        self._stored[source_id] = tree

    def is_free(self, handle: str) -> bool:
        """No product has this handle, which was asked for, and no new one of the batch claims it."""
        return handle not in self._handles

    @property
    def claimed_handles(self) -> set[str]:
        return self._handles

    async def add(self, tx: WriteTx, tree: ProductTree, announced: Sequence[Event]) -> None:
        """Keep a new product back until `write`; refused at once if it breaks a rule.

        Raises:
            as `trees.insert`.
        """
        trees.check_shape(tx, tree)
        await self._claim_skus(tx, tree)
        await trees.check_text_handles(tx, tree.product.id, tree.translations)
        self._handles.add(tree.product.handle)
        self._new.append((tree, announced))

    async def _claim_skus(self, tx: WriteTx, tree: ProductTree) -> None:
        skus = [one.sku for one in tree.variants if one.sku]
        await _find_owners(tx, [sku for sku in skus if sku not in self._skus], self._skus)
        for sku in skus:
            if self._skus[sku] is not None:
                raise SkuTaken(sku)
            self._skus[sku] = tree.product.id

    async def write(self, tx: WriteTx) -> None:
        """Write the new products kept back.

        Raises:
            UniqueViolation, ForeignKeyViolation: another product took a value meanwhile.

        Emits: product.created, variant.created and the events of its steps, for each
        """
        new, self._new = self._new, []
        await trees.add_checked(tx, new)


async def look_ahead(tx: WriteTx, sought: Sequence[Sought], *, source: str) -> UpsertBatch:
    """Look up and lock at once what bringing in these products of `source` asks for."""
    found = await products.lock_by_source(tx, source, [one.source_id for one in sought])
    stored = {tree.product.source_id or "": tree for tree in await trees.with_parts(tx, found)}
    wanted = [
        one.handle
        for one in sought
        if one.source_id not in stored or stored[one.source_id].product.handle != one.handle
    ]
    taken = await products.taken_handles(tx, wanted) if wanted else frozenset[str]()
    new = [one for one in sought if one.source_id not in stored]
    skus: dict[str, UUID | None] = {}
    await _find_owners(tx, list({sku for one in new for sku in one.skus}), skus)
    return UpsertBatch(stored=stored, handles=set(taken), skus=skus)


async def _find_owners(tx: WriteTx, asked: Sequence[str], owners: dict[str, UUID | None]) -> None:
    found = await parts.owners_of_skus(tx, asked)
    for sku in asked:
        owners[sku] = found[sku].product_id if sku in found else None
