"""Products for the tests of commerce, made through the real services."""

from __future__ import annotations

from typing import Any

import msgspec

from rustok.commerce.products import api as products
from rustok.core.tenancy import TenantProfile
from tests.conftest import World

SIZES = products.ProductOption(name="Size", values=("S", "M"))


def shirt(handle: str = "linen-shirt", **changes: Any) -> products.ProductInput:
    """A shirt in two sizes with pictures and texts in two locales; SKUs begin with the handle."""
    wanted = products.ProductInput(
        handle=handle,
        translations=(
            products.TranslationInput(
                locale="en", title="Linen shirt", description_html="<p>Light.</p>"
            ),
            products.TranslationInput(locale="de", title="Leinenhemd"),
        ),
        status="active",
        vendor="Nordlicht",
        tags=("linen", "summer"),
        metadata={"care": "30 °C", "organic": True},
        categories=(("Clothing", "Shirts"),),
        options=(SIZES,),
        variants=(
            products.VariantInput(
                source_id="s", sku=f"{handle}-S", option_values=("S",), image_url="/s.png"
            ),
            products.VariantInput(source_id="m", sku=f"{handle}-M", option_values=("M",)),
        ),
        images=(
            products.ImageInput(url="/front.png", alt="Front"),
            products.ImageInput(url="/s.png", alt="Small"),
        ),
    )
    return msgspec.structs.replace(wanted, **changes)


async def stored(
    world: World, tenant: TenantProfile, handle: str = "linen-shirt", **changes: Any
) -> products.UpsertResult:
    """A shirt in the catalogue, active."""
    async with world.write(tenant) as tx:
        return await products.upsert(tx, shirt(handle, **changes), source="test", source_id=handle)
