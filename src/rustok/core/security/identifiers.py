"""Reads the names strangers send: slugs, hosts, handles, e-mails; refuses any second spelling.

Each parser looks at the length first, so the work is bounded, and then lets through only what the
rule lists. Nothing is trimmed or repaired in silence, except where the standard says that two
spellings are one name (letter case and trailing dot of a host, letter case of an e-mail).
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final
from uuid import UUID

import idna
from slugify import slugify

from rustok.core.ids import parse_id
from rustok.core.invalid_value import InvalidValue

MAX_SLUG_LENGTH: Final = 63
MAX_HOST_LENGTH: Final = 253
MAX_HANDLE_LENGTH: Final = 200
MAX_EMAIL_LENGTH: Final = 254

_RESERVED: Final = """
    admin api app assets auth cache cdn database db dev docs ftp graphql health imap internal
    localhost login logout mail metrics platform postgres private prod production public redis
    register root signin signup smtp ssh staging static swagger system test vpn www
"""

RESERVED_SLUGS: Final = frozenset(_RESERVED.split())
"""Names a tenant cannot take: each is, or may become, a host or path of the platform itself."""

_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
_UUID_SHAPE = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_HANDLE = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_PORT = re.compile(r"[0-9]{1,5}")
_NUMBER_LABEL = re.compile(r"[0-9]+|0[xX][0-9a-fA-F]*")
_LABEL: Final = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN_HOST = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_UNSAFE = re.compile(r"[\s\x00-\x20\x7f-\xa0/\\?#@%<>\"'`;,{}|^\[\]()*&=+$!~]")
_MAX_PORT: Final = 65_535
_MAX_PORT_SUFFIX: Final = len(":65535")
_MAX_TITLE_READ: Final = 1_000
# Letters of these scripts look alike; a real name keeps to one of them within a label (UTS 39).
_LOOKALIKE_SCRIPTS: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE"})


class InvalidSlug(InvalidValue):
    code = "invalid_slug"
    title = "This is not a tenant slug"


class ReservedSlug(InvalidValue):
    code = "reserved_slug"
    title = "This slug belongs to the platform"


class InvalidHost(InvalidValue):
    code = "invalid_host"
    title = "This is not a host name"


class InvalidHandle(InvalidValue):
    code = "invalid_handle"
    title = "This is not a handle"


class InvalidEmail(InvalidValue):
    code = "invalid_email"
    title = "This is not an e-mail address"


def parse_slug(text: str, *, pointer: str) -> str:
    """Check the slug of a tenant: `[a-z0-9]`, then `[a-z0-9-]`, 1 to 63 characters, not reserved.

    Raises:
        InvalidSlug: another shape, or the shape of a UUID, which would be taken for an id.
        ReservedSlug: one of `RESERVED_SLUGS`.
    """
    if not 1 <= len(text) <= MAX_SLUG_LENGTH:
        raise InvalidSlug(
            f"a slug has 1 to {MAX_SLUG_LENGTH} characters, this one has {len(text)}.",
            pointer=pointer,
            rule="length",
        )
    if _SLUG.fullmatch(text) is None:
        raise InvalidSlug(
            "a slug begins with a lower-case letter a-z or a digit and goes on with these or "
            "hyphens; write it such as acme or north-shop-2.",
            pointer=pointer,
            rule="pattern",
        )
    if _UUID_SHAPE.fullmatch(text):
        raise InvalidSlug(
            "a slug must not look like an id; choose a name that is no UUID.",
            pointer=pointer,
            rule="not_uuid",
        )
    if text in RESERVED_SLUGS:
        raise ReservedSlug(
            f"the slug '{text}' is kept for the platform; choose another, such as '{text}-shop'.",
            pointer=pointer,
            rule="reserved",
        )
    return text


def parse_tenant_ref(text: str, *, pointer: str = "X-Tenant") -> UUID | str:
    """Read what names a tenant: its id (a UUID) or else its slug.

    Raises:
        InvalidId: the nil UUID.
        InvalidSlug, ReservedSlug: neither an id nor a slug a tenant can have.
    """
    if _UUID_SHAPE.fullmatch(text[: MAX_SLUG_LENGTH + 1]):
        return parse_id(text, pointer=pointer)
    return parse_slug(text, pointer=pointer)


def parse_host(text: str, *, pointer: str = "Host") -> str:
    """Read a host name: lower-case A-labels, without port and trailing dot, at most 253 characters.

    Raises:
        InvalidHost: an IP address in any spelling (also `[::1]`, `0x7f.1`, `2130706433`), a label
            that is empty, over 63 characters or has a hyphen at an end, what IDNA 2008 does not
            allow, scripts mixed within a label, or a malformed port.

    Source: RFC 5891 and 5892 (IDNA 2008), RFC 1123 section 2.1, WHATWG URL "ends in a number".
    """
    name = _without_port(text, pointer)
    name = name.removesuffix(".")
    if not name:
        raise _bad_host(
            "a host name has at least one label; write it as shop.example.com.", pointer
        )
    if _UNSAFE.search(name):
        raise _bad_host(
            "a host name has letters, digits, hyphens and dots only; leave out everything else.",
            pointer,
            rule="characters",
        )
    lowered = name.translate(_ASCII_LOWER)
    if _NUMBER_LABEL.fullmatch(lowered.rpartition(".")[2]):
        raise _ip_address(pointer)
    # Most hosts are plain; the tables of IDNA have nothing to say on them and cost 30 µs a request.
    if len(lowered) <= MAX_HOST_LENGTH and "--" not in lowered and _PLAIN_HOST.fullmatch(lowered):
        return lowered
    try:
        ascii_name = idna.encode(lowered, strict=True, std3_rules=True).decode("ascii")
        labels = [idna.ulabel(label) for label in ascii_name.split(".")]
    except (idna.IDNAError, UnicodeError):
        raise _bad_host(
            "each label has 1 to 63 letters, digits or hyphens that IDNA 2008 allows and no hyphen "
            "at an end; write it as shop.example.com or bücher.example.",
            pointer,
            rule="idna",
        ) from None
    if len(ascii_name) > MAX_HOST_LENGTH:
        raise _host_too_long(pointer)
    if any(_mixes_scripts(label) for label in labels):
        raise _bad_host(
            "a label mixes letters of scripts that look alike; use one script in a label.",
            pointer,
            rule="mixed_scripts",
        )
    return ascii_name


def parse_handle(text: str, *, pointer: str) -> str:
    """Check a handle: lower-case words `[a-z0-9]+` joined by single hyphens, 1 to 200 characters.

    Raises:
        InvalidHandle: anything else.
    """
    if not 1 <= len(text) <= MAX_HANDLE_LENGTH:
        raise InvalidHandle(
            f"a handle has 1 to {MAX_HANDLE_LENGTH} characters, this one has {len(text)}.",
            pointer=pointer,
            rule="length",
        )
    if _HANDLE.fullmatch(text) is None:
        raise InvalidHandle(
            "a handle is lower-case letters a-z and digits in words joined by single hyphens; "
            "write it such as linen-shirt-2.",
            pointer=pointer,
            rule="pattern",
        )
    return text


def handle_from_title(
    title: str, *, fallback: str = "untitled", max_length: int = MAX_HANDLE_LENGTH
) -> str:
    """A handle that resembles `title`, transliterated; `fallback` when no letter or digit is left.

    Only the first 1,000 characters are read. Two titles may give one handle: who stores it sees to
    it that it is free.

    Args:
        fallback: a handle itself.
        max_length: 1 to 200 characters; longer results end at a word where one fits.
    """
    if not 1 <= max_length <= MAX_HANDLE_LENGTH:
        raise ValueError(f"max_length is 1 to {MAX_HANDLE_LENGTH}, not {max_length}")
    handle = slugify(
        title[:_MAX_TITLE_READ],
        entities=False,
        decimal=False,
        hexadecimal=False,
        max_length=max_length,
        word_boundary=True,
        save_order=True,
    )
    return handle.strip("-") or parse_handle(fallback, pointer="fallback")


_PLAIN_EMAIL: Final = re.compile(
    r"(?=[^@]{1,64}@)[a-zA-Z0-9_]+(?:[.+-][a-zA-Z0-9_]+)*@(?:[a-zA-Z0-9]{1,63}\.)+([a-zA-Z]{2,63})"
)
"""What most addresses look like, and no rule refuses but that of names that are nobody's."""
_SPECIAL_USE: Final = frozenset({"arpa", "invalid", "local", "localhost", "onion"})


