"""Templates: what a mail says, as parts that both of its forms, text and HTML, are made of.

There is no template language: a part is a sentence with `{fields}`, so a value can neither add
markup nor call anything, and both forms always say the same. Docs: decision 12.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

import msgspec

from rustok.core.locale import fallback_chain

FIELD: Final = re.compile(r"\{([a-z][a-z0-9_]*)\}")
NAME: Final = re.compile(r"[a-z][a-z_]*\.[a-z][a-z0-9_]*")
STORE: Final = "store"
"""The one field every template has: the name of the tenant's store."""
ENGLISH: Final = "en"


class Heading(msgspec.Struct, frozen=True):
    text: str


class Paragraph(msgspec.Struct, frozen=True):
    """A paragraph; left out when the field `when` is empty."""

    text: str
    when: str | None = None


class Button(msgspec.Struct, frozen=True):
    """A link to the address in the field `link`; left out when that is empty."""

    text: str
    link: str


class Rows(msgspec.Struct, frozen=True):
    """The table `name`: each row a thing and its value."""

    name: str


Part = Heading | Paragraph | Button | Rows


class MailText(msgspec.Struct, frozen=True, kw_only=True):
    """A template in one language."""

    subject: str
    parts: tuple[Part, ...]

    def fields(self) -> frozenset[str]:
        """The values it needs, the store's name aside."""
        named: set[str] = set(FIELD.findall(self.subject))
        for part in self.parts:
            if not isinstance(part, Rows):
                named |= set(FIELD.findall(part.text))
            if isinstance(part, Paragraph) and part.when is not None:
                named.add(part.when)
            if isinstance(part, Button):
                named.add(part.link)
        return frozenset(named - {STORE})

    def tables(self) -> frozenset[str]:
        return frozenset(part.name for part in self.parts if isinstance(part, Rows))


class MailContent(msgspec.Struct, frozen=True, kw_only=True):
    """What fills a template; sealed where it is kept."""

    values: dict[str, str]
    tables: dict[str, list[tuple[str, str]]] = msgspec.field(default_factory=dict)


class Template:
    """A mail that a feature may send.

    Args:
        name: `feature.what`, unique; it is stored with each mail.
        texts: by language tag; English must be among them.

    Raises:
        ValueError: the languages ask for different fields, or the name is malformed.
    """

    def __init__(self, name: str, texts: Mapping[str, MailText]) -> None:
        if NAME.fullmatch(name) is None:
            raise ValueError(f"template name {name!r}: write feature.what")
        if ENGLISH not in texts:
            raise ValueError(f"template {name}: no English text")
        english = texts[ENGLISH]
        for locale, text in texts.items():
            if (text.fields(), text.tables()) != (english.fields(), english.tables()):
                raise ValueError(f"template {name}: {locale} asks for other fields than English")
        self.name: Final = name
        self.fields: Final = english.fields()
        self.tables: Final = english.tables()
        self._texts: Final = dict(texts)

    def text(self, locale: str) -> MailText:
        """The text a reader of `locale` gets."""
        for tag in fallback_chain(locale, default=ENGLISH):
            if tag in self._texts:
                return self._texts[tag]
        return self._texts[ENGLISH]

    def content(
        self, values: Mapping[str, str], tables: Mapping[str, Sequence[tuple[str, str]]]
    ) -> MailContent:
        """Raises ValueError when values or tables are not exactly those of the template."""
        if set(values) != self.fields or set(tables) != self.tables:
            wanted = ", ".join(sorted(self.fields | self.tables))
            raise ValueError(f"mail template {self.name} takes exactly: {wanted}")
        return MailContent(
            values=dict(values), tables={name: list(rows) for name, rows in tables.items()}
        )


_templates: dict[str, Template] = {}


def register(template: Template) -> Template:
    """Make `template` known to the worker by its name, and return it.

    Raises:
        ValueError: another template has the name.
    """
    if _templates.setdefault(template.name, template) is not template:
        raise ValueError(f"mail template {template.name!r} exists already")
    return template


def find_template(name: str) -> Template | None:
    """The registered template; None when this program has none of that name."""
    return _templates.get(name)


def templates() -> Iterator[Template]:
    """All registered templates, by name."""
    return iter([_templates[name] for name in sorted(_templates)])
