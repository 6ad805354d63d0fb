"""Hashes and checks passwords slowly on purpose; refuses weak ones and more work than it can do.

Argon2id with 19 MiB, 2 passes, 1 lane (OWASP Password Storage Cheat Sheet): about 26 ms a hash. Use
the async forms in a server: they run on two threads of their own and refuse a queue that grows
beyond what can be answered in about a second. Source: NIST SP 800-63B section 5.1.1.2.
"""

from __future__ import annotations

import asyncio
import base64
import os
import re
import threading
import unicodedata
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cache
from importlib.resources import files
from itertools import pairwise
from typing import Final, NamedTuple, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from rustok.core.errors import Unavailable
from rustok.core.invalid_value import InvalidValue

MIN_PASSWORD_LENGTH: Final = 10
MAX_PASSWORD_LENGTH: Final = 128
MAX_WAITING: Final = 64

_MEMORY_KIB: Final = 19 * 1024
_PASSES: Final = 2
_LANES: Final = 1
# One code point in NFC stands for at most four decomposed ones: beyond this none can be valid.
_MAX_RAW_LENGTH: Final = 4 * MAX_PASSWORD_LENGTH
_LONGEST_UNIT: Final = 4
_SHORTEST_WORD: Final = 4
_LEAST_OWN: Final = 6
_PARTS: Final = re.compile(r"[^0-9a-z]+")

_hasher = PasswordHasher(time_cost=_PASSES, memory_cost=_MEMORY_KIB, parallelism=_LANES)
_threads = ThreadPoolExecutor(max_workers=2, thread_name_prefix="password")
_places = threading.BoundedSemaphore(MAX_WAITING)

R = TypeVar("R")


class WeakPassword(InvalidValue):
    code = "weak_password"
    title = "The password is too weak"


class Verification(NamedTuple):
    """Whether the password is right, and whether its hash should be made anew with today's cost."""

    ok: bool
    needs_rehash: bool


def check_password_policy(
    password: str, *, pointer: str = "/password", words: Iterable[str] = ()
) -> str:
    """Check a new password and give it in NFC, the form that is hashed.

    10 to 128 code points, none of the common ones, not one short piece over and over, not a run of
    neighbours such as 1234567890, and not little more than what everybody knows of its owner.
    Nothing is asked about kinds of characters.

    Args:
        words: what is known of the owner: the address, the name of the store.

    Raises:
        WeakPassword: which rule is broken; never the password.
    """
    if len(password) > _MAX_RAW_LENGTH:
        raise _too_long(pointer)
    if any("\ud800" <= character <= "\udfff" for character in password):
        raise WeakPassword("the password has broken characters.", pointer=pointer, rule="unicode")
    normal = unicodedata.normalize("NFC", password)
    if len(normal) > MAX_PASSWORD_LENGTH:
        raise _too_long(pointer)
    if len(normal) < MIN_PASSWORD_LENGTH:
        message = f"a password has at least {MIN_PASSWORD_LENGTH} characters; a few words do well."
        raise WeakPassword(message, pointer=pointer, rule="too_short")
    folded = normal.casefold()
    if folded in common_passwords():
        message = "this password is among the first ones an attacker tries; choose another."
        raise WeakPassword(message, pointer=pointer, rule="common")
    if _is_repetition(folded) or _is_run(folded):
        message = "the password is one piece repeated or a plain sequence; choose another."
        raise WeakPassword(message, pointer=pointer, rule="repetitive")
    if _is_known_of_owner(folded, words):
        message = (
            "the password is little more than your address or the store's name; choose another."
        )
        raise WeakPassword(message, pointer=pointer, rule="context")
    return normal


def _is_known_of_owner(folded: str, words: Iterable[str]) -> bool:
    """Whether too little is left once `words` and their parts are taken out."""
    known = {part for word in words for part in (word.casefold(), *_PARTS.split(word.casefold()))}
    left = folded
    for word in sorted(known, key=len, reverse=True):
        if len(word) >= _SHORTEST_WORD:
            left = left.replace(word, "")
    return left != folded and len(left) < _LEAST_OWN


def hash_password(password: str) -> str:
    """Hash a password that passed the policy; takes about 26 ms and 19 MiB. NFC is applied here."""
    return _hasher.hash(unicodedata.normalize("NFC", password))


def verify_password(stored: str | None, password: str) -> Verification:
    """Compare a password with a stored hash; takes as long when there is none.

    Args:
        stored: the hash, or None for an unknown user: then the same work is done in vain, so that
            the time does not tell who exists.
    """
    possible = len(password) <= _MAX_RAW_LENGTH
    candidate = unicodedata.normalize("NFC", password) if possible else ""
    try:
        _hasher.verify(_DUMMY_HASH if stored is None else stored, candidate)
    except InvalidHashError:
        # A damaged hash is no reason to answer faster.
        return verify_password(None, candidate) if stored is not None else _REFUSED
    except (VerificationError, UnicodeEncodeError):
        return _REFUSED
    if stored is None or not possible:
        return _REFUSED
    return Verification(ok=True, needs_rehash=_hasher.check_needs_rehash(stored))


async def hash_password_async(password: str) -> str:
    """`hash_password` off the event loop.

    Raises:
        Unavailable: 64 hashes are waiting or running already.
    """
    return await _off_loop(lambda: hash_password(password))


async def verify_password_async(stored: str | None, password: str) -> Verification:
    """`verify_password` off the event loop.

    Raises:
        Unavailable: 64 hashes are waiting or running already.
    """
    return await _off_loop(lambda: verify_password(stored, password))


@cache
def common_passwords() -> frozenset[str]:
    """The common passwords of at least 10 characters, case-folded; read from the package once."""
    text = files(__package__).joinpath("common_passwords.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


async def _off_loop(work: Callable[[], R]) -> R:
    if not _places.acquire(blocking=False):
        raise Unavailable("Too many sign-ins are waiting; try again in a moment.")
    try:
        future = _threads.submit(work)
    except BaseException:
        _places.release()
        raise
    # Given back when the work ends, not when the caller stops waiting: till then a thread is busy.
    future.add_done_callback(_give_place_back)
    return await asyncio.wrap_future(future)


def _give_place_back(_done: Future[R]) -> None:
    _places.release()


def _unmatchable_hash() -> str:
    """A well-formed hash of nothing: random bytes stand where the result would."""

    def encoded(count: int) -> str:
        return base64.b64encode(os.urandom(count)).decode("ascii").rstrip("=")

    cost = f"m={_MEMORY_KIB},t={_PASSES},p={_LANES}"
    return f"$argon2id$v=19${cost}${encoded(16)}${encoded(32)}"


def _is_repetition(text: str) -> bool:
    return any(
        text == (text[:size] * (len(text) // size + 1))[: len(text)]
        for size in range(1, _LONGEST_UNIT + 1)
    )


def _is_run(text: str) -> bool:
    """Whether each character follows its neighbour, up or down; after 9 comes 0."""
    steps = {
        0 if first + second == "90" else ord(second) - ord(first) - 1
        for first, second in pairwise(text)
    }
    downs = {
        0 if first + second == "09" else ord(first) - ord(second) - 1
        for first, second in pairwise(text)
    }
    return steps == {0} or downs == {0}


def _too_long(pointer: str) -> WeakPassword:
    message = f"a password has at most {MAX_PASSWORD_LENGTH} characters; shorten it."
    return WeakPassword(message, pointer=pointer, rule="too_long")


_DUMMY_HASH: Final = _unmatchable_hash()
_REFUSED: Final = Verification(ok=False, needs_rehash=False)
