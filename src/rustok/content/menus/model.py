"""Menus and their items as values, and the rules a tree of items keeps; no I/O.

Refuses: trees over 5 levels or 200 items, own paths that leave the site, addresses that are not
plain http or https, items without a target that say nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Annotated, Final, Literal
from urllib.parse import urlsplit
from uuid import UUID

import msgspec
from msgspec import Meta

from rustok.content.menus.errors import InvalidMenuItem
from rustok.core.locale import parse_locale
from rustok.core.types import LocaleTag, Title

MAX_DEPTH: Final = 5
MAX_ITEMS: Final = 200
MAX_LABEL: Final = 300
MAX_ADDRESS: Final = 2_048

# "//host" and "/\host" are addresses of other sites to a browser.
_PATH: Final = re.compile(r"/(?![/\\])[^\s\\\"'<>`\x00-\x20\x7f-\x9f]*")
_SPOILT: Final = re.compile(r"[\s\\\"'<>`\x00-\x20\x7f-\x9f]")

Labels = Annotated[
    dict[LocaleTag, Title],
    Meta(max_length=50, description="What the item says, by locale; else its target's title."),
]
Children = Annotated[list["MenuItem"], Meta(max_length=MAX_ITEMS)]
Address = Annotated[str, Meta(min_length=1, max_length=MAX_ADDRESS)]
ItemKind = Literal["node", "category", "path", "url"]


class ItemFrame(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="kind"
):
    """What items of all kinds have."""

    labels: Labels = msgspec.field(default_factory=dict)
    open_in_new: bool = False
    children: Children = msgspec.field(default_factory=list)


class MenuNodeItem(ItemFrame, frozen=True, kw_only=True, tag="node"):
    """Leads to a node; shown while the node is published."""

    node_id: UUID


class MenuCategoryItem(ItemFrame, frozen=True, kw_only=True, tag="category"):
    """Leads to the posts of a content category."""

    category_id: UUID


class MenuPathItem(ItemFrame, frozen=True, kw_only=True, tag="path"):
    """Leads to a path of the own site, beginning with one slash; a query may follow."""

    path: Address


class MenuUrlItem(ItemFrame, frozen=True, kw_only=True, tag="url"):
    """Leads to another site, by http or https."""

    url: Address


MenuItem = MenuNodeItem | MenuCategoryItem | MenuPathItem | MenuUrlItem


class Menu(msgspec.Struct, frozen=True, kw_only=True):
    """A menu; `names` by locale, at least one.

    An item may name a node or category that was deleted after the menu was written: the item is
    then shown to nobody, and goes when the items are written next.
    """

    id: UUID
    handle: str
    names: dict[str, str]
    items: list[MenuItem]
    source: str | None
    source_id: str | None
    version: int
    created_at: datetime
    updated_at: datetime


class MenuInput(msgspec.Struct, frozen=True, kw_only=True):
    """A menu as an import brings it; `handle` is made free when another menu has it."""

    handle: str
    names: dict[str, str]
    items: list[MenuItem]


class ResolvedItem(msgspec.Struct, frozen=True, kw_only=True):
    """An item as a reader meets it.

    Attributes:
        label: in the reader's locale, as far as there is one.
        href: where it leads; None for a node of a kind that has no page of its own here.
        target_id: the node or category it leads to.
    """

    kind: ItemKind
    label: str
    href: str | None
    open_in_new: bool
    target_id: UUID | None
    children: list[ResolvedItem]


class ResolvedMenu(msgspec.Struct, frozen=True, kw_only=True):
    """A menu as a reader meets it, without the items that lead to nothing shown."""

    handle: str
    name: str
    items: list[ResolvedItem]


def walk(
    items: Sequence[MenuItem], pointer: str = "/items", depth: int = 1
) -> Iterator[tuple[MenuItem, str, int]]:
    """Every item with its JSON pointer and level (from 1), parents first.

    Raises:
        InvalidMenuItem: deeper than 5 levels.
    """
    for number, item in enumerate(items):
        place = f"{pointer}/{number}"
        if depth > MAX_DEPTH:
            message = f"a menu has at most {MAX_DEPTH} levels; move the item up."
            raise InvalidMenuItem(message, pointer=place, rule="depth")
        yield item, place, depth
        yield from walk(item.children, f"{place}/children", depth + 1)


def checked_items(items: Sequence[MenuItem]) -> list[MenuItem]:
    """The items with locales in their canonical spelling.

    Raises:
        InvalidMenuItem: too deep, too many, a bad path or address, an item that says nothing.
        InvalidLocale: a label's locale is malformed.
    """
    for count, (item, pointer, _) in enumerate(walk(items), start=1):
        if count > MAX_ITEMS:
            message = f"a menu has at most {MAX_ITEMS} items; leave some out."
            raise InvalidMenuItem(message, pointer=pointer, rule="count")
        _check_target(item, pointer)
        for tag, label in item.labels.items():
            if not label.strip() or len(label) > MAX_LABEL:
                message = f"a label has 1 to {MAX_LABEL} characters, at least one visible."
                raise InvalidMenuItem(message, pointer=f"{pointer}/labels/{tag}", rule="length")
    return [_spelt(item, f"/items/{number}") for number, item in enumerate(items)]


def checked_names(names: dict[str, str]) -> dict[str, str]:
    """The names with locales in their canonical spelling. Raises InvalidLocale."""
    return {
        parse_locale(tag, pointer=f"/names/{tag[:35]}"): name for tag, name in sorted(names.items())
    }


def _spelt(item: MenuItem, pointer: str) -> MenuItem:
    labels = {
        parse_locale(tag, pointer=f"{pointer}/labels/{tag[:35]}"): label
        for tag, label in sorted(item.labels.items())
    }
    below = [
        _spelt(child, f"{pointer}/children/{number}") for number, child in enumerate(item.children)
    ]
    return msgspec.structs.replace(item, labels=labels, children=below)


def _check_target(item: MenuItem, pointer: str) -> None:
    match item:
        case MenuNodeItem() | MenuCategoryItem():
            return
        case MenuPathItem(path=path):
            if not is_own_path(path):
                message = "write a path of this site: one slash, then no spaces or backslashes."
                raise InvalidMenuItem(message, pointer=f"{pointer}/path", rule="path")
        case MenuUrlItem(url=url):
            if not is_web_address(url):
                message = "write an http or https address without a user name."
                raise InvalidMenuItem(message, pointer=f"{pointer}/url", rule="url")
    if not item.labels:
        message = "an item without a node or category needs a label."
        raise InvalidMenuItem(message, pointer=f"{pointer}/labels", rule="label")


def is_own_path(text: str) -> bool:
    """Whether `text` is a path of the own site, which no browser takes for another host."""
    return len(text) <= MAX_ADDRESS and _PATH.fullmatch(text) is not None


def is_web_address(text: str) -> bool:
    """Whether `text` is an http or https address of a host, without a user name or password."""
    if not 1 <= len(text) <= MAX_ADDRESS or _SPOILT.search(text):
        return False
    try:
        parts = urlsplit(text)
        host = parts.hostname
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(host) and "@" not in parts.netloc