def parse_email(text: str, *, pointer: str) -> str:
    """Check an e-mail address without asking the DNS; gives its lower-case form, by which to match.

    Keep what the person wrote for sending: some mail servers tell letter cases apart.

    Raises:
        InvalidEmail: the message never repeats the address.

    Source: RFC 5321 section 4.5.3.1 (lengths), RFC 6531 (letters beyond ASCII).
    """
    if not 1 <= len(text) <= MAX_EMAIL_LENGTH:
        message = f"an e-mail address has 1 to {MAX_EMAIL_LENGTH} characters; check it."
        raise InvalidEmail(message, pointer=pointer, rule="length")
    plain = _PLAIN_EMAIL.fullmatch(text)
    if plain is not None and plain[1].lower() not in _SPECIAL_USE:
        # The library comes to the same in 150 us, twice for an order.
        return text.lower()
    if any(unicodedata.category(character) in {"Cc", "Cf", "Zl", "Zp"} for character in text):
        message = "an e-mail address has no control or invisible characters; remove them."
        raise InvalidEmail(message, pointer=pointer, rule="characters")
    if unicodedata.normalize("NFKC", text) != unicodedata.normalize("NFC", text):
        message = "an e-mail address has no fullwidth or stylised letters; write plain ones."
        raise InvalidEmail(message, pointer=pointer, rule="compatibility_characters")
    from email_validator import EmailNotValidError, validate_email  # late: its patterns take 15 ms

    try:
        # test_environment allows the .test domains (RFC 2606) that demos and tests live on.
        valid = validate_email(text, check_deliverability=False, test_environment=True, strict=True)
    except EmailNotValidError:
        message = "an e-mail address is written name@example.com; check it for typing errors."
        raise InvalidEmail(message, pointer=pointer, rule="email") from None
    if any(map(_mixes_scripts, re.split(r"[@.]", valid.normalized))):
        message = "an e-mail address mixes letters of scripts that look alike; check it."
        raise InvalidEmail(message, pointer=pointer, rule="mixed_scripts")
    return valid.normalized.lower()


