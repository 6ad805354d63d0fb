"""`rustok tenant backup|restore` between databases of both kinds: whole, checked, or not at all."""

from __future__ import annotations

import asyncio
import shutil
import stat
import zipfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final, TypeVar
from uuid import UUID

import msgspec
import pytest

from rustok.cli.archive import Archive
from rustok.cli.backup import write_backup
from rustok.cli.backup_file import BackupFile
from rustok.cli.invocation import Invocation
from rustok.cli.restore import read_backup
from rustok.core.db.backup_rows import KEPT_IN_PLACE, NOT_BACKED_UP, backed_up_tables
from rustok.platform.audit import api as audit
from rustok.platform.tenants import api as tenants
from rustok.server import migrations
from rustok.server.platform import Platform
from rustok.server.settings import Settings
from tests.conftest import World, settings_for
from tests.integration.cli.conftest import Cli
from tests.seeding import Rows, dump, seed_everything

T = TypeVar("T")
REVISION: Final = "0001"
"""What the fixture of command lines says the schema is at."""

only_sqlite = pytest.mark.parametrize("database_kind", ["sqlite"], indirect=True)
"""What is decided before the database is asked, or by a database that is not the one under test."""
only_postgres = pytest.mark.parametrize("database_kind", ["postgres"], indirect=True)
"""What goes from SQLite to PostgreSQL, and back or on from there: the way the other way is in it."""
_GROWING: Final = {"outbox", "aggregate_sequences", "audit_pending", "inbox", "cache_stamps"}
"""Tables that a restore itself adds to, or that go on living."""


def run_at(settings: Settings, work: Callable[[World], Awaitable[T]]) -> T:
    async def main() -> T:
        platform = Platform(settings)
        await platform.open()
        try:
            return await work(World(platform, []))
        finally:
            await platform.close()

    return asyncio.run(main())


_CHAIN: Final = {"audit_records", "audit_heads", "audit_checkpoints"}


