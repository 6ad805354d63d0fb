"""Which ISO 4217 currencies are in use and how many decimals each has; it holds data, no rule.

Made by tools/generate_currencies.py from the CLDR data in babel. Do not edit by hand.
Only money that is legal tender somewhere today is listed: no past money, no metals, no test codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_CODES_BY_EXPONENT: Final[Mapping[int, str]] = {
    0: (
        "AFN ALL BIF CLP DJF GNF IQD IRR ISK JPY KMF KPW KRW LAK LBP MGA MMK PYG RSD RWF SOS SYP "
        "UGX VND VUV XAF XOF XPF YER"
    ),
    2: (
        "AED AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF "
        "CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ "
        "GYD HKD HNL HTG HUF IDR ILS INR JMD KES KGS KHR KYD KZT LKR LRD LSL MAD MDL MKD MNT MOP "
        "MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RUB "
        "SAR SBD SCR SDG SEK SGD SHP SLE SRD SSP STN SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD "
        "UYU UZS VES WST XCD XCG ZAR ZMW ZWG"
    ),
    3: "BHD JOD KWD LYD OMR TND",
}

EXPONENTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        code: exponent
        for exponent, codes in sorted(_CODES_BY_EXPONENT.items())
        for code in codes.split()
    }
)
"""Currency code -> number of decimals of its minor unit (EUR 2, JPY 0, KWD 3)."""
