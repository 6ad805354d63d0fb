"""Every sealed column is declared with what its secrets belong to, and all can be brought under another key."""

from __future__ import annotations

from typing import Any

import pytest

from rustok.core.db import Query
from rustok.core.db.schema import metadata
from rustok.core.db.sealed_columns import (
    count_by_key,
    place_of,
    rewrap,
    sealed_columns,
)
from rustok.core.security.sealing import SealBroken, Sealer, key_id
from tests.conftest import World
from tests.seeding import seed_everything


async def test_all_secrets_move_to_a_new_key_and_open_where_they_were(world: World) -> None:
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"])
    await seed_everything(world, tenant, "keys1")
    old, new = "test-" + "k" * 43, "n" * 43
    sealer = Sealer(keys={key_id(old): old, key_id(new): new}, active_kid=key_id(new))
    only_new = Sealer(keys={key_id(new): new}, active_kid=key_id(new))
    total = 0
    for table, column in sealed_columns():
        everything: Query[dict[str, Any]] = Query(
            metadata.tables[table].select().where(metadata.tables[table].c[column].is_not(None)),
            dict,
            system="test",
        )
        async with world.db.system("test") as tx:
            before = await tx.all(everything)
            for row in before:
                with pytest.raises(SealBroken):
                    only_new.open(row[column], belongs_to=place_of(table, column, row))
            done = await rewrap(tx, sealer, table, column)
            assert done.moved == len(before), table
            assert (await rewrap(tx, sealer, table, column)).moved == 0
            for row in await tx.all(everything):
                assert only_new.open(row[column], belongs_to=place_of(table, column, row))
            assert set(await count_by_key(tx, table, column)) <= {key_id(new)}
        total += len(before)
    assert total >= 4