class Place:
    """A database with its folder of media, and the command line pointed at it."""

    def __init__(self, settings: Settings, cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
        self.settings = settings
        self._cli = cli
        self._monkeypatch = monkeypatch

    @property
    def cli(self) -> Cli:
        database = self.settings.database
        self._monkeypatch.setenv("RUSTOK_DATABASE__URL", str(database.url))
        self._monkeypatch.setenv("RUSTOK_DATABASE__SYSTEM_URL", str(database.system_url or ""))
        self._monkeypatch.setenv("RUSTOK_MEDIA__ROOT", str(self.settings.media.root))
        return self._cli

    def files(self) -> dict[str, bytes]:
        root = self.settings.media.root
        return {
            path.relative_to(root).as_posix(): path.read_bytes()
            for path in root.rglob("*")
            if path.is_file()
        }

    def rows(self, tenant_id: UUID) -> Rows:
        found = run_at(self.settings, lambda world: dump(world, tenant_id))
        for name in ("outbox", "audit_pending"):
            for row in found[name]:
                del row["position"]
            found[name].sort(key=repr)
        return found


class Origin(msgspec.Struct):
    """Where two tenants were filled to the last table; both are called by their marker."""

    settings: Settings
    tenant_id: UUID
    other_id: UUID
    backup: Path


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Origin:
    folder = tmp_path_factory.mktemp("origin")
    shutil.copyfile(sqlite_template, folder / "rustok.sqlite3")
    settings = settings_for(f"sqlite:///{folder / 'rustok.sqlite3'}", folder)

    async def fill(world: World) -> tuple[UUID, UUID]:
        made = []
        for marker, many in (("ownmarker", 2), ("foreignmarker", 1)):
            tenant = await world.tenant(marker, locales=["en", "de"], currencies=["EUR", "USD"])
            await seed_everything(world, tenant, marker, many=many)
            made.append(tenant.id)
        return made[0], made[1]

    own, other = run_at(settings, fill)
    file = folder / "own.backup"

    async def back_up(world: World) -> None:
        profile = await world.platform.resolver.profile_of(own)
        with Archive(file) as archive:
            await write_backup(Invocation(as_json=True), world.platform, profile, archive, REVISION)

    run_at(settings, back_up)
    return Origin(settings, own, other, file)


@pytest.fixture
def here(origin: Origin, cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A copy of the origin, so that a test may change it."""
    folder = tmp_path / "here"
    folder.mkdir()
    database = folder / "rustok.sqlite3"
    source = Path(str(origin.settings.database.url).removeprefix("sqlite:///"))
    for suffix in ("", "-wal"):
        if Path(f"{source}{suffix}").exists():
            shutil.copyfile(f"{source}{suffix}", f"{database}{suffix}")
    if origin.settings.media.root.exists():
        shutil.copytree(origin.settings.media.root, folder / "media")
    return Place(settings_for(f"sqlite:///{database}", folder), cli, monkeypatch)


@pytest.fixture
def there(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> Place:
    """An empty database of each kind."""
    return Place(cli.settings, cli, monkeypatch)


def backed_up(place: Place, to: Path, ref: str = "ownmarker") -> Path:
    place.cli.ok("tenant", "backup", ref, "--to", str(to))
    return to


def members(file: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(file) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def comparable(rows: Rows) -> Rows:
    names = {table.name for table in backed_up_tables()} - _GROWING
    return {name: rows[name] for name in names}


@only_postgres
def test_a_tenant_restored_elsewhere_is_the_same_and_nobody_else_comes_with_it(
    here: Place,
    there: Place,
    origin: Origin,
    sqlite_template: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    file = backed_up(here, tmp_path / "own.backup")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    everything = b"".join(members(file).values())
    assert b"ownmarker" in everything
    assert b"foreignmarker" not in everything
    assert str(origin.other_id).encode() not in everything
    done = there.cli.json("tenant", "restore", str(file))
    assert (done["tenant_id"], done["slug"]) == (str(origin.tenant_id), "ownmarker")
    before, after = here.rows(origin.tenant_id), there.rows(origin.tenant_id)
    assert comparable(after) == comparable(before)
    assert all(before[name] for name in comparable(before))
    for name in ("outbox", "inbox"):
        assert [row for row in before[name] if row not in after[name]] == []
    assert there.files() == {
        name: content
        for name, content in here.files().items()
        if name.startswith(str(origin.tenant_id)) and "/imports/" not in name
    }
    assert not any(there.rows(origin.other_id).values())
    assert "0 finding(s)" in there.cli.ok("audit", "events", "--only", "database").out
    there.cli.ok("audit", "verify")
    # And back again, from this database into one more.
    again = backed_up(there, tmp_path / "again.backup")
    home = tmp_path / "third.sqlite3"
    shutil.copyfile(sqlite_template, home)
    third = Place(settings_for(f"sqlite:///{home}", tmp_path / "third"), here.cli, monkeypatch)
    third.cli.ok("tenant", "restore", str(again), "--slug", "elsewhere")
    last = third.rows(origin.tenant_id)
    assert [row["slug"] for row in last.pop("tenants")] == ["elsewhere"]
    for name, rows in comparable(before).items():
        if name not in _CHAIN and name != "tenants":
            assert last[name] == rows, name
    third.cli.ok("audit", "verify")


@only_sqlite
def test_read_models_are_built_anew_and_secrets_open_after_a_restore(
    here: Place, there: Place, origin: Origin
) -> None:
    there.cli.ok("tenant", "restore", str(origin.backup))
    assert there.rows(origin.tenant_id)["product_documents"] == []
    assert sum(there.cli.json("keys", "status")[0]["keys"].values()) > 0
    there.cli.ok("keys", "rewrap")

    async def settle(world: World) -> None:
        await world.drain()

    run_at(there.settings, settle)
    there.cli.ok("index", "rebuild", "--tenant", "ownmarker")
    kept = [row["handle"] for row in here.rows(origin.tenant_id)["product_documents"]]
    made = [row["handle"] for row in there.rows(origin.tenant_id)["product_documents"]]
    assert sorted(made) == sorted(kept) != []
    restored = there.cli.json("events", "list", "--type", "tenant.restored")
    assert len(restored) == 1


@only_sqlite
@pytest.mark.parametrize("part", ["rows", "manifest", "signature", "end", "media"])
def test_a_damaged_backup_changes_nothing(
    there: Place, origin: Origin, tmp_path: Path, part: str
) -> None:
    file = tmp_path / "own.backup"
    shutil.copyfile(origin.backup, file)
    whole = members(file)
    if part == "end":
        file.write_bytes(file.read_bytes()[:-40])
    elif part == "rows":
        data = bytearray(file.read_bytes())
        with zipfile.ZipFile(file) as archive:
            at = archive.getinfo("tables/users.jsonl").header_offset
        data[at + 120] ^= 1
        file.write_bytes(data)
    else:
        changed = {
            "manifest": ("manifest.json", b'"tenant_slug": "ownmarker"', b'"tenant_slug": "x"'),
            "signature": ("signature.json", b'"tag": "', b'"tag": "0'),
            "media": (next(n for n in whole if n.startswith("media/")), b"PNG", b"GIF"),
        }[part]
        whole[changed[0]] = whole[changed[0]].replace(changed[1], changed[2])
        with zipfile.ZipFile(file, "w") as archive:
            for name, content in whole.items():
                archive.writestr(name, content)
    refused = there.cli.run("tenant", "restore", str(file), "--json")
    assert (refused.code, refused.problem["code"]) == (1, "backup_damaged")
    assert not any(there.rows(origin.tenant_id).values())
    assert there.files() == {}


@only_sqlite
def test_a_backup_is_restored_only_with_the_key_it_was_made_under(
    there: Place, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = origin.backup
    monkeypatch.setenv("RUSTOK_SECURITY__SECRET_KEY", "other-" + "k" * 43)
    refused = there.cli.run("tenant", "restore", str(file), "--json")
    assert (refused.code, refused.problem["code"]) == (1, "backup_key_missing")
    assert "previous_master_key" in refused.problem["mend"]
    assert not any(there.rows(origin.tenant_id).values())
    monkeypatch.setenv("RUSTOK_SECURITY__PREVIOUS_MASTER_KEY", "test-" + "k" * 43)
    there.cli.ok("tenant", "restore", str(file))
    there.cli.ok("keys", "rewrap")
    there.cli.ok("audit", "verify")


@only_sqlite
def test_what_is_there_is_not_written_over_unless_told(
    here: Place, there: Place, origin: Origin
) -> None:
    file = origin.backup
    refused = here.cli.run("tenant", "restore", str(file), "--json")
    assert (refused.code, refused.problem["code"]) == (1, "tenant_there")
    there.cli.ok("tenant", "create", "ownmarker")
    refused = there.cli.run("tenant", "restore", str(file), "--json")
    assert (refused.code, refused.problem["code"]) == (1, "tenant_there")
    there.cli.ok("tenant", "create", "second", "--domain", "ownmarker.example.com")
    refused = there.cli.run("tenant", "restore", str(file), "--slug", "free", "--json")
    assert (refused.code, refused.problem["code"]) == (1, "tenant_there")
    assert "ownmarker.example.com" in refused.problem["detail"]
    there.cli.ok("tenant", "domain", "remove", "second", "ownmarker.example.com")
    assert there.cli.json("tenant", "restore", str(file), "--slug", "free")["slug"] == "free"


def test_a_suspended_tenant_is_set_back_and_its_history_goes_on(
    there: Place, origin: Origin, tmp_path: Path
) -> None:
    there.cli.ok("tenant", "restore", str(origin.backup))
    file = backed_up(there, tmp_path / "there.backup")
    before = there.rows(origin.tenant_id)
    there.cli.ok("tenant", "update", "ownmarker", "--name", "Renamed")
    there.cli.ok(
        "user", "create", "--tenant", "ownmarker", "--email", "late@x.example", "--generate"
    )
    refused = there.cli.run("tenant", "restore", str(file), "--in-place", "--yes", "--json")
    assert (refused.code, refused.problem["code"]) == (1, "tenant_serving")
    there.cli.ok("tenant", "suspend", "ownmarker", "--reason", "set back")
    done = there.cli.json("tenant", "restore", str(file), "--in-place", "--yes")
    assert done["removed"] > 100
    after = there.rows(origin.tenant_id)
    for name in comparable(before):
        if name not in KEPT_IN_PLACE and name != "tenants":
            assert after[name] == before[name], name
    (own,) = after["tenants"]
    assert (own["name"], own["status"]) == (before["tenants"][0]["name"], "suspended")
    there.cli.ok("tenant", "reactivate", "ownmarker")
    assert not any(after[name] for name in NOT_BACKED_UP if name != "cache_stamps")
    types = [row["type"] for row in after["outbox"]]
    assert types.count("tenant.restored") == 2
    assert "tenant.suspended" in types
    there.cli.ok("audit", "verify")
    assert "0 finding(s)" in there.cli.ok("audit", "events", "--only", "database").out


@only_postgres
def test_an_erased_tenant_comes_back_and_its_audit_log_goes_on(
    there: Place, origin: Origin, tmp_path: Path
) -> None:
    there.cli.ok("tenant", "restore", str(origin.backup))
    file = backed_up(there, tmp_path / "there.backup")
    there.cli.ok("tenant", "suspend", "ownmarker", "--reason", "by mistake")
    there.cli.ok("tenant", "erase", "ownmarker", "--confirm", "ownmarker")
    before = there.rows(origin.tenant_id)["audit_records"]
    there.cli.ok("tenant", "restore", str(file))
    after = there.rows(origin.tenant_id)
    assert [row for row in before if row not in after["audit_records"]] == []
    assert after["tenants"][0]["status"] == "active"
    there.cli.ok("audit", "verify")
    assert "0 finding(s)" in there.cli.ok("audit", "events", "--only", "database").out


@only_sqlite
def test_a_backup_of_another_history_or_schema_is_refused(
    here: Place,
    there: Place,
    origin: Origin,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    early = origin.backup
    here.cli.ok("user", "create", "--tenant", "ownmarker", "--email", "n@x.example", "--generate")
    late = backed_up(here, tmp_path / "late.backup")
    there.cli.ok("tenant", "restore", str(early))
    there.cli.ok("tenant", "suspend", "ownmarker", "--reason", "set back")
    refused = there.cli.run("tenant", "restore", str(late), "--in-place", "--yes", "--json")
    assert (refused.code, refused.problem["code"]) == (1, "history_differs")

    async def newer(*_: object) -> str:
        return "0002"

    monkeypatch.setattr(migrations, "head", lambda: "0002")
    monkeypatch.setattr(migrations, "current", newer)
    refused = there.cli.run("tenant", "restore", str(late), "--json")
    assert (refused.code, refused.problem["code"]) == (1, "backup_of_other_revision")


def test_ctrl_c_leaves_neither_half_a_file_nor_half_a_tenant(
    here: Place, there: Place, origin: Origin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = origin.backup
    (tmp_path / "out").mkdir()

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Archive, "add_json", stop)
        code = here.cli.run(
            "tenant", "backup", "ownmarker", "--to", str(tmp_path / "out" / "x")
        ).code
    assert (code, list((tmp_path / "out").iterdir())) == (130, [])
    with monkeypatch.context() as patched:
        patched.setattr(tenants, "announce_restored", stop)
        assert there.cli.run("tenant", "restore", str(file)).code == 130
    assert not any(there.rows(origin.tenant_id).values())
    assert there.files() == {}
    there.cli.ok("tenant", "restore", str(file))


@only_sqlite
async def test_a_running_process_goes_on_with_a_restored_chain(
    world: World, origin: Origin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys of a chain are read once per process; a restore brings one it has not seen."""
    other = await world.tenant("already-here")
    await world.seal_audit()

    async def current(*_: object) -> str:
        return REVISION

    monkeypatch.setattr(migrations, "current", current)
    with BackupFile(origin.backup) as backup:
        await read_backup(Invocation(as_json=True), world.platform, backup)
    await world.seal_audit()
    for tenant_id in (origin.tenant_id, other.id):
        verdict = await audit.verify(world.db, world.parts.sealer, tenant_id)
        assert verdict.findings == []
