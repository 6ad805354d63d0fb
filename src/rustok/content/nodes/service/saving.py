"""The one way content is written: what differs is checked, stored, announced and kept as a revision.

Refuses: deciding who may (service.access) and moving through the lifecycle (service.steps).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.content.media import api as media
from rustok.content.nodes.errors import (
    InvalidFields,
    LastTranslation,
    LocaleNotEnabled,
    MediaUnknown,
    NodeHandleTaken,
    NodeKindUnknown,
    ParentUnusable,
)
from rustok.content.nodes.events import (
    BodyUpdated,
    NodeCreated,
    NodeTranslationUpdated,
    NodeUpdated,
)
from rustok.content.nodes.model.bodies import Rendered, read_body, render
from rustok.content.nodes.model.content import Difference, NodeContent, Revision, difference
from rustok.content.nodes.model.kinds import BUILT_IN, NodeKind, check_values, references
from rustok.content.nodes.model.node import DraftNode, Node
from rustok.content.nodes.repository import kinds, nodes, revisions, texts
from rustok.content.nodes.repository.texts import FullTextRow
from rustok.core.db import ReadTx, WriteTx
from rustok.core.errors import FieldError
from rustok.core.ids import new_id
from rustok.core.locale import parse_locale
from rustok.core.security.identifiers import handle_from_title, parse_handle

MAX_DEPTH = 8
_CANDIDATES = 60


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """A node with its texts as they are in the database."""

    node: Node
    texts: list[FullTextRow]

    @property
    def content(self) -> NodeContent:
        shared = {name: getattr(self.node, name) for name in _SHARED}
        return NodeContent(
            **shared, translations={row.locale: row.translation() for row in self.texts}
        )


_SHARED = tuple(name for name in NodeContent.__struct_fields__ if name != "translations")


async def load(tx: ReadTx, node_id: UUID) -> Stored:
    """Raises NodeNotFound."""
    node = await nodes.get(tx, node_id)
    return Stored(node=node, texts=(await texts.list_full_texts(tx, [node_id])).get(node_id, []))


async def load_locked(tx: WriteTx, node_id: UUID) -> Stored:
    """As `load`, held against other writers. Raises NodeNotFound."""
    node = await nodes.lock(tx, node_id)
    return Stored(node=node, texts=(await texts.list_full_texts(tx, [node_id])).get(node_id, []))


async def kind_of(tx: ReadTx, slug: str) -> NodeKind:
    """The kind named, the tenant's own definition before the built-in one.

    Raises:
        NodeKindUnknown: there is neither.
    """
    found = await kinds.find_by_slug(tx, slug) or BUILT_IN.get(slug)
    if found is None:
        raise NodeKindUnknown(slug)
    return found


def check_locale(tx: ReadTx, locale: str, *, pointer: str) -> str:
    """The canonical tag. Raises InvalidLocale, LocaleNotEnabled."""
    tag = parse_locale(locale, pointer=pointer)
    if tag not in tx.ctx.tenant.locales:
        raise LocaleNotEnabled(tag, pointer=pointer)
    return tag


async def media_exists(tx: ReadTx, media_id: UUID) -> bool:
    return media_id in await media.describe(tx, [media_id])


async def choose_handle(
    tx: ReadTx,
    *,
    kind: str,
    locale: str,
    node_id: UUID,
    wanted: str | None,
    title: str,
    adapt: bool = False,
) -> str:
    """The handle wanted, or one made from the title, with a number where it is taken.

    Args:
        adapt: number a wanted handle too, instead of refusing it.

    Raises:
        InvalidHandle, NodeHandleTaken.
    """
    base = (
        parse_handle(wanted, pointer="/handle")
        if wanted
        else handle_from_title(title, max_length=190)
    )
    stem = base[:190].rstrip("-")
    candidates = [base, *(f"{stem}-{number}" for number in range(2, _CANDIDATES))]
    taken = await texts.taken_handles(
        tx, kind=kind, locale=locale, node_id=node_id, handles=candidates
    )
    if wanted and not adapt and base in taken:
        raise NodeHandleTaken(base, locale)
    free = next((one for one in candidates if one not in taken), None)
    return free or f"{base[:160].rstrip('-')}-{node_id}"


async def add(
    tx: WriteTx,
    *,
    node_id: UUID,
    kind: NodeKind,
    content: NodeContent,
    source: str | None = None,
    source_id: str | None = None,
    created_at: datetime | None = None,
) -> Stored:
    """Store a new draft with its first revision.

    Raises:
        InvalidFields, InvalidBody, ParentUnusable, MediaUnknown.

    Emits: node.created, body.updated for each body
    """
    content = await _checked(tx, node_id, kind, None, content)
    bodies = _rendered(content, difference(None, content))
    shared = {name: getattr(content, name) for name in _SHARED}
    node = DraftNode(
        id=node_id,
        kind=kind.slug,
        **shared,
        source=source,
        source_id=source_id,
        revision=1,
        version=1,
        created_at=created_at or tx.now,
        updated_at=tx.now,
    )
    await nodes.add(tx, node)
    tx.emit(NodeCreated(node_id=node_id, kind=kind.slug, author_id=content.author_id))
    for locale, text in content.translations.items():
        await texts.put_text(tx, node_id, kind.slug, locale, text, is_new=True)
    await _put_bodies(tx, node_id, bodies)
    await _keep(tx, node_id, 1, ["created"], content)
    return await load(tx, node_id)


async def save(
    tx: WriteTx, stored: Stored, content: NodeContent, *, note: str | None = None
) -> Stored:
    """Store what differs; nothing differs: nothing is written or announced.

    Args:
        note: said in the revision beside what changed ("restored:3").

    Raises:
        InvalidFields, InvalidBody, ParentUnusable, MediaUnknown, LastTranslation, ConcurrentUpdate.

    Emits: node.updated, node.translation_updated per locale, body.updated per body
    """
    node, before = stored.node, stored.content
    changed = difference(before, content)
    if not changed.summary:
        return stored
    if not content.translations:
        raise LastTranslation
    kind = await kind_of(tx, node.kind)
    content = await _checked(tx, node.id, kind, before, content)
    changed = difference(before, content)
    if not changed.summary:
        return stored
    bodies = _rendered(content, changed)
    columns = {name: getattr(content, name) for name in changed.node}
    await nodes.store(tx, node, revision=node.revision + 1, **columns)
    if changed.node:
        tx.emit(NodeUpdated(node_id=node.id, changed=changed.node))
    await _put_texts(tx, node, before, content, changed)
    await _put_bodies(tx, node.id, bodies)
    summary = [*([note] if note else []), *changed.summary]
    await _keep(tx, node.id, node.revision + 1, summary, content)
    return await load(tx, node.id)


async def _put_texts(
    tx: WriteTx, node: Node, before: NodeContent, content: NodeContent, changed: Difference
) -> None:
    for locale in changed.removed:
        await texts.remove_text(tx, node.id, locale)
        tx.emit(NodeTranslationUpdated(node_id=node.id, locale=locale, changed=("removed",)))
    for locale, names in changed.translations.items():
        is_new = locale not in before.translations
        await texts.put_text(
            tx, node.id, node.kind, locale, content.translations[locale], is_new=is_new
        )
        tx.emit(NodeTranslationUpdated(node_id=node.id, locale=locale, changed=names))


async def _put_bodies(tx: WriteTx, node_id: UUID, bodies: dict[str, Rendered | None]) -> None:
    for locale, body in bodies.items():
        await texts.put_body(tx, node_id, locale, body)
        tx.emit(BodyUpdated(node_id=node_id, locale=locale, format=body.format if body else "html"))


async def _keep(
    tx: WriteTx, node_id: UUID, number: int, changed: list[str], content: NodeContent
) -> None:
    await revisions.add(
        tx,
        Revision(
            id=new_id(),
            node_id=node_id,
            number=number,
            author_id=tx.ctx.actor.id,
            changed=changed,
            content=content,
            created_at=tx.now,
        ),
    )


def _rendered(content: NodeContent, changed: Difference) -> dict[str, Rendered | None]:
    bodies: dict[str, Rendered | None] = {}
    for locale in changed.bodies:
        body = content.translations[locale].body
        pointer = f"/translations/{locale}/body"
        bodies[locale] = (
            None if body is None else render(read_body(body.format, body.source), pointer=pointer)
        )
    return bodies


async def _checked(
    tx: WriteTx, node_id: UUID, kind: NodeKind, before: NodeContent | None, content: NodeContent
) -> NodeContent:
    """`content` with canonical field values, its references proved; what did not change is not asked for."""
    if before is None or content.fields != before.fields:
        fields = check_values(kind, content.fields)
        content = msgspec.structs.replace(content, fields=fields)
        await _check_references(tx, kind, content)
    featured = content.featured_media_id
    is_new = before is None or featured != before.featured_media_id
    if featured is not None and is_new and not await media_exists(tx, featured):
        raise MediaUnknown(featured)
    if content.parent_id is not None and (before is None or content.parent_id != before.parent_id):
        await _check_parent(
            tx, kind, content.parent_id, moved=node_id if before is not None else None
        )
    return content


async def _check_references(tx: WriteTx, kind: NodeKind, content: NodeContent) -> None:
    wanted = references(kind, content.fields)
    there = await nodes.existing(tx, [one for ids in wanted.values() for one in ids])
    missing = [name for name, ids in wanted.items() if not there.issuperset(ids)]
    if missing:
        message = "there is no node with this id."
        raise InvalidFields(
            kind.slug,
            [
                FieldError(pointer=f"/fields/{name}", rule="reference", message=message)
                for name in missing
            ],
        )


async def _check_parent(
    tx: WriteTx, kind: NodeKind, parent_id: UUID, *, moved: UUID | None
) -> None:
    if not kind.is_hierarchical:
        raise ParentUnusable(f"Nodes of the kind '{kind.slug}' stand below none.")
    chain = (await nodes.ancestors(tx, [parent_id])).get(parent_id, [])
    await nodes.lock_some(tx, [parent_id, *chain, *([moved] if moved else [])])
    # Read again under the lock: another move may have come first.
    parents = await nodes.find_some(tx, [parent_id])
    if not parents or parents[0].kind != kind.slug:
        raise ParentUnusable("There is no node of this kind with the id given as parent.")
    chain = (await nodes.ancestors(tx, [parent_id])).get(parent_id, [])
    if moved is not None and moved in (parent_id, *chain):
        raise ParentUnusable("A node cannot stand below itself.")
    height = await nodes.height(tx, moved) if moved is not None else 0
    if len(chain) + 2 + height > MAX_DEPTH:
        raise ParentUnusable(f"Nodes nest at most {MAX_DEPTH} deep.")
