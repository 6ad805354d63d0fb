"""All that a tenant keeps about one person: shown to them, or taken away for good.

Whose a row is stands in one register (`core.db.personal_rows`). Refuses: showing the data of staff to
who may only see customers', erasing staff (they are deleted), and trusting an address that nobody
has proved to own.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

import msgspec

from rustok.core.db import ReadTx, WriteTx
from rustok.core.db.personal_rows import Person, collect, erase
from rustok.core.permissions import MissingPermission
from rustok.core.security.identifiers import parse_email
from rustok.platform.identity.errors import UserNotFound
from rustok.platform.identity.model import User
from rustok.platform.identity.repository import users as rows
from rustok.platform.identity.service.sessions import acting_user
from rustok.platform.identity.service.users import anonymise


class PersonalData(msgspec.Struct, frozen=True, kw_only=True):
    """Rows about a person by table, without secrets; `user_id` is None for a guest."""

    email: str | None
    user_id: UUID | None
    tables: dict[str, list[dict[str, Any]]]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """How many rows were deleted or redacted, by table."""

    user_id: UUID | None
    tables: dict[str, int]


async def export(tx: WriteTx, email: str) -> PersonalData:
    """All about the person with this e-mail address: an account, or a guest. Recorded.

    Raises:
        InvalidEmail.
        UserNotFound: nothing is kept about anybody with this address.
        MissingPermission: they are staff, whom the actor may not export.
    """
    person, user = await _person(tx, email)
    if user is not None and user.kind == "staff":
        _require(tx, "users:export")
    return await _told(tx, person)


async def export_own(tx: WriteTx) -> PersonalData:
    """All about the acting user; by their e-mail address only if they have proved to own it. Recorded.

    Raises:
        UserSessionNeeded: an API key asks.
    """
    user = await rows.get(tx, acting_user(tx))
    proved = None if user.email_verified_at is None else parse_email(user.email, pointer="email")
    return await _told(tx, Person(user_id=user.id, email=proved))


async def erase_person(tx: WriteTx, email: str) -> Erased:
    """Take away all about the customer or guest with this e-mail address. Recorded; cannot be undone; safe to repeat.

    Raises:
        InvalidEmail.
        UserNotFound: they are staff.

    Emits: user.deleted, api_key.revoked
    """
    person, user = await _person(tx, email)
    if user is not None and user.kind != "customer":
        raise UserNotFound
    done = await erase(tx, person)
    if user is not None:
        await anonymise(tx, user)
        done["users"] = 1
    tx.audit(
        "person.erased",
        object_type="user",
        object_id=person.user_id,
        after={"rows": sum(done.values())},
    )
    return Erased(user_id=person.user_id, tables=done)


async def _person(tx: ReadTx, email: str) -> tuple[Person, User | None]:
    normal = parse_email(email, pointer="/email")
    user_id = await rows.find_id_by_email(tx, normal)
    user = None if user_id is None else await rows.get(tx, user_id)
    return Person(user_id=user_id, email=normal), user


async def _told(tx: WriteTx, person: Person) -> PersonalData:
    found = await collect(tx, person)
    if not any(found.values()):
        raise UserNotFound
    tx.audit(
        "person.exported",
        object_type="user",
        object_id=person.user_id,
        after={"rows": sum(map(len, found.values()))},
    )
    return PersonalData(email=person.email, user_id=person.user_id, tables=found)


def _require(tx: ReadTx, permission: str) -> None:
    actor = tx.ctx.actor
    if actor.kind != "system" and not actor.may(permission):
        raise MissingPermission(permission)
