"""Reads settings from defaults, a TOML file and the environment.

It refuses what it does not know: an unknown key or a bad value is an error that names the file or
variable, the key and the mend, and all errors are told at once. It opens no connection.

Precedence, lowest first: defaults, the TOML file (`rustok.toml`, or the file RUSTOK_CONFIG names),
environment variables (`RUSTOK_HTTP__PORT` is `http.port`), options of the command line.
Relative paths are taken from the working directory. `RUSTOK_TEST_*` belongs to the tests.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, get_origin

import msgspec

from rustok.core.errors import FieldError, RustokError
from rustok.server.settings.contradictions import contradictions
from rustok.server.settings.sections import Settings
from rustok.server.settings.values import MASK, DatabaseUrl, Secret, Section

CONFIG_VARIABLE: Final = "RUSTOK_CONFIG"
DEFAULT_FILE: Final = "rustok.toml"
PREFIX: Final = "RUSTOK_"
TEST_PREFIX: Final = "RUSTOK_TEST_"


class SettingsInvalid(RustokError):
    """The settings have unknown keys or bad values; `fields` holds one entry for each."""

    code = "settings_invalid"
    title = "The settings are not usable"
    mend = "Correct the keys named in `errors`; `rustok config show` prints what is in force."

    def __init__(self, problems: Sequence[FieldError]) -> None:
        super().__init__("; ".join(p.message for p in problems), fields=problems)


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """Settings with, for each key that is not a default, where its value came from."""

    settings: Settings
    sources: dict[str, str]


def load(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Settings:
    """Settings from all sources; see `load_with_sources`."""
    return load_with_sources(file, environ, overrides).settings


def load_with_sources(
    file: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, object] | None = None,
) -> Loaded:
    """Read, check and join all sources.

    Args:
        file: the TOML file; None means RUSTOK_CONFIG, then `rustok.toml` if it is there.
        environ: the environment; None means that of this process.
        overrides: dotted key to value, from the command line; a None value is not an override.

    Raises:
        SettingsInvalid: a source cannot be read, a key is unknown or a value breaks its rule.
    """
    environ = os.environ if environ is None else environ
    reader = _Reader()
    reader.read_file(file, environ)
    reader.read_environment(environ)
    for key, value in (overrides or {}).items():
        if value is not None:
            reader.put(key, value, "command line", f"option for {key}")
    settings = reader.build()
    reader.problems.extend(contradictions(settings))
    if reader.problems:
        raise SettingsInvalid(reader.problems)
    return Loaded(settings=settings, sources=reader.sources)


def _decode(kind: type, value: object) -> object:
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    if kind is DatabaseUrl and isinstance(value, str):
        if not value.startswith(("sqlite:///", "postgresql://", "postgres://")):
            raise ValueError("Expected sqlite:///FILE or postgresql://USER:PASSWORD@HOST/NAME")
        return DatabaseUrl(value)
    if kind is Path and isinstance(value, str):
        return Path(value)
    raise ValueError("Expected a string")


def _field_types(struct: type[msgspec.Struct]) -> dict[str, object]:
    return {field.name: field.type for field in msgspec.structs.fields(struct)}


def known_keys() -> dict[str, object]:
    """Every dotted key with its type."""
    keys: dict[str, object] = {}
    for name, kind in _field_types(Settings).items():
        if isinstance(kind, type) and issubclass(kind, Section):
            keys.update({f"{name}.{key}": t for key, t in _field_types(kind).items()})
        else:
            keys[name] = kind
    return keys


class _Reader:
    """Collects values and problems, so that an operator sees every mistake in one go."""

    def __init__(self) -> None:
        self.known = known_keys()
        self.values: dict[str, object] = {}
        self.sources: dict[str, str] = {}
        self.problems: list[FieldError] = []

    def refuse(self, key: str, rule: str, message: str) -> None:
        self.problems.append(FieldError(pointer=key, rule=rule, message=message))

    def put(self, key: str, value: object, source: str, name: str, *, text: bool = False) -> None:
        kind = self.known.get(key)
        if kind is None:
            near = difflib.get_close_matches(key, self.known, n=1)
            hint = f"did you mean {_spelled(near[0], text)}?" if near else "remove it"
            self.refuse(key, "unknown", f"{source}: {name} is not a setting; {hint}")
            return
        if text and get_origin(kind) is tuple and isinstance(value, str):
            value = tuple(part.strip() for part in value.split(",") if part.strip())
        try:
            # The environment knows only text, so "8000" is a number there and a mistake in TOML.
            converted = msgspec.convert(value, kind, strict=not text, dec_hook=_decode)
        except (msgspec.ValidationError, ValueError) as error:
            # msgspec's message names types and bounds and quotes only a choice of a closed list,
            # so a secret stays one.
            why = str(error).split(" - at ")[0].strip()
            self.refuse(key, "value", f"{source}: {name} is not usable: {why}")
            return
        self.values[key] = converted
        self.sources[key] = source if name == key else f"{source} {name}"

    def read_file(self, file: Path | None, environ: Mapping[str, str]) -> None:
        named = file or (Path(environ[CONFIG_VARIABLE]) if environ.get(CONFIG_VARIABLE) else None)
        path = named or Path(DEFAULT_FILE)
        if named is None and not path.is_file():
            return
        try:
            document = tomllib.loads(path.read_text("utf-8"))
        except OSError as error:
            self.refuse("", "file", f"{path}: cannot be read ({error.strerror}); mend the path")
            return
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            self.refuse("", "toml", f"{path}: is not TOML: {error}")
            return
        for name, value in document.items():
            if isinstance(value, dict):
                for key, inner in value.items():
                    self.put(f"{name}.{key}", inner, str(path), f"{name}.{key}")
            else:
                self.put(name, value, str(path), name)

    def read_environment(self, environ: Mapping[str, str]) -> None:
        for variable, value in sorted(environ.items()):
            ours = variable.startswith(PREFIX) and not variable.startswith(TEST_PREFIX)
            # Compose files pass "" for a variable nobody set, so empty means not set.
            if ours and variable != CONFIG_VARIABLE and value:
                key = variable.removeprefix(PREFIX).lower().replace("__", ".")
                self.put(key, value, "environment", variable, text=True)

    def build(self) -> Settings:
        settings = Settings()
        for key, value in self.values.items():
            section, dot, name = key.partition(".")
            if dot:
                part = msgspec.structs.replace(getattr(settings, section), **{name: value})
                settings = msgspec.structs.replace(settings, **{section: part})
            else:
                settings = msgspec.structs.replace(settings, **{key: value})
        return settings


def variable_name(key: str) -> str:
    """The environment variable of a dotted key: `http.port` is RUSTOK_HTTP__PORT."""
    return PREFIX + key.replace(".", "__").upper()


def _spelled(key: str, text: bool) -> str:
    return variable_name(key) if text else key


def masked(settings: Settings) -> dict[str, object]:
    """Dotted key to a printable value; secrets and passwords are masked."""
    shown: dict[str, object] = {}
    for key in known_keys():
        value: object = settings
        for part in key.split("."):
            value = getattr(value, part)
        if isinstance(value, Secret):
            value = MASK
        elif isinstance(value, DatabaseUrl):
            value = value.masked()
        elif isinstance(value, Path):
            value = str(value)
        shown[key] = list(value) if isinstance(value, tuple) else value
    return shown
