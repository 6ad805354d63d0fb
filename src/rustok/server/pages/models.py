"""What the templates show, apart from how read models are stored; refuses markup but for `*_html`.

A field ending in `_html` holds markup that was sanitised when it was written; templates mark it as
safe and nothing else.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import msgspec

from rustok.core.money import Money


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A link; `is_current` when the reader is there, `count` when it says how much is behind it."""

    label: str
    href: str
    is_current: bool = False
    count: int | None = None
    lang: str | None = None


class Image(msgspec.Struct, frozen=True, kw_only=True):
    """A picture as stored: its address may be `demo://` or relative; see `assets.image_src`."""

    url: str
    alt: str = ""


class ProductCard(msgspec.Struct, frozen=True, kw_only=True):
    """A product in a grid.

    Attributes:
        price: the lowest there is; None when there is none in this currency.
        has_range: variants have different prices, so `price` reads "from".
        compare_at: the former price, when it is higher.
    """

    handle: str
    title: str
    image: Image | None
    price: Money | None
    has_range: bool
    compare_at: Money | None
    in_stock: bool
    vendor: str | None = None


class VariantRow(msgspec.Struct, frozen=True, kw_only=True):
    """A variant to choose; without `price` it is not sold in this currency."""

    id: UUID
    title: str
    sku: str | None
    price: Money | None
    compare_at: Money | None
    in_stock: bool


class OptionChoice(msgspec.Struct, frozen=True, kw_only=True):
    """An option of a product and its values in order."""

    name: str
    values: tuple[str, ...]


class ProductDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A product on its own page.

    Attributes:
        external_url: where it is sold, when it is sold elsewhere.
        alternates: the path of this page by locale.
    """

    card: ProductCard
    description_html: str
    images: tuple[Image, ...]
    options: tuple[OptionChoice, ...]
    variants: tuple[VariantRow, ...]
    categories: tuple[Link, ...]
    tags: tuple[str, ...]
    seo_title: str | None
    seo_description: str | None
    external_url: str | None
    alternates: dict[str, str] = msgspec.field(default_factory=dict)


class FacetValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value to filter by: what the form sends, what the reader sees, how many there are."""

    value: str
    label: str
    count: int


class OptionFacet(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one product option among the products found."""

    name: str
    values: tuple[FacetValue, ...]


class ProductQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the filter form asks for; amounts in minor units of the reader's currency."""

    text: str = ""
    category: str | None = None
    collection: str | None = None
    tag: str | None = None
    min_price_minor: int | None = None
    max_price_minor: int | None = None
    in_stock: bool = False
    options: tuple[str, ...] = ()
    sort: str = "newest"
    cursor: str | None = None
    limit: int = 24


class ProductGrid(msgspec.Struct, frozen=True, kw_only=True):
    """A page of products with the facets of all that was found; `total` is None when not counted."""

    items: tuple[ProductCard, ...]
    next_cursor: str | None = None
    total: int | None = None
    categories: tuple[FacetValue, ...] = ()
    options: tuple[OptionFacet, ...] = ()


class PostCard(msgspec.Struct, frozen=True, kw_only=True):
    """A post in a list."""

    slug: str
    title: str
    excerpt: str
    image: Image | None
    author: str | None
    published_at: datetime | None
    category: Link | None = None


class CommentView(msgspec.Struct, frozen=True, kw_only=True):
    """A reader's comment; `depth` is 0 for an answer to the post itself."""

    author: str
    content_html: str
    created_at: datetime
    depth: int = 0


class PostQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What the magazine list is narrowed to."""

    text: str = ""
    category: str | None = None
    tag: str | None = None
    cursor: str | None = None
    limit: int = 13


class PostList(msgspec.Struct, frozen=True, kw_only=True):
    """A page of posts, newest first, with the categories and tags of the magazine."""

    items: tuple[PostCard, ...]
    next_cursor: str | None = None
    categories: tuple[FacetValue, ...] = ()
    tags: tuple[FacetValue, ...] = ()


class NodeDetail(msgspec.Struct, frozen=True, kw_only=True):
    """A post or a page on its own address.

    Attributes:
        path: where it stands.
        locale: of the text, which may be the fallback of the reader's.
        parents: pages above it, outermost first.
        children: pages below it.
    """

    card: PostCard
    path: str
    locale: str
    body_html: str
    categories: tuple[Link, ...] = ()
    tags: tuple[Link, ...] = ()
    parents: tuple[Link, ...] = ()
    children: tuple[Link, ...] = ()
    comments: tuple[CommentView, ...] = ()
    seo_title: str | None = None
    seo_description: str | None = None
    alternates: dict[str, str] = msgspec.field(default_factory=dict)


class Outline(msgspec.Struct, frozen=True, kw_only=True):
    """What every page of a site needs for its menu; cached for half a minute."""

    has_products: bool
    has_posts: bool
    categories: tuple[Link, ...] = ()
    pages: tuple[Link, ...] = ()
    menu: tuple[Link, ...] = ()


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where something is: for the sitemap."""

    path: str
    changed_at: datetime | None


class CartLine(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the cart; `problem` names a text key when it cannot be bought as it stands.

    Without `handle` the product is no longer shown; without `unit` it has no price any more.
    """

    id: UUID
    handle: str | None
    title: str
    variant_title: str
    image: Image | None
    quantity: int
    unit: Money | None
    total: Money | None
    problem: str | None = None


class AmountRow(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the sum; `label` is a text key."""

    label: str
    amount: Money


class CouponRow(msgspec.Struct, frozen=True, kw_only=True):
    """A coupon of the cart; `problem` is the key of the text that says why it does not count."""

    code: str
    name: str
    problem: str | None


class CartView(msgspec.Struct, frozen=True, kw_only=True):
    """A cart as its owner sees it."""

    lines: tuple[CartLine, ...]
    count: int
    rows: tuple[AmountRow, ...]
    total: Money
    orderable: bool
    coupons: tuple[CouponRow, ...] = ()


class OrderLine(msgspec.Struct, frozen=True, kw_only=True):
    title: str
    variant_title: str
    quantity: int
    total: Money


class OrderView(msgspec.Struct, frozen=True, kw_only=True):
    """An order as its buyer sees it; `address` line by line."""

    id: UUID
    number: str
    email: str
    placed_at: datetime
    lines: tuple[OrderLine, ...]
    rows: tuple[AmountRow, ...]
    total: Money
    address: tuple[str, ...]
