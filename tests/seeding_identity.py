"""Fills what proves who somebody is: factors, codes, challenges, devices, counters, mailed codes."""

from __future__ import annotations

import contextlib
from uuid import UUID

from rustok.core.ids import new_id
from rustok.core.security.tokens import token_digest
from rustok.core.security.totp import totp_at
from rustok.core.tenancy import TenantProfile
from rustok.platform.identity import api as identity
from rustok.platform.identity.errors import SecondFactorNeeded
from rustok.platform.identity.model import Proof
from rustok.platform.identity.repository import challenges
from rustok.platform.identity.repository import providers as provider_rows
from rustok.platform.identity.service import account_mails, providers, second_factors, signing_in
from tests.conftest import World
from tests.integration.platform import people


async def seed_identity(world: World, tenant: TenantProfile, marker: str, many: int) -> None:
    """A staff member with second factors, half signed in, and codes that wait to be used."""
    email = f"factor-{marker}@example.com"
    user = await people.staff(world, tenant, email=email)
    actor = await people.actor_of(world, tenant, await people.sign_in(world, tenant, email))
    codes: list[str] = []
    factor_ids = []
    for number in range(many + 1):
        async with world.write(tenant, actor=actor) as tx:
            made = await second_factors.begin_totp(world.parts, tx, name=f"App {marker} {number}")
        async with world.write(tenant, actor=actor) as tx:
            code = totp_at(made.secret, tx.now)
            codes += await second_factors.confirm_totp(world.parts, tx, made.factor_id, code=code)
        factor_ids.append(made.factor_id)
    async with world.write(tenant, actor=actor) as tx:
        await second_factors.remove_own(tx, factor_ids[0])
    await _provider(world, tenant, marker, user.id, many)
    await _half_sign_in(world, tenant, email, codes[0])
    with contextlib.suppress(SecondFactorNeeded):
        await people.sign_in(world, tenant, email)
    async with world.write(tenant, actor=actor) as tx:
        await challenges.add_link(
            tx,
            user_id=user.id,
            purpose="verify_email",
            digest=token_digest(f"ev_{marker}"),
            email_normal=email,
            expires_at=tx.now + account_mails.VERIFY_LIFE,
        )
        await account_mails.verify_email(tx, code=f"ev_{marker}")
        await account_mails.request_reset(tx, email=email)
    await people.customer(world, tenant, f"customer-{marker}@example.com")  # who is one already
    await account_mails.answer_requests(world.parts)
    async with world.write(tenant, actor=actor) as tx:
        await account_mails.request_reset(tx, email=email)


async def _provider(
    world: World, tenant: TenantProfile, marker: str, user_id: UUID, many: int
) -> None:
    """A provider, somebody who signs in with it, and sign-ins that were begun."""
    async with world.write(tenant) as tx:
        made = await providers.create(
            world.parts,
            tx,
            slug=f"idp-{marker}",
            name=f"Provider {marker}",
            issuer=f"https://{marker}.example.net",
            client_id=f"client-{marker}",
            client_secret="hush",
            kind="staff",
            allowed_domains=[f"{marker}.example.com"],
            redirect_uris=["https://shop.example.com/signed-in"],
            groups_claim="groups",
            role_mapping={f"group-{marker}": "editor"},
            default_roles=[],
            is_auto_provisioning=True,
            is_linking_accounts=False,
        )
        for number in range(many):
            await provider_rows.add_identity(
                tx,
                user_id=user_id,
                provider_id=made.id,
                subject=f"subject-{marker}-{number}",
                is_provisioned=False,
            )
            sign_in_id = new_id()
            await provider_rows.begin(
                tx,
                sign_in_id=sign_in_id,
                provider_id=made.id,
                digest=token_digest(f"state-{marker}-{number}"),
                browser_digest=token_digest(f"browser-{marker}"),
                sealed_verifier=world.parts.sealer.seal(
                    b"verifier", belongs_to=f"external_sign_in/{sign_in_id}"
                ),
                nonce=f"nonce-{marker}",
                redirect_uri="https://shop.example.com/signed-in",
                expires_at=tx.now + account_mails.RESET_LIFE,
            )


async def _half_sign_in(world: World, tenant: TenantProfile, email: str, code: str) -> None:
    ctx = people.anonymous(tenant)
    try:
        await identity.login(world.parts, ctx, email=email, password=people.PASSWORD)
    except SecondFactorNeeded as needed:
        challenge = str(needed.extensions["challenge"])
        await signing_in.finish_login(
            world.parts, ctx, challenge=challenge, proof=Proof(recovery_code=code), site=None
        )
