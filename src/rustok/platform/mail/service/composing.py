"""Composers: what reads the content of a mail when it is sent, so that nothing of it has to be stored.

Refuses: writing; a composer gets a read transaction of the mail's tenant.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from uuid import UUID

from rustok.core.db import ReadTx
from rustok.core.parts import Parts
from rustok.platform.mail.model.templates import MailContent, Template

Composer = Callable[[ReadTx, Parts, UUID], Awaitable[MailContent]]
"""(transaction in the mail's locale, parts, reference) -> content; raises NotFound when it is gone."""

_composers: dict[str, Composer] = {}


def composed(template: Template) -> Callable[[Composer], Composer]:
    """Register the composer of `template`.

    Raises:
        ValueError: the template has one.
    """

    def note(composer: Composer) -> Composer:
        if _composers.setdefault(template.name, composer) is not composer:
            raise ValueError(f"mail template {template.name} has a composer already")
        return composer

    return note


def composer_of(template: str) -> Composer | None:
    """The composer of the template called so; None when it has none."""
    return _composers.get(template)
