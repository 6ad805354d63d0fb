"""`rustok export tenant` on both databases: all of one tenant, nothing secret, whole or not at all."""

from __future__ import annotations

import asyncio
import json
import stat
import zipfile
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from rustok.cli.archive import Archive
from rustok.core.db.tenant_rows import exported_tables, hold_still, left_out, read_table
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform
from tests.conftest import World
from tests.integration.cli.conftest import Cli

WHOSE = ("--tenant", "acme")


def rows(file: Path, table: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(file) as archive:
        return [json.loads(line) for line in archive.read(f"tables/{table}.jsonl").splitlines()]


def filled(cli: Cli, tmp_path: Path) -> dict[str, Any]:
    """A tenant with a user, a key, domains and a file, and another tenant beside it."""
    made: dict[str, Any] = cli.tenant()
    cli.ok("tenant", "create", "other", "--domain", "other.example.com")
    for host in ("a.example.com", "b.example.com", "c.example.com"):
        cli.ok("tenant", "domain", "add", "acme", host)
    made["user"] = cli.json("user", "create", *WHOSE, "--email", "a@example.com", "--generate")
    made["key"] = cli.json(
        "apikey", "create", *WHOSE, "--name", "ERP", "--permission", "orders:read"
    )
    for tenant in (made["id"], cli.json("tenant", "show", "other")["id"]):
        folder = tmp_path / "media" / tenant / "ab"
        folder.mkdir(parents=True)
        (folder / "picture.png").write_bytes(tenant.encode())
        (folder / ".draft").write_bytes(b"half")
    return made


def test_an_export_holds_everything_of_one_tenant_and_says_what(cli: Cli, tmp_path: Path) -> None:
    made, file = filled(cli, tmp_path), tmp_path / "acme.zip"
    result = cli.ok("export", "tenant", "acme", "--to", str(file))
    assert str(file) in result.out
    assert "tenant_domains: 3 row(s)" in result.err
    assert [row["host"] for row in rows(file, "tenant_domains")] == [
        "a.example.com",
        "b.example.com",
        "c.example.com",
    ]
    assert [row["slug"] for row in rows(file, "tenants")] == ["acme"]
    assert [row["email"] for row in rows(file, "users")] == ["a@example.com"]
    assert {row["tenant_id"] for row in rows(file, "outbox")} == {made["id"]}
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        manifest = json.loads(archive.read("manifest.json"))
        names = archive.namelist()
        assert archive.read("media/ab/picture.png").decode() == made["id"]
    assert [name for name in names if name.startswith("media/")] == ["media/ab/picture.png"]
    assert manifest["tenant"]["slug"] == "acme"
    assert manifest["revision"] == "0001"
    assert manifest["media_files"] == 1
    for table, count in manifest["tables"].items():
        assert len(rows(file, table)) == count
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_an_export_holds_no_secret(cli: Cli, tmp_path: Path) -> None:
    made, file = filled(cli, tmp_path), tmp_path / "acme.zip"
    cli.ok("export", "tenant", made["id"], "--to", str(file), "--no-media")
    with zipfile.ZipFile(file) as archive:
        everything = b"".join(archive.read(name) for name in archive.namelist()).decode()
        manifest = json.loads(archive.read("manifest.json"))
    assert "$argon2" not in everything
    assert made["key"]["secret"] not in everything
    assert "digest" not in rows(file, "api_keys")[0]
    assert "password_hash" not in rows(file, "users")[0]
    assert {"users.password_hash", "api_keys.digest", "refresh_tokens", "media/"} <= set(
        manifest["left_out"]
    )
    assert not [name for name in manifest["tables"] if name in manifest["left_out"]]


def test_a_file_that_is_there_is_replaced_only_on_demand(cli: Cli, tmp_path: Path) -> None:
    cli.tenant()
    file = tmp_path / "acme.zip"
    file.write_text("mine", "utf-8")
    refused = cli.run("export", "tenant", "acme", "--to", str(file))
    assert (refused.code, file.read_text("utf-8")) == (2, "mine")
    assert "--overwrite" in refused.err
    done = cli.json("export", "tenant", "acme", "--to", str(file), "--overwrite")
    assert done["size_bytes"] == file.stat().st_size
    assert zipfile.is_zipfile(file)


@pytest.mark.parametrize(
    ("ref", "to", "code"), [("nobody", "x.zip", 1), ("acme", "no/x.zip", 2), ("a b", "x.zip", 2)]
)
def test_an_export_that_cannot_be_leaves_nothing(
    cli: Cli, tmp_path: Path, ref: str, to: str, code: int
) -> None:
    cli.tenant()
    before = set(tmp_path.iterdir())
    result = cli.run("export", "tenant", ref, "--to", to)
    assert result.code == code
    assert not [path for path in set(tmp_path.iterdir()) - before if "zip" in path.name]


def test_ctrl_c_leaves_no_half_file(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.tenant()
    (tmp_path / "out").mkdir()

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Archive, "add_json", stop)
    result = cli.run("export", "tenant", "acme", "--to", str(tmp_path / "out" / "acme.zip"))
    assert result.code == 130
    assert list((tmp_path / "out").iterdir()) == []


async def test_every_table_is_read_page_by_page_without_gap_or_repetition(world: World) -> None:
    tenant, other = await world.tenant(), await world.tenant()
    for owner in (tenant, other):
        for number in range(7):
            async with world.write(owner) as tx:
                await tenants.add_domain(tx, host=f"h{number}.{owner.slug}.example")
    async with world.db.system("test", write=False) as stx:
        await hold_still(stx)
        for table in exported_tables():
            small = [
                row async for page in read_table(stx, table, tenant.id, page=2) for row in page
            ]
            large = [
                row async for page in read_table(stx, table, tenant.id, page=99) for row in page
            ]
            assert small == large
            if table.name == "tenant_domains":
                assert len(small) == 7


async def test_an_export_shows_one_moment_while_others_write(world: World) -> None:
    tenant = await world.tenant()
    (domains,) = [table for table in exported_tables() if table.name == "tenant_domains"]
    begun, written = asyncio.Event(), asyncio.Event()

    async def read(platform: Platform) -> list[UUID]:
        async with platform.db.system("test", write=False) as tx:
            await hold_still(tx)
            assert [page async for page in read_table(tx, domains, tenant.id, page=10)] == []
            begun.set()
            await written.wait()
            return [
                row["id"]
                async for page in read_table(tx, domains, tenant.id, page=10)
                for row in page
            ]

    reading = asyncio.create_task(read(world.platform))
    await begun.wait()
    async with world.write(tenant) as tx:
        await tenants.add_domain(tx, host="late.example")
    written.set()
    assert await reading == []


def test_whatever_holds_a_secret_is_left_out_by_its_name() -> None:
    reasons = left_out()
    assert {"users.password_hash", "api_keys.digest", "orders.access_token_digest"} <= set(reasons)
    assert "orders" not in reasons
    assert not [name for name in reasons if name.startswith("outbox")]
