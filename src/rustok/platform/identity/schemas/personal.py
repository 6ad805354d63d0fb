"""Personal data over the wire."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from rustok.core.types import EmailText
from rustok.platform.identity.service.personal import Erased, PersonalData


class WhosePersonalData(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A person, by the e-mail address of their account or of what they did as a guest."""

    email: EmailText


class PersonalDataView(msgspec.Struct, frozen=True, kw_only=True):
    """Rows about a person by table; `user_id` is null for a guest."""

    email: str | None
    user_id: UUID | None
    tables: dict[str, list[dict[str, Any]]]


class ErasedView(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were deleted or redacted, by table."""

    user_id: UUID | None
    tables: dict[str, int]


def personal_data_view(found: PersonalData) -> PersonalDataView:
    return PersonalDataView(email=found.email, user_id=found.user_id, tables=found.tables)


def erased_view(done: Erased) -> ErasedView:
    return ErasedView(user_id=done.user_id, tables=done.tables)
