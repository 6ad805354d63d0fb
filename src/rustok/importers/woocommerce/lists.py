"""The ways WooCommerce packs several values into one cell; it reads no rows.

Source: WooCommerce's product CSV exporter: values are joined by ", ", a comma inside a value is
escaped as `\\,`, a text that begins like a formula gets an apostrophe in front, and line breaks in
descriptions are written as `\\n`.
"""

from __future__ import annotations

from rustok.importers.reading import one_line


def split_values(text: str) -> tuple[str, ...]:
    """The values of a list, unescaped and trimmed, without empty ones and repetitions."""
    values: list[str] = []
    current: list[str] = []
    characters = iter(text)
    for character in characters:
        if character == "\\":
            following = next(characters, "")
            current.append(following if following == "," else character + following)
        elif character == ",":
            values.append("".join(current))
            current.clear()
        else:
            current.append(character)
    values.append("".join(current))
    return tuple(dict.fromkeys(value for part in values if (value := unescape(one_line(part)))))


def split_attribute_values(text: str) -> tuple[str, ...]:
    """The values of an attribute; " | " parts them where no comma does."""
    values = split_values(text)
    if len(values) == 1 and " | " in values[0]:
        return tuple(dict.fromkeys(v for part in values[0].split(" | ") if (v := part.strip())))
    return values


def split_categories(text: str) -> tuple[tuple[str, ...], ...]:
    """Category paths from the root: "Clothing > Shirts, Sale" is two of them."""
    paths = (
        tuple(name for part in value.split(">") if (name := part.strip()))
        for value in split_values(text)
    )
    return tuple(dict.fromkeys(path for path in paths if path))


def unescape(text: str) -> str:
    """The text without the apostrophe that kept a spreadsheet from running it."""
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in "=+-@" else text


def read_description(text: str) -> str:
    """The text with `\\n` as line breaks; `\\\\n` stays a backslash and an n."""
    parts = unescape(text).split("\\\\n")
    return "\\n".join(part.replace("\\n", "\n") for part in parts)
