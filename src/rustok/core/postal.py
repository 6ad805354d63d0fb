"""A postal address as a bounded value; it refuses countries that are not in ISO 3166-1.

Refuses: checking that a house exists or that a postal code fits its country.
"""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from rustok.core.types import SHORT_TEXT_PATTERN, TITLE_PATTERN

_CODES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ "
    "BR BS BT BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM "
    "DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS "
    "GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN "
    "KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ "
    "MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM "
    "PN PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV "
    "SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI "
    "VN VU WF WS YE YT ZA ZM ZW"
)
COUNTRIES: Final = frozenset(_CODES.split())
"""The officially assigned alpha-2 codes (ISO 3166-1)."""

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=TITLE_PATTERN,
        description="A person's or firm's name, one line.",
        examples=["Ada Lovelace"],
    ),
]
AddressLine = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=200,
        pattern=TITLE_PATTERN,
        description="One line of an address.",
        examples=["Lindenallee 5"],
    ),
]
OptionalLine = Annotated[
    str,
    Meta(
        max_length=200,
        pattern=SHORT_TEXT_PATTERN,
        description="One line of an address; empty where there is none.",
        examples=["c/o Babbage"],
    ),
]
PostalCode = Annotated[
    str,
    Meta(
        max_length=20,
        pattern=SHORT_TEXT_PATTERN,
        description="A postal code; empty in countries that have none.",
        examples=["20095"],
    ),
]
CountryCode = Annotated[
    str,
    Meta(
        min_length=2,
        max_length=2,
        pattern=r"^[A-Z]{2}$(?!\n)",
        description="An ISO 3166-1 alpha-2 country code in capitals.",
        examples=["DE"],
    ),
]
PhoneNumber = Annotated[
    str,
    Meta(
        max_length=32,
        pattern=r"^[0-9+() ./-]*$(?!\n)",
        description="A telephone number as a person writes it; empty when there is none.",
        examples=["+49 40 123456"],
    ),
]


class PostalAddress(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=False
):
    """Where somebody or something is reached by post.

    Raises:
        ValueError: `country` is no country; while decoding, msgspec makes it a field error.
    """

    name: Name
    company: OptionalLine = ""
    line1: AddressLine
    line2: OptionalLine = ""
    postal_code: PostalCode = ""
    city: AddressLine
    region: OptionalLine = ""
    country: CountryCode
    phone: PhoneNumber = ""

    def __post_init__(self) -> None:
        if self.country not in COUNTRIES:
            raise ValueError("the country is not an ISO 3166-1 alpha-2 code in use")
