"""Writes the menus of a site, their items led to what the import made of their targets.

What an item leads to may not be here: a kind that is not imported, a picture, a bare "#". Such an
item is left out with an info, and what stood below it moves up to where it stood.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from typing import Final, Literal

import msgspec

from rustok.content.menus import api as menus
from rustok.content.nodes import api as nodes
from rustok.core.db import WriteTx
from rustok.importers.drafts import MenuDraft, MenuItemDraft
from rustok.importers.model import ImportOptions
from rustok.importers.report import Issue
from rustok.importers.writing.content_inputs import SOURCE
from rustok.importers.writing.terms import Shelves
from rustok.importers.writing.writer import Written

_TAXONOMIES: Final[dict[str, Literal["category", "tag"]]] = {
    "category": "category",
    "post_tag": "tag",
}


class _Place:
    """An item of the menu that is being put together, `depth` levels from the top (1)."""

    def __init__(self, item: menus.MenuItem, above: _Place | None) -> None:
        self.item = item
        self.above = above
        self.depth: int = 1 if above is None else above.depth + 1
        self.below: list[_Place] = []

    def whole(self) -> menus.MenuItem:
        """The item with all below it."""
        return msgspec.structs.replace(self.item, children=[one.whole() for one in self.below])


async def put_menu(
    tx: WriteTx,
    draft: MenuDraft,
    shelves: Shelves,
    options: ImportOptions,
    *,
    in_file: AbstractSet[str],
) -> Written:
    """Create or change the menu of a draft; switched off, menus stay in the report.

    Args:
        in_file: source ids of the file's nodes. One that is not here after all (it failed, or this is
            a rehearsal) has its own line in the report; the menu item adds none.

    Raises:
        As `menus.upsert`.

    Emits: menu.created, menu.updated
    """
    if "menus" not in tx.ctx.tenant.modules:
        message = "The module 'menus' is switched off; the menu is kept in the report only."
        issue = _issue(draft.row, "menu_in_report", message)
        return Written(outcomes=(("menu", "skipped"),), issues=(issue,))
    issues: list[Issue] = []
    items = await _items(tx, draft, shelves, options, issues, in_file)
    wanted = menus.MenuInput(
        handle=draft.slug,
        names={options.locale or "en": _line(draft.name) or draft.slug},
        items=items,
    )
    _, outcome = await menus.upsert(
        tx, wanted, source=SOURCE, source_id=options.known_as(draft.source_id)
    )
    return Written(outcomes=(("menu", outcome),), issues=tuple(issues))


async def _items(
    tx: WriteTx,
    draft: MenuDraft,
    shelves: Shelves,
    options: ImportOptions,
    issues: list[Issue],
    in_file: AbstractSet[str],
) -> list[menus.MenuItem]:
    top: list[_Place] = []
    # Where items below this one go: below it, or where it would have stood.
    standing: dict[str, _Place | None] = {}
    count = 0
    for one in draft.items:
        above = standing.get(one.parent_source_id or "")
        item = await _item(tx, one, shelves, options)
        if item is None or count == menus.MAX_ITEMS:
            told_elsewhere = one.target == "node" and one.target_source_id in in_file
            if item is not None or not told_elsewhere:
                issues.append(_left_out(one, is_full=item is not None))
            standing[one.source_id] = above
            continue
        if above is not None and above.depth == menus.MAX_DEPTH:
            message = f"A menu has at most {menus.MAX_DEPTH} levels; the item moves up."
            issues.append(_issue(one.row, "menu_item_raised", message))
            above = above.above
        place = standing[one.source_id] = _Place(item, above)
        (top if above is None else above.below).append(place)
        count += 1
    return [one.whole() for one in top]


async def _item(
    tx: WriteTx, draft: MenuItemDraft, shelves: Shelves, options: ImportOptions
) -> menus.MenuItem | None:
    """The item without those below it; None when it leads to nothing that is here."""
    label = _line(draft.title)
    labels = {options.locale or "en": label} if label else {}
    opens = draft.opens_new_window
    if draft.target == "node" and draft.target_source_id is not None:
        node_id = await nodes.find_imported(
            tx, source=SOURCE, source_id=options.known_as(draft.target_source_id)
        )
        if node_id is None:
            return None
        return menus.MenuNodeItem(node_id=node_id, labels=labels, open_in_new=opens)
    if draft.target == "term" and draft.target_source_id is not None:
        return await _term_item(tx, draft, shelves, options, labels)
    address = (draft.url or "").strip() if draft.target == "url" else ""
    labels = labels or {options.locale or "en": address[: menus.MAX_LABEL]}
    if menus.is_own_path(address):
        return menus.MenuPathItem(path=address, labels=labels, open_in_new=opens)
    if menus.is_web_address(address):
        return menus.MenuUrlItem(url=address, labels=labels, open_in_new=opens)
    return None


async def _term_item(
    tx: WriteTx,
    draft: MenuItemDraft,
    shelves: Shelves,
    options: ImportOptions,
    labels: dict[str, str],
) -> menus.MenuItem | None:
    taxonomy = _TAXONOMIES.get(draft.target_kind)
    if taxonomy is None or draft.target_source_id is None:
        return None
    found = await shelves.described_term(tx, taxonomy, draft.target_source_id)
    if found is None:
        return None
    term_id, handle, name = found
    if taxonomy == "category":
        return menus.MenuCategoryItem(
            category_id=term_id, labels=labels, open_in_new=draft.opens_new_window
        )
    # Menus know no tags: the path of the tag's posts does the same.
    return menus.MenuPathItem(
        path=f"/posts?tag={handle}",
        labels=labels or {options.locale or "en": name},
        open_in_new=draft.opens_new_window,
    )


def _line(text: str) -> str:
    """A title as one line of plain text, as long as a label may be."""
    plain = nodes.plain_text(nodes.sanitise(text, pointer="/title")) if "<" in text else text
    return " ".join(plain.split())[: menus.MAX_LABEL].strip()


def _left_out(draft: MenuItemDraft, *, is_full: bool) -> Issue:
    if is_full:
        message = f"A menu has at most {menus.MAX_ITEMS} items; this one is left out."
        return _issue(draft.row, "menu_item_left_out", message)
    message = "The menu item leads to nothing that was imported; it is left out."
    return _issue(draft.row, "menu_item_unresolved", message)


def _issue(row: int, code: str, message: str) -> Issue:
    return Issue(code=code, message=message, severity="info", row=row, column="nav_menu")
