"""Media over HTTP: uploading and describing for editors, the files themselves for everybody."""

from __future__ import annotations

from typing import Final
from uuid import UUID

from rustok.content.media.errors import (
    InvalidMediaUrl,
    MediaInUse,
    MediaNotFound,
    MediaTypeRefused,
    PictureTooLarge,
)
from rustok.content.media.schemas import (
    MediaView,
    ReferToMedia,
    UpdateMedia,
    media_input,
    media_view,
)
from rustok.content.media.service import files
from rustok.content.media.service import records as service
from rustok.core.cache import showing
from rustok.core.pagination import Page, PageRequest
from rustok.core.routing import (
    PUBLIC,
    OpenCall,
    RawBody,
    RawReply,
    ReadCall,
    Reply,
    Routes,
    WriteCall,
)

MAX_UPLOAD_BYTES: Final = 10 * 1024 * 1024
YEAR_SECONDS: Final = 31_536_000

admin = Routes("media", surface="admin", tag="Media")
storefront = Routes("media", surface="storefront", tag="Media")


@admin.post(
    "/media",
    permission="media:create",
    status=201,
    idempotency="none",
    max_body_bytes=MAX_UPLOAD_BYTES,
    summary="Upload a file",
    description=(
        "The body is the file itself (PNG, JPEG, GIF, WebP, AVIF or PDF, at most 10 MiB), `X-Filename` "
        "its name. The type is read from the content. The same content again is the same media."
    ),
    errors=[MediaTypeRefused, PictureTooLarge],
)
async def upload_media(call: OpenCall, data: RawBody) -> Reply[MediaView]:
    item = await files.upload(call, data)
    return Reply(body=media_view(item), location=f"/api/v1/admin/media/{item.id}")


@admin.post(
    "/media/references",
    permission="media:create",
    status=201,
    summary="Take a file by its address",
    errors=[InvalidMediaUrl],
    example=ReferToMedia(
        url="https://cdn.example.com/harbour.webp",
        mime_type="image/webp",
        alt={"en": "Boats in a harbour"},
    ),
)
async def refer_to_media(call: WriteCall, data: ReferToMedia) -> Reply[MediaView]:
    item = await service.refer(call.tx, media_input(data))
    return Reply(body=media_view(item), location=f"/api/v1/admin/media/{item.id}")


@admin.get("/media", permission="media:list", summary="List media, the newest first")
async def list_media(call: ReadCall, query: PageRequest) -> Page[MediaView]:
    page = await service.list_media(call.tx, query)
    return Page(items=[media_view(one) for one in page.items], next_cursor=page.next_cursor)


@admin.get(
    "/media/{media_id}", permission="media:read", summary="Show a media", errors=[MediaNotFound]
)
async def get_media(call: ReadCall, media_id: UUID) -> MediaView:
    return media_view(await service.get(call.tx, media_id))


@admin.patch(
    "/media/{media_id}",
    permission="media:update",
    summary="Describe a media",
    errors=[MediaNotFound],
    example=UpdateMedia(alt={"en": "Boats in a harbour", "de": "Boote im Hafen"}),
)
async def update_media(call: WriteCall, media_id: UUID, data: UpdateMedia) -> MediaView:
    item = await service.update(
        call.tx,
        media_id,
        expected_version=call.expected_version,
        alt=data.alt,
        filename=data.filename,
    )
    return media_view(item)


@admin.delete(
    "/media/{media_id}",
    permission="media:delete",
    summary="Delete a media",
    errors=[MediaNotFound, MediaInUse],
)
async def delete_media(call: WriteCall, media_id: UUID) -> None:
    await service.delete(call.tx, media_id, expected_version=call.expected_version)


@storefront.get(
    "/media/{media_id}",
    permission=PUBLIC,
    cache_seconds=YEAR_SECONDS,
    shows=("media",),
    summary="Fetch an uploaded file",
    errors=[MediaNotFound],
)
async def fetch_media(call: OpenCall, media_id: UUID) -> RawReply:
    async with call.read() as tx:
        item = await service.get(tx, media_id)
    content = await files.read_file(call.parts, call.ctx.tenant_id, item)
    return RawReply(
        content_type=item.mime_type,
        content=content,
        etag=item.checksum,
        shows=(showing.thing("media", media_id),),
        headers={
            "x-content-type-options": "nosniff",
            "cache-control": f"public, max-age={YEAR_SECONDS}, immutable",
            "content-disposition": files.disposition(item),
            "content-security-policy": "default-src 'none'; sandbox",
        },
    )
