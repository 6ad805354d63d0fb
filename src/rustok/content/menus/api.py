"""What other features, the pages and the importers may call of menus."""

from rustok.content.menus.errors import MenuNotFound
from rustok.content.menus.model import (
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_LABEL,
    MenuCategoryItem,
    MenuInput,
    MenuItem,
    MenuNodeItem,
    MenuPathItem,
    MenuUrlItem,
    ResolvedItem,
    ResolvedMenu,
    is_own_path,
    is_web_address,
)
from rustok.content.menus.service import get_resolved, upsert

__all__ = [
    "MAX_DEPTH",
    "MAX_ITEMS",
    "MAX_LABEL",
    "MenuCategoryItem",
    "MenuInput",
    "MenuItem",
    "MenuNodeItem",
    "MenuNotFound",
    "MenuPathItem",
    "MenuUrlItem",
    "ResolvedItem",
    "ResolvedMenu",
    "get_resolved",
    "is_own_path",
    "is_web_address",
    "upsert",
]
