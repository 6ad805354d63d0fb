"""Content of a seeded tenant: nodes and comments in every state, filed, illustrated, in two locales."""

from __future__ import annotations

import itertools
from datetime import timedelta
from typing import Final, Literal, get_args
from uuid import UUID

from rustok.content.comments import api as comments
from rustok.content.media import api as media
from rustok.content.menus import api as menus
from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import WriteTx
from rustok.core.tenancy import Actor

NodeState = Literal["draft", "in_review", "scheduled", "published", "archived"]
CommentState = Literal["pending", "approved", "spam", "trash"]
NODE_STATES: Final[tuple[NodeState, ...]] = get_args(NodeState)
COMMENT_STATES: Final[tuple[CommentState, ...]] = get_args(CommentState)


async def seed_content(tx: WriteTx, marker: str, author: Actor, many: int) -> None:
    picture = await media.refer(
        tx,
        media.MediaInput(
            url=f"https://cdn.example.com/node-{marker}.webp",
            mime_type="image/webp",
            filename=f"node-{marker}.webp",
            alt={"en": f"Alt {marker}"},
        ),
    )
    category_ids, tag_ids = [], []
    for number in range(many):
        text = taxonomy.CategoryText(name=f"Topic {marker} {number}", description=f"On {marker}")
        category_ids.append((await taxonomy.create_category(tx, texts={"en": text})).id)
        tag_ids.append((await taxonomy.create_tag(tx, name=f"Word {marker} {number}")).id)
    await menus.upsert(
        tx,
        menus.MenuInput(
            handle=f"menu-{marker}",
            names={"en": f"Menu {marker}"},
            items=[
                menus.MenuCategoryItem(category_id=one, labels={"en": f"Item {marker}"})
                for one in category_ids
            ],
        ),
        source="seed",
        source_id=marker,
    )
    kind = await nodes.define_kind(
        tx,
        slug=f"kind_{marker}",
        name=f"Kind {marker}",
        is_hierarchical=True,
        fields=[nodes.FieldDefinition(name="note", type="text", label=f"Note {marker}")],
    )
    parent_id: UUID | None = None
    for state in NODE_STATES:
        for slug in ("post", kind.slug):
            node_id, _ = await nodes.upsert(
                tx,
                nodes.NodeInput(
                    kind=slug,
                    status=state,
                    publish_at=tx.now + timedelta(days=2) if state == "scheduled" else None,
                    archived_reason=f"Put away {marker}",
                    parent_id=parent_id if slug == kind.slug else None,
                    author_id=author.id,
                    author_name=f"Author {marker}",
                    featured_media_id=picture.id,
                    fields={"note": f"Note {marker}"} if slug == kind.slug else {},
                    translations={
                        locale: nodes.TextInput(
                            title=f"Title {marker} {locale}",
                            handle=f"{state.replace('_', '-')}-{marker}-{locale}",
                            excerpt=f"Excerpt {marker}",
                            seo_title=f"Seo {marker}",
                            seo_description=f"Seo {marker}",
                            body=nodes.MarkdownBody(text=f"# Body {marker}"),
                        )
                        for locale in ("en", "de")
                    },
                    category_ids=tuple(category_ids),
                    tag_ids=tuple(tag_ids),
                ),
                source="seed",
                source_id=f"{slug}-{state}-{marker}",
            )
            if slug == "post" and state == "published":
                await _comments(tx, node_id, marker, many)
                for number in range(1, many):
                    again = nodes.TextInput(title=f"Title {marker} {number}")
                    await nodes.translate(tx, node_id, "de", again, expected_version=None)
            elif slug == kind.slug:
                parent_id = parent_id or node_id


async def _comments(tx: WriteTx, node_id: UUID, marker: str, many: int) -> None:
    for number, state in itertools.product(range(many), COMMENT_STATES):
        await comments.upsert(
            tx,
            comments.CommentInput(
                node_id=node_id,
                content_html=f"<p>Comment {marker}</p>",
                author_name=f"Reader {marker}",
                author_email=f"reader-{marker}@example.com",
                author_url=f"https://{marker}.example.org/",
                status=state,
            ),
            source="seed",
            source_id=f"{state}-{marker}-{number}",
        )
