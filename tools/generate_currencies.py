"""Writes the currency table of the core from babel's CLDR data; refuses to guess an exponent.

Run it after babel is upgraded: `python tools/generate_currencies.py`. A test compares the table
with the babel that is installed and says when this is due.
"""

from __future__ import annotations

import textwrap
from collections import defaultdict
from pathlib import Path

from babel.core import get_global

TARGET = Path(__file__).resolve().parent.parent / "src/rustok/core/currencies.py"
LINE_LENGTH = 96

HEADER = '''\
"""Which ISO 4217 currencies are in use and how many decimals each has; it holds data, no rule.

Made by tools/generate_currencies.py from the CLDR data in babel. Do not edit by hand.
Only money that is legal tender somewhere today is listed: no past money, no metals, no test codes.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_CODES_BY_EXPONENT: Final[Mapping[int, str]] = {
'''

FOOTER = '''\
}

EXPONENTS: Final[Mapping[str, int]] = MappingProxyType(
    {
        code: exponent
        for exponent, codes in sorted(_CODES_BY_EXPONENT.items())
        for code in codes.split()
    }
)
"""Currency code -> number of decimals of its minor unit (EUR 2, JPY 0, KWD 3)."""
'''


def exponents_from_cldr() -> dict[str, int]:
    """Currency code -> decimals, for each currency that is tender without an end date."""
    fractions = get_global("currency_fractions")
    default = int(fractions["DEFAULT"][0])
    current = {
        code
        for uses in get_global("territory_currencies").values()
        for code, _start, end, is_tender in uses
        if is_tender and end is None
    }
    return {code: int(fractions[code][0]) if code in fractions else default for code in current}


def render(exponents: dict[str, int]) -> str:
    """The source text of `rustok.core.currencies` for this table."""
    by_exponent: dict[int, list[str]] = defaultdict(list)
    for code, exponent in exponents.items():
        by_exponent[exponent].append(code)
    body = ""
    for exponent, codes in sorted(by_exponent.items()):
        lines = textwrap.wrap(" ".join(sorted(codes)), LINE_LENGTH - 8)
        if len(lines) == 1:
            body += f'    {exponent}: "{lines[0]}",\n'
            continue
        quoted = [f'"{line} "' for line in lines[:-1]] + [f'"{lines[-1]}"']
        body += (
            f"    {exponent}: (\n" + "".join(f"        {line}\n" for line in quoted) + "    ),\n"
        )
    return HEADER + body + FOOTER


if __name__ == "__main__":
    TARGET.write_text(render(exponents_from_cldr()), encoding="utf-8")
