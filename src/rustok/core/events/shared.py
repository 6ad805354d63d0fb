"""Facts that more than one feature announces: the categories of the catalogue and of the content.

Refuses: events with one owner; those live in the `events` of their feature.
"""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from rustok.core.events.event import Event, event

CategoryDomain = Literal["catalog", "content"]
"""Whose tree a category stands in: the products', or the nodes'."""


@event("category.created", aggregate="category", key="category_id", read_model=True)
class CategoryCreated(Event, frozen=True, kw_only=True):
    category_id: UUID
    domain: CategoryDomain
    parent_id: UUID | None = None


@event("category.updated", aggregate="category", key="category_id", read_model=True)
class CategoryUpdated(Event, frozen=True, kw_only=True):
    """`changed` names fields; "parent" means that the category and all below it moved."""

    category_id: UUID
    domain: CategoryDomain
    changed: tuple[str, ...]

    def rule_broken(self) -> tuple[str, str] | None:
        return None if self.changed else ("changed", "at least one field must have changed")


@event("category.deleted", aggregate="category", key="category_id", read_model=True)
class CategoryDeleted(Event, frozen=True, kw_only=True):
    category_id: UUID
    domain: CategoryDomain
