"""Templates: a name and what to show in, HTML out.

Refuses: reading a file twice, and undefined names (they are errors, not empty text).
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Final

import jinja2
from babel import Locale, UnknownLocaleError
from babel.dates import format_date
from markupsafe import Markup, escape

from rustok.core.locale import fallback_chain
from rustok.core.money import Money, format_localized
from rustok.server.pages.assets import image_src

_TEMPLATES: Final = Path(__file__).with_name("templates")


@lru_cache(maxsize=20_000)
def money_text(money: Money, locale: str) -> str:
    """The amount as people write it in `locale`, on one line."""
    return format_localized(money, locale).replace(" ", "\N{NO-BREAK SPACE}")


@lru_cache(maxsize=256)
def cldr_locale(locale: str) -> Locale:
    """The CLDR locale nearest to a BCP 47 tag; English where there is none."""
    for tag in fallback_chain(locale, default="en"):
        try:
            return Locale.parse(tag, sep="-")
        except (UnknownLocaleError, ValueError):
            continue
    return Locale("en")


@lru_cache(maxsize=10_000)
def date_text(moment: datetime, locale: str) -> str:
    """The day (UTC) as people write it in `locale`: "3 May 2026"."""
    return format_date(moment, format="long", locale=cldr_locale(locale))


@lru_cache(maxsize=256)
def language_name(locale: str) -> str:
    """What a language calls itself: "Deutsch"; the tag itself where CLDR has no name."""
    found = cldr_locale(locale)
    if found.language != locale.split("-")[0]:
        return locale
    name = found.get_display_name()
    return name[:1].upper() + name[1:] if name else locale


def direction(locale: str) -> str:
    """ "ltr" or "rtl", for the dir attribute."""
    return cldr_locale(locale).text_direction


class Renderer:
    """The templates; each is read and compiled once, when it is first shown.

    All at once would cost a start a tenth of a second, for pages that may never be asked for.

    Args:
        names: values every template sees (addresses of style sheets).
    """

    def __init__(self, folder: Path = _TEMPLATES, **names: object) -> None:
        environment = jinja2.Environment(
            loader=jinja2.FileSystemLoader(folder),
            autoescape=True,
            auto_reload=False,
            trim_blocks=True,
            lstrip_blocks=True,
            undefined=jinja2.StrictUndefined,
            cache_size=-1,
        )
        environment.filters["src"] = image_src
        environment.filters["money"] = money_text
        environment.filters["date"] = date_text
        # Only for `*_html` fields of documents, sanitised when they were written.
        environment.filters["sanitised"] = _sanitised
        environment.filters["ticks"] = _ticks
        environment.globals.update(names)
        self._environment = environment

    def names(self) -> list[str]:
        """All templates there are."""
        return self._environment.list_templates(["html", "xml"])

    def compile(self, name: str) -> jinja2.Template:
        """Have a template ready. Raises jinja2.TemplateError when it is malformed or missing."""
        return self._environment.get_template(name)

    def render(self, name: str, /, **values: object) -> str:
        """Raises jinja2.UndefinedError for a name that was not given."""
        return self.compile(name).render(values)


def _sanitised(text: str) -> Markup:
    return Markup(text)  # noqa: S704  # documents hold markup that passed the sanitiser on writing


def _ticks(text: str) -> Markup:
    """Plain text of our own docs with `code` in backticks; everything else is escaped."""
    parts = text.split("`")
    if len(parts) % 2 == 0:
        return escape(text)
    return Markup("").join(
        Markup("<code>{}</code>").format(part) if index % 2 else escape(part)
        for index, part in enumerate(parts)
    )
