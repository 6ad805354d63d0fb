"""Laws of tokens, codes and waits that hold for any input."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rustok.core.ids import new_id
from rustok.core.security.access_tokens import (
    AccessGrant,
    AccessTokens,
    InvalidToken,
    new_signing_key,
)
from rustok.core.security.passwords import WeakPassword, check_password_policy
from rustok.core.security.recovery_codes import new_recovery_codes, plain_recovery_code
from rustok.core.security.totp import STEP_SECONDS, matching_step, new_totp_secret, totp_at
from rustok.platform.identity.model import waiting_seconds

SECRET = new_totp_secret()
MOMENTS = st.integers(1_577_836_800, 4_102_444_800).map(
    lambda seconds: datetime.fromtimestamp(seconds, UTC)
)
TENANT = new_id()
NOW = datetime(2026, 3, 1, tzinfo=UTC)
TOKENS = AccessTokens(issuer="rustok")
TOKENS.use([new_signing_key("k1")], active_kid="k1")
GRANT = AccessGrant(
    sub=new_id(),
    tid=TENANT,
    sid=new_id(),
    roles=["a"],
    kind="staff",
    auth_time=int(NOW.timestamp()),
)
TOKEN = TOKENS.issue(GRANT, ttl_seconds=60, now=NOW)


@given(MOMENTS, st.integers(-STEP_SECONDS, STEP_SECONDS))
def test_a_code_counts_within_a_step_of_its_moment(moment: datetime, seconds: int) -> None:
    code = totp_at(SECRET, moment)
    step = matching_step(SECRET, code, now=moment + timedelta(seconds=seconds))
    assert step == int(moment.timestamp()) // STEP_SECONDS


@given(MOMENTS, st.text(max_size=12))
def test_any_text_as_a_code_gives_a_step_of_the_window_or_none(moment: datetime, text: str) -> None:
    step = matching_step(SECRET, text, now=moment)
    assert step is None or abs(step - int(moment.timestamp()) // STEP_SECONDS) <= 1


@given(st.sampled_from(new_recovery_codes(20)), st.randoms(use_true_random=False))
def test_a_recovery_code_is_the_same_however_it_is_typed(code: str, random: object) -> None:
    typed = "".join(
        one.upper() if random.random() < 0.5 else one  # type: ignore[attr-defined]  # hypothesis' random
        for one in code.replace("-", " - ")
    )
    assert plain_recovery_code(typed) == code.replace("-", "")


@given(st.text(max_size=80))
def test_any_text_is_a_recovery_code_of_all_its_letters_or_none(text: str) -> None:
    plain = plain_recovery_code(text)
    assert plain is None or len(plain) == 28


@given(st.integers(0, len(TOKEN) - 1), st.characters(codec="ascii"))
def test_a_token_with_another_character_is_another_token_or_none(at: int, other: str) -> None:
    changed = TOKEN[:at] + other + TOKEN[at + 1 :]
    if changed == TOKEN:
        return
    try:
        claims = TOKENS.verify(changed, audience=TENANT, now=NOW)
    except InvalidToken:
        return
    # The last character of a base64url part has bits that say nothing.
    assert claims.sub == GRANT.sub
    assert claims.roles == GRANT.roles


@given(st.text(max_size=300))
def test_any_text_as_a_token_is_refused(text: str) -> None:
    with pytest.raises(InvalidToken):
        TOKENS.verify(text, audience=TENANT, now=NOW)


@given(st.integers(0, 10_000), st.floats(0, 100_000))
def test_a_wait_never_exceeds_its_bound_and_ends(count: int, since: float) -> None:
    wait = waiting_seconds(count, free=5, longest=900, since_seconds=since)
    assert 0 <= wait <= 900
    assert waiting_seconds(count, free=5, longest=900, since_seconds=since + wait) <= 1
    assert waiting_seconds(count, free=5, longest=900, since_seconds=900) == 0


@given(st.text(max_size=200), st.lists(st.text(max_size=40), max_size=4))
def test_a_password_passes_with_fewer_words_when_it_passes_with_more(
    password: str, words: list[str]
) -> None:
    try:
        kept = check_password_policy(password, words=words)
    except WeakPassword:
        return
    assert check_password_policy(password) == kept
