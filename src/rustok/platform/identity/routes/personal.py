"""What a tenant keeps about a person, over HTTP: export and erasure by staff, export by themselves."""

from __future__ import annotations

from typing import Final

from rustok.core.routing import SIGNED_IN, Reply, Routes, WriteCall
from rustok.platform.identity.errors import UserNotFound, UserSessionNeeded
from rustok.platform.identity.routes.auth import NO_STORE
from rustok.platform.identity.schemas.personal import (
    ErasedView,
    PersonalDataView,
    WhosePersonalData,
    erased_view,
    personal_data_view,
)
from rustok.platform.identity.service import personal

admin: Final = Routes("identity", surface="admin", tag="Personal data")
own: Final = Routes("identity", surface="auth", tag="Personal data", essential=True)


@admin.post(
    "/personal-data/export",
    permission="customers:export",
    idempotency="none",
    precondition="none",
    step_up=True,
    rate="write",
    summary="Show all that is kept about a person",
    description="A customer or a guest; of staff only with `users:export`. Without secrets.",
    errors=[UserNotFound],
    example=WhosePersonalData(email="ada@example.com"),
)
async def export_personal_data(call: WriteCall, data: WhosePersonalData) -> Reply[PersonalDataView]:
    found = await personal.export(call.tx, data.email)
    return Reply(body=personal_data_view(found), headers=NO_STORE)


@admin.post(
    "/personal-data/erase",
    permission="customers:delete",
    idempotency="none",
    precondition="none",
    step_up=True,
    rate="write",
    summary="Take away all that is kept about a customer or a guest",
    description="Cannot be undone. Orders stay without name, street and e-mail address; comments stay "
    "without their author.",
    errors=[UserNotFound],
    example=WhosePersonalData(email="ada@example.com"),
)
async def erase_personal_data(call: WriteCall, data: WhosePersonalData) -> Reply[ErasedView]:
    done = await personal.erase_person(call.tx, data.email)
    return Reply(body=erased_view(done), headers=NO_STORE)


@own.post(
    "/me/export",
    permission=SIGNED_IN,
    idempotency="none",
    precondition="none",
    step_up=True,
    rate="login",
    summary="Show all that is kept about oneself",
    description="What was ordered as a guest is in it once the e-mail address is verified.",
    errors=[UserSessionNeeded],
)
async def export_me(call: WriteCall) -> Reply[PersonalDataView]:
    found = await personal.export_own(call.tx)
    return Reply(body=personal_data_view(found), headers=NO_STORE)
