"""Writes content drafts: terms, media, nodes with their terms and comments; each in one transaction.

Refuses: making users. Authors stay names on their nodes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.content.nodes import api as nodes
from rustok.core.db import WriteTx
from rustok.importers.drafts import (
    AuthorDraft,
    ContentDraft,
    MediaDraft,
    MenuDraft,
    NodeDraft,
    TermDraft,
)
from rustok.importers.model import ImportOptions
from rustok.importers.report import Issue, Outcome
from rustok.importers.writing.blame import Place, blame
from rustok.importers.writing.comments import put_comments
from rustok.importers.writing.content_inputs import (
    SOURCE,
    Links,
    column_of,
    node_input,
    node_issue,
)
from rustok.importers.writing.menus import put_menu
from rustok.importers.writing.terms import TAXONOMIES, Shelves
from rustok.importers.writing.writer import Written

_FIELD: Final = re.compile(r"/([a-z_]+)(?:/|$)")
_OF_CODE: Final = {
    "node_parent_unusable": "parent_id",
    "featured_media_unknown": "featured_media_id",
    "node_kind_unknown": "kind",
    "invalid_node_body": "body",
    "invalid_media_url": "url",
    "content_category_parent_unusable": "parent_id",
}


class ContentWriter:
    """Args:
    options: of the run, settled.
    """

    def __init__(self, options: ImportOptions) -> None:
        self._options = options
        self._known_as = options.known_as
        self._locale = options.locale or "en"
        self._shelves = Shelves(options)
        self._authors: dict[str, str] = {}
        self._menus: dict[str, MenuDraft] = {}
        self._in_file: set[str] = set()
        self._late: dict[str, NodeDraft] = {}

    @property
    def menus(self) -> list[dict[str, object]]:
        """The menus of the file, for the report."""
        return [msgspec.to_builtins(menu) for menu in self._menus.values()]

    def remember(self, draft: ContentDraft) -> None:
        match draft:
            case AuthorDraft():
                self._authors[draft.login] = draft.display_name or draft.login
            case TermDraft():
                self._shelves.remember_term(draft)
            case MediaDraft():
                self._shelves.remember_media(draft)
            case MenuDraft():
                self._menus[draft.source_id] = draft
            case NodeDraft():
                self._in_file.add(draft.source_id)
                # Whether a node written by an earlier run is linked already is not known here.
                if _refers(draft):
                    self._late[draft.source_id] = draft

    def begin(self) -> None:
        self._shelves.begin()

    async def look_ahead(self, tx: WriteTx, drafts: Sequence[ContentDraft]) -> None:
        """Nothing is looked up ahead."""

    async def settle(self, tx: WriteTx) -> None:
        """Nothing is kept back."""

    def committed(self) -> None:
        self._shelves.committed()

    async def write(
        self,
        tx: WriteTx,
        draft: ContentDraft,
        *,
        careful: bool,  # noqa: ARG002 - the features number handles themselves
    ) -> Written:
        """Bring the tenant to what the draft says; `careful` makes no difference here.

        Raises:
            As the upserts of taxonomy, media, nodes, comments and menus.

        Emits: as these
        """
        match draft:
            case AuthorDraft():
                return Written(outcomes=(("author", "unchanged"),))
            case MenuDraft():
                return await put_menu(
                    tx, draft, self._shelves, self._options, in_file=self._in_file
                )
            case TermDraft():
                return await self._term(tx, draft)
            case MediaDraft():
                return Written(outcomes=(("media", (await self._shelves.put_media(tx, draft))[1]),))
            case NodeDraft():
                return await self._node(tx, draft)

    async def _term(self, tx: WriteTx, draft: TermDraft) -> Written:
        if draft.taxonomy not in TAXONOMIES:
            issue = Issue(
                code="taxonomy_skipped",
                message=f"Terms of {draft.taxonomy[:60]!r} have no place in content.",
                severity="info",
                row=draft.row,
                column="wp:term_taxonomy",
            )
            return Written(outcomes=(("term", "skipped"),), issues=(issue,))
        _, outcome = await self._shelves.put_term(tx, draft)
        return Written(outcomes=(("term", outcome),))

    async def _node(self, tx: WriteTx, draft: NodeDraft) -> Written:
        issues: list[Issue] = []
        if draft.status == "trash":
            found = await nodes.find_imported(
                tx, source=SOURCE, source_id=self._known_as(draft.source_id)
            )
            message = "The node is in the bin where it comes from; it is left out."
            issues.append(node_issue(draft, "node_in_bin", message, "kind"))
            if found is None:
                return Written(outcomes=(("node", "skipped"),), issues=tuple(issues))
        links, is_complete = await self._links(tx, draft, issues)
        node_id, outcome = await self._upsert(tx, draft, links, issues)
        outcomes: list[tuple[str, Outcome]] = [("node", outcome)]
        outcomes += await put_comments(tx, node_id, draft, issues, self._known_as)
        if is_complete:
            self._late.pop(draft.source_id, None)
        return Written(outcomes=tuple(outcomes), issues=tuple(issues))

    async def _upsert(
        self, tx: WriteTx, draft: NodeDraft, links: Links, issues: list[Issue]
    ) -> tuple[UUID, Outcome]:
        author = self._authors.get(draft.author_login or "", draft.author_login)
        wanted = node_input(draft, links, locale=self._locale, author_name=author, issues=issues)
        return await nodes.upsert(
            tx, wanted, source=SOURCE, source_id=self._known_as(draft.source_id)
        )

    async def _links(
        self, tx: WriteTx, draft: NodeDraft, issues: list[Issue]
    ) -> tuple[Links, bool]:
        """What the node refers to, and whether all of it is there."""
        categories: list[UUID] = []
        tags: list[UUID] = []
        for ref in draft.terms:
            if ref.taxonomy == "category":
                categories.append(await self._shelves.term_id(tx, ref))
            elif ref.taxonomy == "tag":
                tags.append(await self._shelves.term_id(tx, ref))
        parent: UUID | msgspec.UnsetType | None = None
        if draft.parent_source_id is not None:
            if draft.kind == "page":
                found = await nodes.find_imported(
                    tx, source=SOURCE, source_id=self._known_as(draft.parent_source_id)
                )
                parent = msgspec.UNSET if found is None else found
            else:
                message = f"Nodes of the kind {draft.kind!r} stand below none."
                issues.append(node_issue(draft, "parent_dropped", message, "parent_id"))
        featured: UUID | msgspec.UnsetType | None = None
        if draft.featured_media_source_id is not None:
            medium = await self._shelves.media_id(tx, draft.featured_media_source_id)
            featured = msgspec.UNSET if medium is None else medium
        links = Links(
            parent_id=parent,
            featured_media_id=featured,
            category_ids=tuple(dict.fromkeys(categories)),
            tag_ids=tuple(dict.fromkeys(tags)),
        )
        return links, msgspec.UNSET not in (parent, featured)

    def late(self) -> Sequence[NodeDraft]:
        """Nodes whose parent or picture came after them, in the order of the file."""
        return tuple(self._late.values())

    async def write_late(self, tx: WriteTx, draft: ContentDraft) -> tuple[Issue, ...]:
        """Link a node to its parent and its picture.

        Emits: node.updated where something was missing
        """
        if not isinstance(draft, NodeDraft):
            return ()
        if (
            await nodes.find_imported(tx, source=SOURCE, source_id=self._known_as(draft.source_id))
            is None
        ):
            return ()  # it failed or was left out, and that was said
        links, _ = await self._links(tx, draft, [])
        issues: list[Issue] = []
        if links.parent_id is msgspec.UNSET and draft.parent_source_id not in self._in_file:
            message = "The parent is not in the file; the node stands at the top."
            issues.append(
                node_issue(draft, "parent_missing", message, "parent_id", severity="warning")
            )
        if links.featured_media_id is msgspec.UNSET:
            message = "The picture of the node is not in the file."
            issues.append(
                node_issue(
                    draft, "picture_missing", message, "featured_media_id", severity="warning"
                )
            )
        await self._upsert(tx, draft, links, [])
        return tuple(issues)

    def blame(self, draft: ContentDraft, error: Exception) -> tuple[Issue, ...]:
        """The issues of an error, at the line of the draft and the element that caused it."""

        def place_of(code: str, pointer: str) -> Place:
            named = (column_of(name) for name in reversed(_FIELD.findall(pointer)))
            element = next((one for one in named if one), None)
            return draft.row, element or column_of(_OF_CODE.get(code, ""))

        return blame(error, place_of)


def _refers(draft: NodeDraft) -> bool:
    return draft.featured_media_source_id is not None or (
        draft.parent_source_id is not None and draft.kind == "page"
    )
