"""A tenant with a small shop and a small magazine, in two languages and two currencies."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.content.comments import api as comments
from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.core.tenancy import TenantProfile


class Furnished(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant and the ids of what it sells."""

    tenant: TenantProfile
    cup_id: UUID
    shirt_ids: tuple[UUID, ...]


async def _product(
    tx: Any,
    wanted: products.ProductInput,
    *,
    prices: dict[str, int],
    stock: tuple[int, ...],
    compare_at_minor: int | None = None,
) -> tuple[UUID, ...]:
    made = await products.upsert(tx, wanted, source="test", source_id=wanted.handle)
    for variant_id, on_hand in zip(made.variant_ids, stock, strict=True):
        for currency, amount_minor in prices.items():
            await pricing.set_price(
                tx,
                variant_id,
                currency,
                amount_minor=amount_minor,
                compare_at_minor=compare_at_minor,
            )
        if on_hand:
            await inventory.set_level(tx, variant_id, on_hand=on_hand)
    return made.variant_ids


@pytest.fixture
async def furnished(world: Any) -> Furnished:
    """Two products (one with a variant sold out), a post, a page with a page below it."""
    tenant = await world.tenant(locales=["en", "de"], currencies=["EUR", "USD"], name="Fjord & Co")
    text = products.TranslationInput
    async with world.write(tenant) as tx:
        cup = await _product(
            tx,
            products.ProductInput(
                handle="birch-cup",
                status="active",
                translations=(
                    text(locale="en", title="Birch cup", description_html="<p>Carved by hand.</p>"),
                    text(locale="de", title="Birkentasse", handle="birkentasse"),
                ),
                categories=(("Kitchen",),),
                tags=("wood",),
                variants=(products.VariantInput(sku="CUP"),),
                images=(products.ImageInput(url="demo://shop/images/kuksa-birch-cup.svg"),),
            ),
            prices={"EUR": 3900, "USD": 4300},
            compare_at_minor=4900,
            stock=(5,),
        )
        shirt = await _product(
            tx,
            products.ProductInput(
                handle="shirt",
                status="active",
                translations=(text(locale="en", title="<b>Shirt</b> & tie"),),
                options=(products.ProductOption(name="Size", values=("S", "M")),),
                variants=(
                    products.VariantInput(sku="S", option_values=("S",)),
                    products.VariantInput(sku="M", option_values=("M",)),
                ),
            ),
            prices={"EUR": 10000},
            stock=(2, 0),
        )
        kitchen = await taxonomy.ensure_category_path(tx, ["Walking"], locale="en")
        post = await nodes.create(
            tx,
            kind="post",
            author_name="Ines",
            translations={
                "en": nodes.TextInput(
                    title="Winter light",
                    handle="winter-light",
                    excerpt="When the sun sets at four.",
                    body=nodes.HtmlBody(text="<p>Dark <em>paths</em></p><script>alert(1)</script>"),
                )
            },
        )
        await nodes.publish(tx, post.node.id)
        await nodes.file_under(tx, post.node.id, expected_version=None, category_ids=[kitchen])
        asked, _ = await comments.upsert(
            tx,
            comments.CommentInput(
                node_id=post.node.id,
                content_html="<p>Which lamp?</p><script>alert(2)</script>",
                author_name="Ada & Co",
                status="approved",
            ),
            source="test",
            source_id="1",
        )
        await comments.upsert(
            tx,
            comments.CommentInput(
                node_id=post.node.id,
                parent_id=asked,
                content_html="<p>A small one.</p>",
                author_name="Ines",
                status="approved",
            ),
            source="test",
            source_id="2",
        )
        about = await nodes.create(
            tx, kind="page", translations={"en": nodes.TextInput(title="About", handle="about")}
        )
        await nodes.publish(tx, about.node.id)
        team = await nodes.create(
            tx,
            kind="page",
            parent_id=about.node.id,
            translations={"en": nodes.TextInput(title="Team", handle="team")},
        )
        await nodes.publish(tx, team.node.id)
    await world.drain()
    return Furnished(tenant=tenant, cup_id=cup[0], shirt_ids=shirt)


@pytest.fixture
async def browser(world: Any, furnished: Furnished) -> AsyncIterator[httpx.AsyncClient]:
    """A visitor of the furnished tenant: keeps cookies, asks for HTML, as a browser does."""
    async with world.client(furnished.tenant, Accept="text/html,*/*;q=0.8") as client:
        client.headers["Sec-Fetch-Site"] = "same-origin"
        yield client
