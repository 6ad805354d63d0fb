"""Makes the documents of a node, one per locale, from what the content feature says of it.

Pure: the same description gives the same bytes. Refuses: what is not published, or is protected.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import msgspec

from rustok.content.nodes.api import NodeDescription, TextDescription
from rustok.content.taxonomy.api import CategoryDescription
from rustok.core.locale import fallback_chain
from rustok.core.tenancy import TenantProfile
from rustok.index.nodes.schemas import NodeCard, NodeDocument, PictureView, TermView
from rustok.index.search import HIDDEN_FACET
from rustok.index.shelves import Facet, SearchText
from rustok.index.storing import Document, Entry, Made
from rustok.index.words import searchable

EXCERPT_CHARACTERS: Final = 300
_encode: Final = msgspec.json.Encoder().encode


Above = Mapping[UUID, CategoryDescription]


def make(node: NodeDescription, tenant: TenantProfile, *, above: Above) -> Made:
    """The documents and entries of a node; none when readers may not see it.

    Args:
        above: the categories that lie above the node's own.
    """
    texts = {
        tag: text
        for tag in tenant.locales
        if (text := text_for(node, fallback_chain(tag, default=tenant.default_locale))) is not None
    }
    if node.status != "published" or node.is_protected or node.published_at is None:
        texts = {}
    alternates = {tag: text.handle for tag, text in texts.items()}
    chains = {tag: fallback_chain(tag, default=tenant.default_locale) for tag in texts}
    return Made(
        subject_id=node.id,
        documents=tuple(
            _document(node, text, locale=tag, chain=chains[tag], alternates=alternates)
            for tag, text in texts.items()
        ),
        entries=tuple(
            _entry(node, text, locale=tag, chain=chains[tag], above=above)
            for tag, text in texts.items()
        ),
    )


def text_for(node: NodeDescription, chain: Sequence[str]) -> TextDescription | None:
    """The texts for a reader with this fallback chain; another language before nothing at all."""
    for tag in (*chain, *sorted(node.texts)):
        if tag in node.texts:
            return node.texts[tag]
    return None


def _nearest(names: Mapping[str, str], chain: Sequence[str], fallback: str) -> str:
    found = (names[tag] for tag in chain if names.get(tag))
    return next(found, next(iter(names.values()), fallback))


def _excerpt(text: TextDescription) -> str:
    shown = text.excerpt or text.body_text
    if len(shown) <= EXCERPT_CHARACTERS:
        return shown
    return shown[:EXCERPT_CHARACTERS].rsplit(" ", 1)[0] + "…"


def _document(
    node: NodeDescription,
    text: TextDescription,
    *,
    locale: str,
    chain: Sequence[str],
    alternates: dict[str, str],
) -> Document:
    if node.published_at is None:
        raise TypeError("a node without a time of publication has no document")
    picture = node.featured_media
    image = (
        PictureView(
            url=picture.url,
            alt=_nearest(picture.alt, chain, text.title),
            width=picture.width,
            height=picture.height,
        )
        if picture is not None
        else None
    )
    categories = [
        TermView(handle=one.handle, name=_nearest(one.names, chain, one.handle))
        for one in node.categories
    ]
    tags = [TermView(handle=one.handle, name=one.name) for one in node.tags]
    excerpt = _excerpt(text)
    card = NodeCard(
        id=node.id,
        kind=node.kind,
        handle=text.handle,
        path=list(text.path),
        title=text.title,
        excerpt=excerpt,
        image=image,
        author_id=node.author_id,
        author_name=node.author_name,
        categories=categories,
        tags=tags,
        is_sticky=node.is_sticky,
        menu_order=node.menu_order,
        parent_id=node.parent_id,
        published_at=node.published_at,
        updated_at=node.updated_at,
    )
    document = NodeDocument(
        id=node.id,
        kind=node.kind,
        handle=text.handle,
        path=list(text.path),
        title=text.title,
        excerpt=text.excerpt,
        body_html=text.body_html,
        seo_title=text.seo_title or text.title,
        seo_description=text.seo_description or excerpt,
        locale=locale,
        text_locale=text.locale,
        image=image,
        author_id=node.author_id,
        author_name=node.author_name,
        categories=categories,
        tags=tags,
        fields=node.fields,
        comment_policy=node.comment_policy,
        is_sticky=node.is_sticky,
        menu_order=node.menu_order,
        parent_id=node.parent_id,
        ancestor_ids=list(node.ancestor_ids),
        alternates=alternates,
        published_at=node.published_at,
        updated_at=node.updated_at,
    )
    return Document(
        locale=locale,
        handle=text.handle,
        title=text.title,
        published_at=node.published_at,
        columns={"kind": node.kind, "is_sticky": node.is_sticky},
        card=_encode(card),
        document=_encode(document),
    )


def _entry(
    node: NodeDescription,
    text: TextDescription,
    *,
    locale: str,
    chain: Sequence[str],
    above: Above,
) -> Entry:
    facets = facets_of(node, chain, above)
    labels = [one.label for one in facets if one.kind != HIDDEN_FACET]
    return Entry(
        locale=locale,
        text=SearchText(
            title=searchable(text.title),
            keywords=searchable(*labels, node.author_name),
            body=searchable(text.excerpt, text.body_text),
        ),
        facets=facets,
    )


def facets_of(node: NodeDescription, chain: Sequence[str], above: Above) -> tuple[Facet, ...]:
    """What the node can be filtered by; hidden ones say what else its documents depend on.

    A category is found under all that lie above it, too.
    """
    own = {one.id: one for one in node.categories}
    upper = {one: above[one] for c in node.categories for one in c.ancestor_ids if one in above}
    facets = [
        Facet(
            kind="category",
            value=one.handle,
            label=_nearest(one.names, chain, one.handle),
            ref_id=one.id,
        )
        for one in (upper | own).values()
    ]
    facets += [
        Facet(kind="tag", value=one.handle, label=one.name, ref_id=one.id) for one in node.tags
    ]
    if node.author_name:
        facets.append(Facet(kind="author", value=node.author_name, label=node.author_name))
    dependencies = list(node.ancestor_ids)
    if node.featured_media is not None:
        dependencies.append(node.featured_media.id)
    facets += [
        Facet(kind=HIDDEN_FACET, value=str(one), label="", ref_id=one) for one in dependencies
    ]
    return tuple(facets)
