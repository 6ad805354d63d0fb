"""The use cases of menus."""

from rustok.content.menus.service.editing import upsert
from rustok.content.menus.service.resolving import get_resolved

__all__ = ["get_resolved", "upsert"]
