"""Field types of the catalogue with their bounds, shared by inputs and wire schemas.

Refuses: types that are not the catalogue's own (core.types has these).
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

from rustok.core.types import MAX_QUANTITY, Title

MAX_DESCRIPTION_CHARACTERS: Final = 200_000

Label = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=r"^(?=.*\S)[^\u0000-\u001f\u007f]+$(?!\n)",
        description="A short name on one line: an option, a value, a tag, a vendor.",
        examples=["Size"],
    ),
]

Html = Annotated[
    str,
    Meta(
        max_length=MAX_DESCRIPTION_CHARACTERS,
        description="HTML; scripts, styles, frames and event attributes are removed.",
        examples=["<p>Woven in <strong>Lübeck</strong>.</p>"],
    ),
]

SeoText = Annotated[
    str,
    Meta(max_length=1_000, description="Text for search engines.", examples=["A shirt of linen"]),
]

Barcode = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=64,
        pattern=r"^[^\u0000-\u001f\u007f]+$(?!\n)",
        description="A GTIN, EAN, UPC or ISBN as printed.",
        examples=["4006381333931"],
    ),
]

ImageUrl = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=2_048,
        pattern=r"^((https?|demo)://|/(?!/))[^\s\u0000-\u001f\u007f<>\"\\]+$(?!\n)",
        description="An http(s) address, a path on this server, or demo:// for the sample data.",
        examples=["https://cdn.example.com/linen-shirt.webp"],
    ),
]

ExternalUrl = Annotated[
    str,
    Meta(
        min_length=8,
        max_length=2_048,
        pattern=r"^https?://[^\s\u0000-\u001f\u007f<>\"\\]+$(?!\n)",
        description="Where a product sold elsewhere can be bought.",
        examples=["https://partner.example.com/p/17"],
    ),
]

AltText = Annotated[
    str,
    Meta(
        max_length=1_000,
        description="What the picture shows, for who cannot see it.",
        examples=["Blue shirt"],
    ),
]

SourceName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=63,
        pattern=r"^[a-z][a-z0-9_-]*$(?!\n)",
        description="The system a thing was imported from.",
        examples=["shopify"],
    ),
]

SourceId = Annotated[
    str,
    Meta(
        min_length=1, max_length=500, description="The id in that system.", examples=["linen-shirt"]
    ),
]

WeightGrams = Annotated[
    int, Meta(ge=0, le=MAX_QUANTITY, description="Weight in grams.", examples=[240])
]

Position = Annotated[
    int, Meta(ge=1, le=100_000, description="Place in the order, from 1.", examples=[1])
]

OptionValues = Annotated[
    tuple[Label, ...],
    Meta(
        max_length=10,
        description="One value per option of the product, in their order.",
        examples=[["Blue", "M"]],
    ),
]

Tags = Annotated[tuple[Label, ...], Meta(max_length=250, examples=[["linen", "summer"]])]

MetadataKey = Annotated[str, Meta(min_length=1, max_length=255)]
MetadataText = Annotated[str, Meta(max_length=20_000)]
Metadata = Annotated[
    dict[MetadataKey, MetadataText | int | bool | list[MetadataText] | None],
    Meta(
        max_length=200,
        description="Free facts without a field of their own.",
        examples=[{"care": "30 °C"}],
    ),
]

CategoryName = Title
