"""Random tokens: unguessable, digested, compared in constant time."""

from __future__ import annotations

import pytest

from rustok.core.security.tokens import (
    constant_time_equal,
    digest_matches,
    random_token,
    token_digest,
)


def test_random_tokens_differ_and_fit_into_an_address() -> None:
    made = {random_token() for _ in range(100)}
    assert len(made) == 100
    assert all(
        len(token) == 43 and token.replace("-", "").replace("_", "").isalnum() for token in made
    )


def test_a_guessable_random_token_is_refused() -> None:
    with pytest.raises(ValueError, match="15"):
        random_token(15)


def test_a_digest_is_sha256_in_hex() -> None:
    assert token_digest("abc") == (
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    )
    assert digest_matches("abc", token_digest("abc"))
    assert not digest_matches("abd", token_digest("abc"))


def test_secrets_compare_whatever_letters_they_have() -> None:
    assert constant_time_equal("é\ud800", "é\ud800")
    assert not constant_time_equal("é", "e")
