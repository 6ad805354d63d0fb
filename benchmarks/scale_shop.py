"""The things the scale generator copies: a shop with products, articles and orders, made by the services.

Refuses: copying; it only fills the scratch database the patterns are taken from.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec

from benchmarks.scale_patterns import PATTERN_TIME, Pattern, Recorder
from benchmarks.servers import database
from rustok.commerce.carts import api as carts
from rustok.commerce.checkout import api as checkout
from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.content.comments import api as comments
from rustok.content.nodes import api as nodes
from rustok.content.taxonomy import api as taxonomy
from rustok.core.db import WriteTx
from rustok.core.postal import PostalAddress
from rustok.core.tenancy import context_for
from rustok.index import storing
from rustok.platform.identity import api as identity
from rustok.platform.tenants import api as tenants
from rustok.server.platform import Platform

PRODUCT_PATTERNS: Final = 12
NODE_PATTERNS: Final = 4
ON_HAND: Final = 1_000_000
PASSWORD: Final = "scale-rustok-today"  # noqa: S105 - of generated people, on a database for tests
ORDER_STATES: Final = ("confirmed", "paid", "shipped", "delivered", "cancelled")
"""One pattern each; lines are of products of the patterns 0 and 1."""

_PARAGRAPHS: Final = (
    "Light as a summer evening, woven by hand in the north and washed in soft water.",
    "Turned from one piece, oiled three times, made to be used every day for years.",
    "Shaped by people who have done nothing else for thirty years, and it shows.",
)


class Patterns(msgspec.Struct, frozen=True):
    """What a generated tenant is made of."""

    tenant: Pattern
    tenant_id: str
    products: tuple[Pattern, ...]
    nodes: tuple[Pattern, ...]
    orders: tuple[Pattern, ...]


def words_of(kind: str, number: int) -> tuple[str, str, str]:
    """The two words and the number that stand for a pattern's own: unlike all others."""
    first, second = ("a", "b") if kind == "product" else ("c", "d")
    base = 0 if kind == "product" else 50
    return f"Word{first}q{number:02}", f"Word{second}q{number:02}", f"7700000{base + number:02}"


@contextmanager
def _facets_seen_by(recorder: Recorder) -> Iterator[None]:
    """Notes the facets of entries as the read model's digest wants them; they are not stored so."""
    make_row = storing._entry_row

    def noted(tx: WriteTx, subject_id: UUID, entry: storing.Entry) -> dict[str, object]:
        text = msgspec.json.encode(entry.facets).decode()
        recorder.facets[str(subject_id), entry.locale] = text
        return make_row(tx, subject_id, entry)

    storing._entry_row = noted
    try:
        yield
    finally:
        storing._entry_row = make_row


async def make_patterns(folder: Path) -> Patterns:
    """Fill a scratch tenant through the services and take the patterns from it."""
    async with database("sqlite", folder) as settings:
        platform = Platform(settings, observer=None)
        platform.db.now = lambda: PATTERN_TIME
        await platform.open()
        try:
            return await _make(platform)
        finally:
            await platform.close()


async def _make(platform: Platform) -> Patterns:
    async with platform.db.system("scale patterns") as tx:
        made = await tenants.create(
            tx,
            slug="worda-770000099",
            name="Scale 770000099",
            default_locale="en",
            currencies=["EUR"],
            modules=frozenset(module.slug for module in platform.modules),
        )
    ctx = context_for(made.profile())
    recorder = Recorder(platform, made.id)
    await identity.create_first_admin(
        platform.parts,
        made.profile(),
        email="admin@770000099.example",
        password=PASSWORD,
        display_name="Admin",
        roles=["admin"],
    )
    with _facets_seen_by(recorder):
        async with platform.db.write(ctx) as tx:
            await tenants.add_domain(tx, host="shop-770000099.example", is_primary=True)
            categories, collection = await _shelves(tx)
            topic, tag = await _topics(tx)
            location = await inventory.open_location(tx, code="main", name="Main")
        tenant = await recorder.step()
        found_products = []
        variants: list[UUID] = []
        for number in range(PRODUCT_PATTERNS):
            async with platform.db.write(ctx) as tx:
                variants += await _product(
                    tx, number, categories[number % 4], collection, location.id
                )
            found_products.append(await recorder.step())
        found_nodes = []
        for number in range(NODE_PATTERNS):
            async with platform.db.write(ctx) as tx:
                await _node(tx, number, topic, tag)
            found_nodes.append(await recorder.step())
        found_orders = []
        for state in ORDER_STATES:
            async with platform.db.write(ctx) as tx:
                await _order(tx, state, [variants[0], variants[2]])
            found_orders.append(await recorder.step())
    return Patterns(
        tenant, str(made.id), tuple(found_products), tuple(found_nodes), tuple(found_orders)
    )


