"""Navigation menus of a WXR file, put together from items that stand anywhere in it."""

from __future__ import annotations

import msgspec

from rustok.importers.drafts import MenuDraft, MenuItemDraft, MenuTarget
from rustok.importers.report import Issue
from rustok.importers.wordpress.elements import Fields
from rustok.importers.wordpress.terms import term_slug

_TARGETS: dict[str, MenuTarget] = {
    "custom": "url",
    "post_type": "node",
    "taxonomy": "term",
}


class Menus:
    """Collects menu items until the file is read."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._rows: dict[str, int] = {}
        self._items: dict[str, dict[str, MenuItemDraft]] = {}

    def __len__(self) -> int:
        return len(self._items)

    def take(self, item: Fields) -> Issue | None:
        """Add a `nav_menu_item`; gives the reason when it is left out."""
        menu = next(
            (c for c in item.all("category") if c.attributes.get("domain") == "nav_menu"), None
        )
        if menu is None:
            return _issue(item, "menu_missing", "The menu item belongs to no menu.", "category")
        meta = dict(item.meta())
        kind = meta.get("_menu_item_type", "")
        target = _TARGETS.get(kind, "unknown")
        reference = meta.get("_menu_item_object_id", "")
        draft = MenuItemDraft(
            source_id=item.words("wp:post_id") or f"line:{item.line}",
            title=item.words("title"),
            target=target,
            target_kind=meta.get("_menu_item_object", ""),
            target_source_id=reference if target in ("node", "term") and reference else None,
            url=meta.get("_menu_item_url") or None,
            parent_source_id=_parent(meta.get("_menu_item_menu_item_parent", "")),
            position=item.number("wp:menu_order"),
            opens_new_window=meta.get("_menu_item_target") == "_blank",
            row=item.line,
        )
        slug = term_slug(menu.attributes.get("nicename", ""), menu.text.strip())
        self._names.setdefault(slug, " ".join(menu.text.split()) or slug)
        self._rows.setdefault(slug, item.line)
        items = self._items.setdefault(slug, {})
        if draft.source_id in items:
            return _issue(
                item,
                "menu_item_repeated",
                f"The menu item is already in line {items[draft.source_id].row}.",
                "wp:post_id",
            )
        items[draft.source_id] = draft
        return None

    def drafts(self) -> list[tuple[MenuDraft, list[Issue]]]:
        """The menus in the order they came up, each with the remarks on it."""
        result: list[tuple[MenuDraft, list[Issue]]] = []
        for slug, items in self._items.items():
            issues: list[Issue] = []
            result.append(
                (
                    MenuDraft(
                        source_id=slug,
                        slug=slug,
                        name=self._names[slug],
                        items=_in_order(items, issues),
                        row=self._rows[slug],
                    ),
                    issues,
                )
            )
        return result


def _in_order(items: dict[str, MenuItemDraft], issues: list[Issue]) -> tuple[MenuItemDraft, ...]:
    children: dict[str | None, list[MenuItemDraft]] = {}
    for item in sorted(items.values(), key=lambda item: item.position):
        parent = item.parent_source_id if item.parent_source_id in items else None
        children.setdefault(parent, []).append(item)
    ordered: dict[str, MenuItemDraft] = {}

    def place(item: MenuItemDraft, parent: str | None) -> None:
        if item.parent_source_id != parent:
            issues.append(
                Issue(
                    code="menu_parent_missing",
                    message="The parent is not in the menu or is below this item; it moves to "
                    "the top.",
                    severity="warning",
                    row=item.row,
                    column="_menu_item_menu_item_parent",
                )
            )
            item = msgspec.structs.replace(item, parent_source_id=parent)
        ordered[item.source_id] = item

    # Items left after the walk from the roots are in a circle; the first of them becomes a root.
    for root in (*children.get(None, []), *items.values()):
        if root.source_id in ordered:
            continue
        waiting: list[tuple[MenuItemDraft, str | None]] = [(root, None)]
        while waiting:
            item, parent = waiting.pop()
            if item.source_id in ordered:
                continue
            place(item, parent)
            waiting.extend(
                (child, item.source_id) for child in reversed(children.get(item.source_id, []))
            )
    return tuple(ordered.values())


def _parent(text: str) -> str | None:
    return None if text in ("", "0") else text


def _issue(item: Fields, code: str, message: str, column: str) -> Issue:
    return Issue(code=code, message=message, severity="warning", row=item.line, column=column)
