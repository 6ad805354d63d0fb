"""Passwords: policy, hashing, equal work for unknown users."""

from __future__ import annotations

import asyncio
import unicodedata

import pytest
from argon2 import PasswordHasher, extract_parameters

from rustok.core.errors import Unavailable
from rustok.core.security import passwords
from rustok.core.security.passwords import (
    WeakPassword,
    check_password_policy,
    common_passwords,
    hash_password,
    hash_password_async,
    verify_password,
    verify_password_async,
)
from tools import generate_common_passwords

GOOD = "several plain words"
STORED = hash_password(GOOD)


def test_the_right_password_is_accepted_and_needs_no_new_hash() -> None:
    assert verify_password(STORED, GOOD) == (True, False)


def test_a_wrong_password_is_refused() -> None:
    assert verify_password(STORED, GOOD + "!") == (False, False)


def test_the_hash_is_argon2id_at_the_cost_owasp_asks_for() -> None:
    cost = extract_parameters(STORED)
    assert STORED.startswith("$argon2id$")
    assert (cost.memory_cost, cost.time_cost, cost.parallelism) == (19 * 1024, 2, 1)


def test_a_hash_of_lower_cost_asks_to_be_made_anew() -> None:
    cheap = PasswordHasher(time_cost=1, memory_cost=1024, parallelism=1).hash(GOOD)
    assert verify_password(cheap, GOOD) == (True, True)


def test_an_unknown_user_is_refused_after_a_full_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    class Recorder(PasswordHasher):
        def verify(self, hash: str | bytes, password: str | bytes) -> bool:  # type: ignore[override] # noqa: A002 - the name is argon2's
            seen.append(str(hash))
            return super().verify(hash, password)

    recorder = Recorder(time_cost=2, memory_cost=19 * 1024, parallelism=1)
    monkeypatch.setattr(passwords, "_hasher", recorder)
    assert verify_password(None, GOOD) == (False, False)
    assert extract_parameters(seen[0]) == extract_parameters(STORED)


@pytest.mark.parametrize("stored", ["", "plain", "$argon2id$v=19$broken", "é"])
def test_a_damaged_hash_matches_nothing(stored: str) -> None:
    assert verify_password(stored, GOOD) == (False, False)


def test_composed_and_decomposed_letters_are_one_password() -> None:
    composed = "crème brûlée für alle"
    stored = hash_password(composed)
    assert verify_password(stored, unicodedata.normalize("NFD", composed)).ok


@pytest.mark.parametrize(
    "password", ["x" * 1_000_000, "\ud800 broken letters", "nul\x00 inside it"]
)
def test_an_impossible_password_is_refused_without_failing(password: str) -> None:
    assert verify_password(STORED, password) == (False, False)


@pytest.mark.parametrize(
    ("password", "rule"),
    [
        ("short", "too_short"),
        ("", "too_short"),
        ("e\u0301" * 9, "too_short"),
        ("a b" * 50, "too_long"),
        ("a" * 1_000_000, "too_long"),
        ("Password123", "common"),
        ("QWERTYUIOP", "common"),
        ("aaaaaaaaaaaa", "repetitive"),
        ("xyzxyzxyzxyz", "repetitive"),
        ("abcdefghijkl", "repetitive"),
        ("zyxwvutsrqpo", "repetitive"),
        ("345678901234", "repetitive"),
        ("broken \ud800 letters", "unicode"),
    ],
)
def test_a_weak_password_is_refused_with_its_reason(password: str, rule: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password_policy(password)
    assert refused.value.rule == rule
    assert refused.value.code == "weak_password"
    assert not password or password not in refused.value.detail


@pytest.mark.parametrize(
    "password",
    [GOOD, "абвгд жзикл", "🦀🐍🦀🐍🌍🌎🌏🗺🧭🏔", "e\u0301" * 3 + " and words", "7" + "x y" * 42],
)
def test_a_strong_enough_password_comes_back_in_nfc(password: str) -> None:
    assert check_password_policy(password) == unicodedata.normalize("NFC", password)


def test_every_common_password_would_pass_the_length_rule() -> None:
    assert len(common_passwords()) >= 3_000
    assert all(len(text) >= 10 and text == text.casefold() for text in common_passwords())


def test_the_list_of_common_passwords_is_what_its_generator_writes() -> None:
    written = generate_common_passwords.TARGET.read_text(encoding="utf-8")
    assert written == generate_common_passwords.render()


async def test_passwords_are_hashed_and_verified_off_the_event_loop() -> None:
    stored = await hash_password_async(GOOD)
    assert (await verify_password_async(stored, GOOD)).ok


async def test_more_hashing_than_can_wait_is_refused_at_once() -> None:
    taken = 0
    while passwords._places.acquire(blocking=False):
        taken += 1
    try:
        with pytest.raises(Unavailable):
            await hash_password_async(GOOD)
    finally:
        for _ in range(taken):
            passwords._places.release()


async def test_a_caller_who_leaves_gives_the_place_back_when_the_work_ends() -> None:
    waiting = [asyncio.create_task(hash_password_async(GOOD)) for _ in range(4)]
    await asyncio.sleep(0)
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)
    await hash_password_async(GOOD)
    await asyncio.sleep(0.2)
    assert passwords._places._value == passwords.MAX_WAITING


@pytest.mark.parametrize(
    "password", ["nordlicht2026", "Ada.Lovelace1", "lovelace-lovelace", "NORDLICHT-ada1"]
)
def test_a_password_of_what_everybody_knows_is_refused(password: str) -> None:
    with pytest.raises(WeakPassword) as refused:
        check_password_policy(password, words=["ada.lovelace@example.com", "Nordlicht"])
    assert refused.value.rule in ("context", "repetitive")


def test_a_known_word_among_others_does_no_harm() -> None:
    words = ["ada.lovelace@example.com", "Nordlicht"]
    assert check_password_policy("nordlicht über dem fjord", words=words)
    assert check_password_policy("several plain words", words=["", "a", "in"])
