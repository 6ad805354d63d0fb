"""Facts about menus: our addition to the list of events in DOMAIN.

All of them change what a site shows (`read_model`). A node that is published or taken down changes
no menu: what an item shows is looked up when the menu is read.
"""

from __future__ import annotations

from uuid import UUID

from rustok.core.events.event import Event, event
from rustok.core.types import Handle


@event("menu.created", aggregate="menu", key="menu_id", read_model=True)
class MenuCreated(Event, frozen=True, kw_only=True):
    menu_id: UUID
    handle: Handle


@event("menu.updated", aggregate="menu", key="menu_id", read_model=True)
class MenuUpdated(Event, frozen=True, kw_only=True):
    """`changed` names fields: handle, items, names."""

    menu_id: UUID
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("menu.deleted", aggregate="menu", key="menu_id", read_model=True)
class MenuDeleted(Event, frozen=True, kw_only=True):
    menu_id: UUID
    handle: Handle