_ASCII_LOWER: Final = {code: code + 32 for code in range(ord("A"), ord("Z") + 1)}


def _without_port(text: str, pointer: str) -> str:
    # The bound is for Unicode too: encoded as A-labels a name only gets longer.
    if len(text) > MAX_HOST_LENGTH + len(".") + _MAX_PORT_SUFFIX:
        raise _host_too_long(pointer)
    if text.startswith("[") or text.count(":") > 1:
        raise _ip_address(pointer)
    name, colon, port = text.partition(":")
    if colon and (_PORT.fullmatch(port) is None or int(port) > _MAX_PORT):
        message = "the port after the colon is a number from 0 to 65535; correct or leave it out."
        raise _bad_host(message, pointer, rule="port")
    return name


def _mixes_scripts(label: str) -> bool:
    scripts = {
        unicodedata.name(character, "").partition(" ")[0]
        for character in label
        if character.isalpha()
    }
    return len(scripts & _LOOKALIKE_SCRIPTS) > 1


def _bad_host(message: str, pointer: str, *, rule: str = "host") -> InvalidHost:
    return InvalidHost(message, pointer=pointer, rule=rule)


def _ip_address(pointer: str) -> InvalidHost:
    message = "an IP address names no tenant; use a host name such as shop.example.com."
    return _bad_host(message, pointer, rule="ip_address")


def _host_too_long(pointer: str) -> InvalidHost:
    message = f"a host name has at most {MAX_HOST_LENGTH} characters; use a shorter one."
    return _bad_host(message, pointer, rule="length")
