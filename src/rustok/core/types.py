"""Annotated value types shared by wire schemas and event payloads; it checks shapes, never meaning.

Every type carries its constraints, a description and an example, so msgspec enforces it while
decoding and the JSON Schema shows it. Patterns are written for Python and ECMA-262 alike; they end
in `$(?!\\n)` because Python's `$` alone would let a trailing newline through. Lengths are bounded
first, so the work a pattern does is bounded too. What a shape cannot say (a reserved slug, an
unknown currency) is the business of `security.identifiers`, `money` and `locale`.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta

MAX_QUANTITY: Final = 2**31 - 1
"""Largest count of things: a signed 32-bit column."""

MAX_AMOUNT_MINOR: Final = 2**53 - 1
"""Largest amount in minor units: the last integer JSON keeps exact everywhere (RFC 8259, 6)."""

_NO_CONTROLS = r"[^\u0000-\u001f\u007f-\u009f\u2028\u2029]"
_END = r"$(?!\n)"

CURRENCY_PATTERN: Final = rf"^[A-Z]{{3}}{_END}"
HANDLE_PATTERN: Final = rf"^[a-z0-9]+(-[a-z0-9]+)*{_END}"
TENANT_SLUG_PATTERN: Final = rf"^[a-z0-9][a-z0-9-]*{_END}"
LOCALE_PATTERN: Final = (
    r"^[A-Za-z]{2,3}(-[A-Za-z]{4})?(-([A-Za-z]{2}|[0-9]{3}))?"
    rf"(-([A-Za-z0-9]{{5,8}}|[0-9][A-Za-z0-9]{{3}}))*{_END}"
)
SKU_PATTERN: Final = rf"^(?!\s)(?!.*\s$){_NO_CONTROLS}+{_END}"
TITLE_PATTERN: Final = rf"^(?=.*\S){_NO_CONTROLS}+{_END}"
SHORT_TEXT_PATTERN: Final = rf"^{_NO_CONTROLS}*{_END}"
_MIME_NAME = r"[A-Za-z0-9][A-Za-z0-9!#$&^_.+-]{0,126}"
MIME_TYPE_PATTERN: Final = rf"^{_MIME_NAME}/{_MIME_NAME}{_END}"
EMAIL_PATTERN: Final = (
    r"^[^\s@\u0000-\u001f\u007f-\u009f]{1,64}@[^\s@\u0000-\u001f\u007f-\u009f]{1,253}" + _END
)

Quantity = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_QUANTITY,
        description="A count of things; zero is allowed.",
        examples=[3],
    ),
]

PositiveQuantity = Annotated[
    int,
    Meta(
        ge=1,
        le=MAX_QUANTITY,
        description="A count of things, at least one.",
        examples=[1],
    ),
]

AmountMinor = Annotated[
    int,
    Meta(
        ge=0,
        le=MAX_AMOUNT_MINOR,
        description="An amount in minor units of its currency (1230 is 12.30 EUR, or 1230 JPY).",
        examples=[1230],
    ),
]

SignedAmountMinor = Annotated[
    int,
    Meta(
        ge=-MAX_AMOUNT_MINOR,
        le=MAX_AMOUNT_MINOR,
        description="An amount in minor units that may be negative, as a correction or balance is.",
        examples=[-250],
    ),
]

CurrencyCode = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=3,
        pattern=CURRENCY_PATTERN,
        description="An ISO 4217 currency code in capitals.",
        examples=["EUR"],
    ),
]

LocaleTag = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=35,
        pattern=LOCALE_PATTERN,
        description="A BCP 47 language tag: language, script, region, variants.",
        examples=["en", "de-AT", "zh-Hant-TW"],
    ),
]

Handle = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=HANDLE_PATTERN,
        description="The name of a thing in an address: lower-case words joined by single hyphens.",
        examples=["linen-shirt-blue"],
    ),
]

TenantSlug = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=63,
        pattern=TENANT_SLUG_PATTERN,
        description="The short name of a tenant: a letter or digit, then letters, digits, hyphens.",
        examples=["acme"],
    ),
]

Sku = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=100,
        pattern=SKU_PATTERN,
        description="A stock keeping unit: no control characters, no space at either end.",
        examples=["SHIRT-BLUE-M"],
    ),
]

Title = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=300,
        pattern=TITLE_PATTERN,
        description="A one-line title with at least one visible character.",
        examples=["Linen shirt, blue"],
    ),
]

ShortText = Annotated[
    str,
    Meta(
        max_length=500,
        pattern=SHORT_TEXT_PATTERN,
        description="One line of text, possibly empty, without control characters.",
        examples=["Left with the neighbour"],
    ),
]

MimeType = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=255,
        pattern=MIME_TYPE_PATTERN,
        description="A media type without parameters (RFC 6838 section 4.2).",
        examples=["image/webp"],
    ),
]

EmailText = Annotated[
    str,
    Meta(
        min_length=3,
        max_length=254,
        pattern=EMAIL_PATTERN,
        description="An e-mail address; the full check follows where it is stored (RFC 5321).",
        examples=["ada@example.com"],
        extra_json_schema={"format": "email"},
    ),
]