async def _shelves(tx: WriteTx) -> tuple[list[UUID], UUID]:
    text = products.Text(name="Everything", description="All there is.")
    root = await products.create_category(tx, handle="everything", texts={"en": text})
    made = [
        await products.create_category(
            tx,
            handle=name.lower(),
            texts={"en": products.Text(name=name, description=f"All of {name.lower()}.")},
            parent_id=root.category.id,
        )
        for name in ("Clothing", "Kitchen", "Living", "Garden")
    ]
    picked = products.Text(name="Picked", description="What we like.")
    collection = await products.create_collection(tx, handle="picked", texts={"en": picked})
    return [one.category.id for one in made], collection.collection.id


async def _topics(tx: WriteTx) -> tuple[UUID, UUID]:
    text = taxonomy.CategoryText(name="Stories", description="Longer reads.")
    topic = await taxonomy.create_category(tx, texts={"en": text})
    return topic.id, (await taxonomy.create_tag(tx, name="Weekend")).id


async def _product(
    tx: WriteTx, number: int, category: UUID, collection: UUID, location: UUID
) -> list[UUID]:
    first, second, digits = words_of("product", number)
    name = f"{first} {second} {digits}"
    paragraph = " ".join(_PARAGRAPHS[(number + step) % 3] for step in range(4))
    made = await products.create(
        tx,
        products.ProductInput(
            handle=name.lower().replace(" ", "-"),
            vendor=f"Maker {number % 7}",
            product_type=("Shirt", "Bowl", "Lamp", "Pot")[number % 4],
            tags=("summer", f"edition-{number % 5}"),
            translations=(
                products.TranslationInput(
                    locale="en", title=name, description_html=f"<p>{paragraph}</p>"
                ),
            ),
            options=(products.ProductOption(name="Size", values=("S", "M")),),
            variants=tuple(
                products.VariantInput(sku=f"SC-{digits}-{size}", option_values=(size,))
                for size in ("S", "M")
            ),
            images=(products.ImageInput(url=f"https://cdn.example.com/{digits}.webp", alt=name),),
        ),
        category_ids=[category],
    )
    await products.publish(tx, made.product.id)
    if number % 3 == 0:
        await products.add_products(tx, collection, [made.product.id])
    for variant in made.variants:
        await pricing.set_price(tx, variant.id, "EUR", amount_minor=990 + 700 * number)
        await inventory.set_level(tx, variant.id, on_hand=ON_HAND, location_id=location)
    return [one.id for one in made.variants]


async def _node(tx: WriteTx, number: int, topic: UUID, tag: UUID) -> None:
    first, second, digits = words_of("node", number)
    name = f"{first} {second} {digits}"
    body = "\n\n".join(_PARAGRAPHS[(number + step) % 3] for step in range(9))
    node_id, _ = await nodes.upsert(
        tx,
        nodes.NodeInput(
            kind="post" if number % 4 else "page",
            status="published",
            author_name=f"Author {number}",
            translations={
                "en": nodes.TextInput(
                    title=name,
                    handle=name.lower().replace(" ", "-"),
                    excerpt=_PARAGRAPHS[number % 3],
                    body=nodes.MarkdownBody(text=body),
                )
            },
            category_ids=(topic,) if number % 4 else (),
            tag_ids=(tag,) if number % 4 else (),
        ),
        source="scale",
        source_id=digits,
    )
    if number % 4:
        await comments.upsert(
            tx,
            comments.CommentInput(
                node_id=node_id,
                content_html="<p>Well said.</p>",
                author_name="Reader",
                author_email="reader@example.com",
                status="approved",
            ),
            source="scale",
            source_id=digits,
        )


async def _order(tx: WriteTx, state: str, variant_ids: list[UUID]) -> None:
    cart = await carts.create(tx, email="buyer@example.com")
    for variant_id in variant_ids:
        await carts.add_line(tx, cart.id, variant_id=variant_id, quantity=1)
    address = PostalAddress(
        name="Ada Lovelace",
        line1="Lindenallee 5",
        postal_code="20095",
        city="Hamburg",
        country="DE",
    )
    placed = await checkout.place_order(
        tx, cart.id, shipping_address=address, billing_address=address
    )
    order_id = placed.order.id
    if state == "cancelled":
        await checkout.cancel(tx, order_id, reason="Changed my mind")
        return
    if state != "confirmed":
        await checkout.pay(tx, order_id, method="bank_transfer", reference="Scale")
    if state in ("shipped", "delivered"):
        await checkout.ship(tx, order_id, carrier="Post", tracking_number="T-1")
    if state == "delivered":
        await checkout.deliver(tx, order_id, signature="Ada")
