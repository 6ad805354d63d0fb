"""`rustok user export|erase`: all about one person is found, and gone afterwards; others keep theirs."""

from __future__ import annotations

import asyncio
import json
import re
from pathlib import Path
from uuid import UUID

import pytest

from rustok.core.db.personal_rows import email_key
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from tests.conftest import World
from tests.integration.cli.conftest import Cli
from tests.seeding import dump, seed_everything


def _seed(settings: Settings) -> tuple[str, str]:

    async def work() -> tuple[str, str]:
        platform = Platform(settings)
        await platform.open()
        world = World(platform, [])
        tenant = await world.tenant("acme", locales=["en", "de"], currencies=["EUR", "USD"])
        await seed_everything(world, tenant, "gonemarker")
        await platform.close()
        return tenant.slug, str(tenant.id)

    return asyncio.run(work())


def _dump(settings: Settings, tenant_id: str) -> dict[str, str]:

    async def work() -> dict[str, str]:
        platform = Platform(settings)
        await platform.open()
        found = await dump(World(platform, []), UUID(tenant_id))
        await platform.close()
        return {table: repr(rows) for table, rows in found.items()}

    return asyncio.run(work())


@pytest.mark.parametrize("email", ["buyer-gonemarker@example.com"])
def test_a_person_is_exported_and_erased_everywhere(
    cli: Cli, tmp_path: Path, database_settings: Settings, email: str
) -> None:
    slug, tenant_id = _seed(database_settings)
    file = tmp_path / "person.json"
    cli.ok("user", "export", "--tenant", slug, email, "--to", str(file))
    told = json.loads(file.read_text())
    assert told["tables"]["orders"]
    assert {row["email"] for row in told["tables"]["orders"]} == {email}
    assert file.stat().st_mode & 0o077 == 0
    before = _dump(database_settings, tenant_id)
    assert email in before["orders"]
    cli.ok("user", "erase", "--tenant", slug, email, "--yes")
    after = _dump(database_settings, tenant_id)
    assert [table for table, rows in after.items() if email in rows] == []
    assert "Lindenallee" not in after["orders"]
    assert "country='DE'" in after["orders"]
    assert len(after["orders"]) > 100, "the orders stay"
    assert email_key(email) in before["coupon_redemptions"]
    assert email_key(email) not in after["coupon_redemptions"]
    for table, column in (("returns", "note"), ("fulfilments", "tracking_number")):
        kept = re.findall(rf"'{column}': '([^']+)'", before[table])
        left = re.findall(rf"'{column}': '([^']+)'", after[table])
        assert len(left) < len(kept), (table, column)
    again = cli.json("user", "erase", "--tenant", slug, email, "--yes")
    assert sum(again["tables"].values()) == 0


def test_a_customer_account_goes_too(cli: Cli, database_settings: Settings) -> None:
    slug, tenant_id = _seed(database_settings)
    email = "customer-gonemarker@example.com"
    done = cli.json("user", "erase", "--tenant", slug, email, "--yes")
    assert done["tables"]["users"] == 1
    assert [t for t, rows in _dump(database_settings, tenant_id).items() if email in rows] == []
