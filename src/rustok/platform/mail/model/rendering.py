"""Fills a template: subject, text and HTML of one mail; refuses markup and addresses made of values."""

from __future__ import annotations

import html
import re
from collections.abc import Mapping
from typing import Final

import msgspec

from rustok.core.locale import fallback_chain
from rustok.platform.mail.model.templates import (
    ENGLISH,
    FIELD,
    STORE,
    Button,
    Heading,
    MailContent,
    MailText,
    Paragraph,
    Part,
    Template,
)

TenantWords = Mapping[str, str | int | bool]
MAX_SUBJECT: Final = 200
MAX_FOOTER: Final = 2_000
FOOTERS: Final = {"en": "Sent by {store}.", "de": "Gesendet von {store}."}
_UNPRINTABLE: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]+")
_LINK: Final = re.compile(r"https?://[^\s<>\"']+")
_STYLE: Final = "font-family:system-ui,sans-serif;font-size:16px;line-height:1.5;color:#1a1a1a"
_BUTTON: Final = (
    "display:inline-block;padding:10px 18px;background:#1a1a1a;color:#ffffff;"
    "border-radius:6px;text-decoration:none"
)


class Rendered(msgspec.Struct, frozen=True, kw_only=True):
    """A mail as its reader sees it; the subject is one line."""

    subject: str
    text: str
    html: str
    language: str


def one_line(text: str, *, limit: int = MAX_SUBJECT) -> str:
    """`text` as it may stand in a header: no control characters, no line ends, not too long."""
    return " ".join(_UNPRINTABLE.sub(" ", text).split())[:limit]


def store_name(tenant_name: str, settings: TenantWords) -> str:
    """What readers know the tenant by: its setting `store_name`, else its name."""
    return one_line(str(settings.get("store_name", "") or tenant_name), limit=100)


def render(
    template: Template,
    content: MailContent,
    *,
    locale: str,
    store: str,
    settings: TenantWords,
) -> Rendered:
    """The mail of `content`.

    Args:
        settings: the tenant's own; `mail_subject_<template>` (dots as _) and `mail_footer` replace
            what the platform would write, each also with `_<language>` behind it.
    """
    text = template.text(locale)
    values = {**content.values, STORE: store}
    own = _setting(settings, f"mail_subject_{template.name.replace('.', '_')}", locale)
    footer = _setting(settings, "mail_footer", locale)
    if footer is None:
        footer = next(
            FOOTERS[tag] for tag in fallback_chain(locale, default=ENGLISH) if tag in FOOTERS
        )
    footer = _filled(footer[:MAX_FOOTER], values)
    return Rendered(
        subject=one_line(_filled(own or text.subject, values)) or store,
        text=_as_text(text, content, values, footer),
        html=_as_html(text, content, values, footer, locale),
        language=locale,
    )


def _setting(settings: TenantWords, key: str, locale: str) -> str | None:
    for tag in fallback_chain(locale, default=ENGLISH):
        found = settings.get(f"{key}_{tag.lower().replace('-', '_')}")
        if isinstance(found, str) and found.strip():
            return found
    found = settings.get(key)
    return found if isinstance(found, str) and found.strip() else None


def _filled(sentence: str, values: Mapping[str, str]) -> str:
    """`sentence` with its fields; a value is put in once and never looked through for fields."""
    return FIELD.sub(lambda found: values.get(found[1], found[0]), sentence)


def _is_shown(part: Part, values: Mapping[str, str]) -> bool:
    match part:
        case Paragraph(when=str() as field):
            return bool(values[field])
        case Button():
            # Anything else than an address of the web is no link (javascript:, data:).
            return _LINK.fullmatch(values[part.link]) is not None
        case _:
            return True


def _as_text(text: MailText, content: MailContent, values: Mapping[str, str], footer: str) -> str:
    blocks: list[str] = []
    for part in text.parts:
        if not _is_shown(part, values):
            continue
        match part:
            case Heading() | Paragraph():
                blocks.append(_filled(part.text, values))
            case Button():
                blocks.append(f"{_filled(part.text, values)}:\n{values[part.link]}")
            case _:
                rows = content.tables[part.name]
                blocks.append("\n".join(f"- {one_line(a)}: {one_line(b)}" for a, b in rows))
    blocks.append(f"-- \n{footer}")
    return "\n\n".join(blocks) + "\n"


def _as_html(
    text: MailText, content: MailContent, values: Mapping[str, str], footer: str, locale: str
) -> str:
    escaped = {name: html.escape(value) for name, value in values.items()}

    def said(sentence: str) -> str:
        # The sentence is ours and may hold <, so it is escaped before the escaped values come in.
        return _filled(html.escape(sentence, quote=False), escaped).replace("\n", "<br>")

    blocks: list[str] = []
    for part in text.parts:
        if not _is_shown(part, values):
            continue
        match part:
            case Heading():
                blocks.append(f'<h1 style="font-size:22px">{said(part.text)}</h1>')
            case Paragraph():
                blocks.append(f"<p>{said(part.text)}</p>")
            case Button():
                link = escaped[part.link]
                blocks.append(
                    f'<p><a href="{link}" style="{_BUTTON}">{said(part.text)}</a></p>'
                    f'<p style="font-size:13px;word-break:break-all">{link}</p>'
                )
            case _:
                rows = "".join(
                    f"<tr><td>{html.escape(a)}</td>"
                    f'<td style="text-align:right;padding-left:16px">{html.escape(b)}</td></tr>'
                    for a, b in content.tables[part.name]
                )
                blocks.append(f"<table>{rows}</table>")
    body = "\n".join(blocks)
    small = html.escape(footer).replace("\n", "<br>")
    return (
        f'<!doctype html>\n<html lang="{html.escape(locale)}"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"></head>\n'
        f'<body style="{_STYLE};max-width:600px;margin:0 auto;padding:16px">\n{body}\n'
        f'<p style="font-size:13px;color:#555555">{small}</p>\n</body></html>\n'
    )
