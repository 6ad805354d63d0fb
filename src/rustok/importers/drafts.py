"""Neutral drafts: what an export file says, in our words, before any database is touched.

Refuses database ids, sanitising and decisions about existing rows: the services that take the
drafts own those. Every draft names its source (`source`, `source_id`, stable between two exports
of the same shop or site, so a second import finds the same thing) and the physical lines it
came from (`rows`, 1-based). HTML is as the file had it: sanitise before storing.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from rustok.core.money import Money

ProductStatus = Literal["draft", "active", "archived"]
NodeStatus = Literal["published", "draft", "scheduled", "pending", "private", "trash"]
CommentStatus = Literal["approved", "pending", "spam", "trash"]
MenuTarget = Literal["url", "node", "term", "unknown"]


class SaleWindow(msgspec.Struct, frozen=True, kw_only=True):
    """When a lowered price holds; None is an open end. `ends_at` is exclusive, UTC."""

    starts_at: datetime | None
    ends_at: datetime | None


class MarketPrice(msgspec.Struct, frozen=True, kw_only=True):
    """A price of the same variant in another currency than the file's."""

    price: Money
    compare_at: Money | None = None


class VariantDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be bought.

    `option_values` runs parallel to `ProductDraft.options`. `price` is what the buyer pays, and
    `compare_at` the higher price it was lowered from; with a `sale` window, `price` holds inside
    the window and `compare_at` outside. `price` None: the file names none, so it is not for sale.
    `inventory_quantity` None: the file does not say. `weight_grams` is rounded to a whole gram.
    """

    source_id: str
    sku: str | None = None
    barcode: str | None = None
    option_values: tuple[str, ...] = ()
    price: Money | None = None
    compare_at: Money | None = None
    sale: SaleWindow | None = None
    market_prices: tuple[MarketPrice, ...] = ()
    cost: Money | None = None
    weight_grams: int | None = None
    requires_shipping: bool = True
    taxable: bool = True
    inventory_quantity: int | None = None
    track_inventory: bool = False
    backorder_allowed: bool = False
    image_url: str | None = None
    rows: tuple[int, ...] = ()


class OptionDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A choice a buyer makes, with its values in the order the shop shows them."""

    name: str
    values: tuple[str, ...]


class ImageDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A picture by reference; `position` counts from 1 without gaps."""

    url: str
    alt: str
    position: int


class DownloadDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A file the buyer receives."""

    name: str
    url: str


class ProductTranslationDraft(msgspec.Struct, frozen=True, kw_only=True):
    """The texts of a product in another locale; None where the file has none."""

    locale: str
    title: str | None = None
    description_html: str | None = None
    handle: str | None = None
    seo_title: str | None = None
    seo_description: str | None = None


class ProductDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A product with everything its rows said.

    `categories` are paths from the root ("Clothing", "Shirts"). `attributes` keep what has no
    field of its own (metafields, dimensions, shopping feed columns), by the file's own names.
    `grouped_children` names the members of a grouped product: SKUs, or `id:<source id>`.
    A grouped product has no variants; an external one has one and is bought at `external_url`.
    """

    source: Literal["shopify", "woocommerce"]
    source_id: str
    handle: str
    title: str
    description_html: str = ""
    summary_html: str = ""
    vendor: str | None = None
    product_type: str | None = None
    tags: tuple[str, ...] = ()
    categories: tuple[tuple[str, ...], ...] = ()
    options: tuple[OptionDraft, ...] = ()
    variants: tuple[VariantDraft, ...] = ()
    images: tuple[ImageDraft, ...] = ()
    status: ProductStatus = "active"
    is_listed: bool = True
    is_featured: bool = False
    seo_title: str | None = None
    seo_description: str | None = None
    is_gift_card: bool = False
    is_virtual: bool = False
    is_downloadable: bool = False
    downloads: tuple[DownloadDraft, ...] = ()
    external_url: str | None = None
    external_button: str | None = None
    grouped_children: tuple[str, ...] = ()
    upsells: tuple[str, ...] = ()
    cross_sells: tuple[str, ...] = ()
    translations: tuple[ProductTranslationDraft, ...] = ()
    attributes: tuple[tuple[str, str], ...] = ()
    rows: tuple[int, ...] = ()


class AuthorDraft(msgspec.Struct, frozen=True, kw_only=True, tag="author"):
    """Somebody who wrote; `login` is what nodes name."""

    source_id: str
    login: str
    email: str | None
    display_name: str
    row: int


class TermDraft(msgspec.Struct, frozen=True, kw_only=True, tag="term"):
    """A category, a tag or a term of another taxonomy; a parent comes before its children."""

    source_id: str
    taxonomy: str
    slug: str
    name: str
    description: str
    parent_slug: str | None
    row: int


class MediaDraft(msgspec.Struct, frozen=True, kw_only=True, tag="media"):
    """A file by reference; `mime_type` is guessed from the address, None when it says nothing."""

    source_id: str
    guid: str
    url: str
    file_name: str
    title: str
    alt: str
    caption_html: str
    description_html: str
    mime_type: str | None
    parent_source_id: str | None
    author_login: str | None
    uploaded_at: datetime | None
    row: int


class MenuItemDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One entry of a menu.

    `target` says what `target_source_id` names (a node, a term); for "url" it is None and `url`
    holds the address. An empty `title` means: show the target's own. `parent_source_id` names an
    item of the same menu.
    """

    source_id: str
    title: str
    target: MenuTarget
    target_kind: str
    target_source_id: str | None
    url: str | None
    parent_source_id: str | None
    position: int
    opens_new_window: bool
    row: int


class MenuDraft(msgspec.Struct, frozen=True, kw_only=True, tag="menu"):
    """A menu with its items by position, parents before children."""

    source_id: str
    slug: str
    name: str
    items: tuple[MenuItemDraft, ...]
    row: int


class BlockDraft(msgspec.Struct, frozen=True, kw_only=True):
    """One Gutenberg block.

    `inner_html` is the block's own markup without its inner blocks; `inner_content` is the same
    in pieces, None standing where the next inner block belongs. `name` is full ("core/quote");
    markup outside all blocks is "core/freeform".
    """

    name: str
    attrs: dict[str, object]
    inner_html: str
    inner_content: tuple[str | None, ...]
    inner_blocks: tuple[BlockDraft, ...]


class TermRef(msgspec.Struct, frozen=True, kw_only=True):
    """A term as a node names it: enough to find or to make it."""

    taxonomy: str
    slug: str
    name: str


class CommentDraft(msgspec.Struct, frozen=True, kw_only=True):
    """A reader's word, a pingback or a trackback (`kind`); a parent comes before its replies."""

    source_id: str
    parent_source_id: str | None
    kind: str
    author_name: str
    author_email: str | None
    author_url: str | None
    created_at: datetime | None
    content_html: str
    status: CommentStatus
    row: int


class NodeDraft(msgspec.Struct, frozen=True, kw_only=True, tag="node"):
    """A page, a post, or an item of a kind the importer was told to take.

    The body is in `blocks` when `body_format` is "blocks", else in `body_html`. A
    `parent_source_id` may name a node that comes later. Passwords are not taken over.
    """

    source_id: str
    guid: str
    kind: str
    title: str
    slug: str
    link: str
    body_format: Literal["html", "blocks"]
    body_html: str
    blocks: tuple[BlockDraft, ...]
    excerpt: str
    status: NodeStatus
    is_password_protected: bool
    published_at: datetime | None
    scheduled_at: datetime | None
    created_at: datetime | None
    modified_at: datetime | None
    author_login: str | None
    parent_source_id: str | None
    menu_order: int
    is_sticky: bool
    comments_open: bool
    format: str
    template: str | None
    terms: tuple[TermRef, ...]
    custom_fields: tuple[tuple[str, str], ...]
    seo_title: str | None
    seo_description: str | None
    old_slugs: tuple[str, ...]
    comments: tuple[CommentDraft, ...]
    featured_media_source_id: str | None
    row: int


ContentDraft = AuthorDraft | TermDraft | MediaDraft | MenuDraft | NodeDraft
