"""Files are uploaded, kept once per content, served safely and swept when nobody names them."""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import pytest

from rustok.content.media import api as media
from rustok.content.media.api import MediaInput
from rustok.content.media.errors import MediaInUse
from rustok.content.media.service import files, records
from rustok.content.nodes import api as nodes
from rustok.content.nodes.api import TextInput

PNG = (
    b"\x89PNG\r\n\x1a\n"
    + struct.pack(">I", 13)
    + b"IHDR"
    + struct.pack(">II", 64, 48)
    + b"\x08\x06\x00\x00\x00"
)
UPLOADS = "/api/v1/admin/media"


def stored(world: Any) -> list[Path]:
    return [path for path in world.parts.media_root.rglob("*") if path.is_file()]


async def test_an_uploaded_picture_is_served_to_everybody_as_what_it_is(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant, "editor")) as client:
        made = await client.post(
            UPLOADS,
            content=PNG,
            headers={"content-type": "text/html", "x-filename": "../../etc/a.png"},
        )
        assert made.status_code == 201, made.text
        body = made.json()
        again = await client.post(UPLOADS, content=PNG, headers={"content-type": "image/png"})
        listed = (await client.get(UPLOADS)).json()["items"]
    assert (body["mime_type"], body["width"], body["height"]) == ("image/png", 64, 48)
    assert (body["filename"], body["is_uploaded"], body["size_bytes"]) == ("a.png", True, len(PNG))
    assert again.json()["id"] == body["id"]
    assert len(listed) == 1
    (path,) = stored(world)
    assert path.parent.parent.name == str(tenant.id)
    assert path.name == f"{body['checksum']}.png"
    async with world.client(tenant) as visitor:
        shown = await visitor.get(body["url"])
        cached = await visitor.get(body["url"], headers={"if-none-match": shown.headers["etag"]})
    assert (shown.status_code, shown.content) == (200, PNG)
    assert shown.headers["content-type"] == "image/png"
    assert shown.headers["x-content-type-options"] == "nosniff"
    assert "max-age=31536000" in shown.headers["cache-control"]
    assert "sandbox" in shown.headers["content-security-policy"]
    assert cached.status_code == 304
    assert [e.type for e in await world.events(tenant) if e.aggregate_type == "media"] == [
        "media.uploaded"
    ]


@pytest.mark.parametrize(
    "content",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"<html><script>alert(1)</script>",
        b"",
    ],
)
async def test_a_file_that_could_run_is_refused_and_leaves_nothing(
    world: Any, content: bytes
) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant, "editor")) as client:
        answer = await client.post(UPLOADS, content=content, headers={"content-type": "image/png"})
    assert answer.status_code == 415
    assert answer.json()["code"] == "media_type_refused"
    assert stored(world) == []


async def test_a_file_of_another_tenant_or_a_reference_is_not_served(world: Any) -> None:
    one, other = await world.tenant(), await world.tenant()
    async with world.client(one, token=await world.token(one)) as client:
        url = (await client.post(UPLOADS, content=PNG)).json()["url"]
        referred = await client.post(
            f"{UPLOADS}/references",
            json={"url": "https://x.example/a.png", "mime_type": "image/png"},
        )
    async with world.client(other) as visitor:
        assert (await visitor.get(url)).status_code == 404
    async with world.client(one) as visitor:
        path = f"/api/v1/storefront/media/{referred.json()['id']}"
        assert (await visitor.get(path)).status_code == 404


async def test_an_upload_larger_than_ten_mebibytes_is_refused(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        answer = await client.post(UPLOADS, content=PNG + b"\x00" * (10 * 1024 * 1024))
    assert answer.status_code == 413


async def test_a_reference_is_described_deleted_and_kept_while_shown(world: Any) -> None:
    tenant = await world.tenant()
    async with world.write(tenant) as tx:
        item = await media.refer(
            tx, MediaInput(url="https://x.example/a.png", mime_type="image/png")
        )
        node = await nodes.create(
            tx, kind="post", translations={"en": TextInput(title="T")}, featured_media_id=item.id
        )
    async with world.write(tenant) as tx:
        changed = await records.update(tx, item.id, expected_version=1, alt={"en": "A"})
    assert changed.alt == {"en": "A"}
    with pytest.raises(MediaInUse):
        async with world.write(tenant) as tx:
            await records.delete(tx, item.id, expected_version=None)
    async with world.client(tenant, token=await world.token(tenant)) as client:
        path = f"/api/v1/admin/nodes/{node.node.id}"
        freed = await client.patch(
            path, json={"featured_media_id": None}, headers={"if-match": "*"}
        )
        gone = await client.delete(f"{UPLOADS}/{item.id}", headers={"if-match": '"2"'})
    assert (freed.status_code, gone.status_code) == (200, 204)
    types = [e.type for e in await world.events(tenant) if e.aggregate_type == "media"]
    assert types == ["media.uploaded", "media.updated", "media.deleted"]


async def test_an_import_takes_a_file_once(world: Any) -> None:
    tenant = await world.tenant()
    data = MediaInput(url="https://x.example/a.png", mime_type="image/png", alt={"en": "A"})
    async with world.write(tenant) as tx:
        made, first = await media.upsert(tx, data, source="wp", source_id="3")
        same = await media.upsert(tx, data, source="wp", source_id="3")
        moved = await media.upsert(
            tx,
            MediaInput(url="https://y.example/a.png", mime_type="image/png"),
            source="wp",
            source_id="3",
        )
        described = (await media.describe(tx, [made]))[made]
    assert (first, same, moved) == ("created", (made, "unchanged"), (made, "updated"))
    assert (described.url, described.alt) == ("https://y.example/a.png", {"en": "A"})


async def test_files_nobody_names_are_swept_after_an_hour(world: Any) -> None:
    tenant = await world.tenant()
    async with world.client(tenant, token=await world.token(tenant)) as client:
        kept = (await client.post(UPLOADS, content=PNG)).json()
        dropped = (await client.post(UPLOADS, content=PNG + b"2")).json()
        await client.delete(f"{UPLOADS}/{dropped['id']}", headers={"if-match": "*"})
    assert await files.sweep(world.parts) == 0
    foreign = world.parts.media_root / "imports" / str(tenant.id) / "export.csv"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("kept")
    torn = next(path for path in stored(world) if path.suffix == ".png").with_name("torn.part")
    torn.write_bytes(b"x")
    for path in stored(world):
        os.utime(path, (1, 1))
    assert await files.sweep(world.parts) == 2
    assert sorted(path.name for path in stored(world)) == sorted(
        [f"{kept['checksum']}.png", "export.csv"]
    )
