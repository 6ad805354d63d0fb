"""Finds or makes the categories, tags and media that nodes refer to, whatever their order in the file.

Refuses: trusting ids of a transaction that did not commit.
"""

from __future__ import annotations

from typing import Final, Literal
from uuid import UUID

from rustok.content.media import api as media
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import WriteTx
from rustok.importers.drafts import MediaDraft, TermDraft, TermRef
from rustok.importers.model import ImportOptions
from rustok.importers.report import Outcome
from rustok.importers.writing.content_inputs import SOURCE, category_input, media_input

TAXONOMIES: Final = frozenset({"category", "tag"})
Key = tuple[str, str]


class Shelves:
    """What the file says of terms and media, and their ids as far as they are certain.

    Args:
        options: of the run, settled.
    """

    def __init__(self, options: ImportOptions) -> None:
        self._known_as = options.known_as
        self._locale = options.locale or "en"
        self._terms: dict[Key, TermDraft] = {}
        self._media: dict[str, MediaDraft] = {}
        self._certain: dict[Key, UUID] = {}
        self._made: dict[Key, UUID] = {}

    def remember_term(self, draft: TermDraft) -> None:
        self._terms[(draft.taxonomy, draft.slug)] = draft

    def remember_media(self, draft: MediaDraft) -> None:
        self._media[draft.source_id] = draft

    def begin(self) -> None:
        """A transaction begins: ids of one that was given up are forgotten."""
        self._made = {}

    def committed(self) -> None:
        """The transaction is certain, and so are the ids met in it."""
        self._certain |= self._made
        self._made = {}

    async def put_term(self, tx: WriteTx, draft: TermDraft) -> tuple[UUID, Outcome]:
        """Create or change the term of a draft, its parents first.

        Emits: category.created, category.updated, tag.created, tag.updated
        """
        key = (draft.taxonomy, draft.slug)
        if draft.taxonomy == "tag":
            wanted = taxonomy.TagInput(handle=draft.slug, name=draft.name)
            made = await taxonomy.upsert_tag(
                tx, wanted, source=SOURCE, source_id=self._known_as(f"tag:{draft.source_id}")
            )
        else:
            parent_id = None
            if draft.parent_slug is not None:
                name = TermRef(
                    taxonomy=draft.taxonomy, slug=draft.parent_slug, name=draft.parent_slug
                )
                parent_id = await self.term_id(tx, name)
            made = await taxonomy.upsert_category(
                tx,
                category_input(draft, locale=self._locale, parent_id=parent_id),
                source=SOURCE,
                source_id=self._known_as(f"category:{draft.source_id}"),
            )
        self._made[key] = made[0]
        return made

    async def term_id(self, tx: WriteTx, ref: TermRef) -> UUID:
        """The id of a term a node names, made when nothing else in the file describes it."""
        key = (ref.taxonomy, ref.slug)
        known = self._made.get(key) or self._certain.get(key)
        if known is not None:
            return known
        draft = self._terms.get(key) or TermDraft(
            source_id=f"{ref.taxonomy}:{ref.slug}",
            taxonomy=ref.taxonomy,
            slug=ref.slug,
            name=ref.name,
            description="",
            parent_slug=None,
            row=0,
        )
        return (await self.put_term(tx, draft))[0]

    async def described_term(
        self, tx: WriteTx, kind: Literal["category", "tag"], source_id: str
    ) -> tuple[UUID, str, str] | None:
        """Id, handle and name of a term by its id in the file; None when the file has none such."""
        draft = next(
            (
                one
                for (taxonomy_name, _), one in self._terms.items()
                if taxonomy_name == kind and one.source_id == source_id
            ),
            None,
        )
        if draft is None:
            return None
        name = TermRef(taxonomy=kind, slug=draft.slug, name=draft.name)
        term_id = await self.term_id(tx, name)
        if kind == "category":
            return term_id, draft.slug, draft.name
        tag = (await taxonomy.describe_tags(tx, [term_id]))[term_id]
        return term_id, tag.handle, tag.name

    async def put_media(self, tx: WriteTx, draft: MediaDraft) -> tuple[UUID, Outcome]:
        """Create or change the media of a draft. Emits: media.uploaded, media.updated"""
        made = await media.upsert(
            tx,
            media_input(draft, locale=self._locale),
            source=SOURCE,
            source_id=self._known_as(draft.source_id),
        )
        self._made[("media", draft.source_id)] = made[0]
        return made

    async def media_id(self, tx: WriteTx, source_id: str) -> UUID | None:
        """The id of a media a node names; None when the file has not shown it so far."""
        key = ("media", source_id)
        known = self._made.get(key) or self._certain.get(key)
        if known is not None:
            return known
        draft = self._media.get(source_id)
        return None if draft is None else (await self.put_media(tx, draft))[0]
