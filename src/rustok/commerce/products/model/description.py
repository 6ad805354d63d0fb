"""Makes HTML from shopkeepers and exports safe to show; refuses everything that could run or frame."""

from __future__ import annotations

from typing import Final

import nh3

_ATTRIBUTES: Final = {name: set(names) for name, names in nh3.ALLOWED_ATTRIBUTES.items()}
_URL_SCHEMES: Final = {"http", "https", "mailto", "tel"}


def sanitised(html: str) -> str:
    """`html` with only harmless tags, attributes and addresses left; sanitising again changes nothing."""
    if not html.strip():
        return ""
    return nh3.clean(
        html,
        attributes=_ATTRIBUTES,
        url_schemes=_URL_SCHEMES,
        link_rel="noopener noreferrer",
    ).strip()
