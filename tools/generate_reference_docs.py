"""Writes docs/reference/: the settings, the catalogue of events and the metrics, from what the program declares.

Run: `python -m tools.generate_reference_docs`; `--check` writes nothing and fails when a page is stale.
Refuses: text on a single setting or event; it stands in their classes.
"""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin, get_type_hints

import msgspec

from rustok.core.events.event import Event, event_types
from rustok.server.modules import all_modules
from rustok.server.settings import (
    DatabaseUrl,
    Secret,
    Section,
    Settings,
    known_keys,
    masked,
    variable_name,
)
from tools import metrics_page

FOLDER: Final = Path(__file__).parents[1] / "docs" / "reference"
_NOTE: Final = "<!-- Made by tools/generate_reference_docs.py; do not edit. -->"
_SETTINGS: Final = f"""\
{_NOTE}
# Settings

Sources, the later wins: defaults, the TOML file (`rustok.toml`, or what RUSTOK_CONFIG or `--config` names), the
environment, options of the command. A key `http.port` is `port` in the table `[http]` of the file and
`RUSTOK_HTTP__PORT` in the environment. Lists are separated by commas there. Unknown keys and bad values are
refused, all at once. `rustok config show` prints what is in force and where it comes from.
"""
_EVENTS: Final = f"""\
{_NOTE}
# Events

Every event this version emits. `*` marks those that may change a read model. The data is JSON; its schema is
printed by `rustok events schema` (JSON Schema) and `rustok events schema --asyncapi`. A `?` marks what may be
null or absent. What carries an event: [the guide on events](../guides/events.md).

| Event | Of a | Version | Data |
|---|---|---|---|
"""


def pages() -> dict[str, str]:
    """File name -> Markdown, of what docs/reference/ should hold."""
    all_modules()  # importing the features registers their events
    return {
        "settings.md": _settings(),
        "events.md": _events(),
        "metrics.md": f"{_NOTE}\n{metrics_page.page()}",
    }


def _settings() -> str:
    shown = masked(Settings())
    types = get_type_hints(Settings, include_extras=True)
    top = [key for key in known_keys() if "." not in key]
    parts = [_SETTINGS, _table(Settings, top, shown)]
    for name, kind in types.items():
        if inspect.isclass(kind) and issubclass(kind, Section):
            keys = [key for key in known_keys() if key.startswith(f"{name}.")]
            parts += [f"## {name}", _meaning(kind), _table(kind, keys, shown)]
    return "\n".join(parts)


def _meaning(kind: type[Section]) -> str:
    """The class's docstring; a section without one inherits that of Section, which says nothing."""
    own = kind.__doc__
    return "" if own is None or own == Section.__doc__ else inspect.cleandoc(own) + "\n"


def _table(kind: type[Section], keys: list[str], shown: dict[str, object]) -> str:
    hints = get_type_hints(kind, include_extras=True)
    lines = ["| Key | Environment | Value | Default |", "|---|---|---|---|"]
    for key in keys:
        value = _type_words(hints[key.rpartition(".")[2]])
        lines.append(f"| `{key}` | `{variable_name(key)}` | {value} | {_default(shown[key])} |")
    return "\n".join([*lines, ""])


def _default(value: object) -> str:
    if value is None or value == []:
        return "none"
    if isinstance(value, list):
        return f"`{','.join(map(str, value))}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


_NAMES: Final[dict[object, str]] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    Secret: "secret",
    DatabaseUrl: "`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/NAME`",
}


def _type_words(kind: Any) -> str:
    """A type as an operator reads it: what may be written, within which bounds."""
    if get_origin(kind) is Annotated:
        inner, *notes = get_args(kind)
        return " ".join([_type_words(inner), *(words for one in notes if (words := _bounds(one)))])
    if get_origin(kind) is Literal:
        return ", ".join(f"`{one}`" for one in get_args(kind))
    if get_origin(kind) is tuple:
        return f"list of {_type_words(get_args(kind)[0])}"
    if get_origin(kind) in (Union, UnionType):
        return " or ".join(_type_words(one) for one in get_args(kind) if one is not NoneType)
    return _NAMES[kind]


def _bounds(note: object) -> str:
    if not isinstance(note, msgspec.Meta):
        return ""
    low = f"above {note.gt:,}" if note.gt is not None else ""
    low = f"from {note.ge:,}" if note.ge is not None else low
    high = f"to {note.le:,}" if note.le is not None else ""
    return " ".join(part for part in (low, high) if part)


def _events() -> str:
    rows = [_event_row(name, kind) for name, kind in event_types().items()]
    return _EVENTS + "\n".join(rows) + f"\n\n{len(rows)} events.\n"


def _event_row(name: str, kind: type[Event]) -> str:
    hints = get_type_hints(kind)
    fields = [
        f"`{field.name}{'?' if _is_optional(field, hints[field.name]) else ''}`"
        for field in msgspec.structs.fields(kind)
    ]
    mark = " *" if kind.changes_read_model else ""
    return f"| `{name}`{mark} | {kind.aggregate} | {kind.schema_version} | {', '.join(fields)} |"


def _is_optional(field: msgspec.structs.FieldInfo, hint: Any) -> bool:
    return not field.required or NoneType in get_args(hint)


def stale(folder: Path = FOLDER) -> list[str]:
    """Names of files that are missing or outdated."""
    return [
        name
        for name, text in pages().items()
        if not (folder / name).is_file() or (folder / name).read_text(encoding="utf-8") != text
    ]


def main(arguments: list[str]) -> int:
    names = stale()
    if "--check" in arguments:
        for name in names:
            print(f"stale: docs/reference/{name}", file=sys.stderr)
        return 1 if names else 0
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, text in pages().items():
        (FOLDER / name).write_text(text, encoding="utf-8")
    print(f"{len(names)} files changed in docs/reference/")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
