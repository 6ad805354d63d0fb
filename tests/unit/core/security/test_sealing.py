"""What is sealed opens under its key, at its place, unchanged, and in no other case."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from rustok.core.security.sealing import SealBroken, Sealer, _derived

KEY = "k" * 43
PLACE = "webhook_endpoint/1"


def sealer(key: str = KEY) -> Sealer:
    return Sealer(keys={"1": key}, active_kid="1")


def test_what_was_sealed_opens_again() -> None:
    sealed = sealer().seal(b"secret", belongs_to=PLACE)
    assert sealer().open(sealed, belongs_to=PLACE) == b"secret"


def test_a_sealed_text_shows_nothing_and_is_never_the_same_twice() -> None:
    one, two = (sealer().seal(b"secret", belongs_to=PLACE) for _ in range(2))
    assert one != two
    assert "secret" not in one


def test_the_place_is_part_of_the_seal() -> None:
    sealed = sealer().seal(b"secret", belongs_to=PLACE)
    with pytest.raises(SealBroken):
        sealer().open(sealed, belongs_to="webhook_endpoint/2")


def test_another_key_does_not_open_it() -> None:
    sealed = sealer().seal(b"secret", belongs_to=PLACE)
    with pytest.raises(SealBroken):
        sealer("x" * 43).open(sealed, belongs_to=PLACE)


def test_a_former_key_still_opens_after_a_change_of_the_active_one() -> None:
    sealed = sealer().seal(b"secret", belongs_to=PLACE)
    later = Sealer(keys={"1": KEY, "2": "y" * 43}, active_kid="2")
    assert later.open(sealed, belongs_to=PLACE) == b"secret"
    assert later.seal(b"x", belongs_to=PLACE).startswith("s2.2.")


@pytest.mark.parametrize(
    "damage",
    ["", "s1", "s1.1.", "s1.1.AAAA", "s1.9.AAAA", "s2.1.AAAA", "s2.1.AAAA.AAAA", "s3.1.A.A", "é"],
)
def test_a_damaged_text_is_an_error_that_never_quotes_it(damage: str) -> None:
    with pytest.raises(SealBroken) as broken:
        sealer().open(damage, belongs_to=PLACE)
    assert not damage or damage not in broken.value.detail


def test_one_changed_character_breaks_the_seal() -> None:
    sealed = sealer().seal(b"secret", belongs_to=PLACE)
    changed = sealed[:-2] + ("A" if sealed[-2] != "A" else "B") + sealed[-1]
    with pytest.raises(SealBroken):
        sealer().open(changed, belongs_to=PLACE)


def test_the_active_key_must_be_there() -> None:
    with pytest.raises(ValueError, match="active"):
        Sealer(keys={"1": KEY}, active_kid="2")


def test_rewrapping_changes_the_key_and_not_the_secret() -> None:
    sealed = sealer().seal(b"secret", belongs_to=PLACE)
    both = Sealer(keys={"1": KEY, "2": "y" * 43}, active_kid="2")
    moved = both.rewrapped(sealed, belongs_to=PLACE)
    assert moved is not None
    assert moved.split(".")[1] == "2"
    assert moved.split(".")[3] == sealed.split(".")[3]
    assert both.rewrapped(moved, belongs_to=PLACE) is None
    only_new = Sealer(keys={"2": "y" * 43}, active_kid="2")
    assert only_new.open(moved, belongs_to=PLACE) == b"secret"
    with pytest.raises(SealBroken):
        only_new.open(moved, belongs_to="webhook_endpoint/2")
    with pytest.raises(SealBroken):
        only_new.rewrapped(sealed, belongs_to=PLACE)


def test_what_the_former_version_sealed_opens_and_is_brought_to_this_one() -> None:
    cipher = AESGCM(_derived(KEY))
    nonce = b"n" * 12
    raw = nonce + cipher.encrypt(nonce, b"secret", f"s1.1.{PLACE}".encode())
    former = "s1.1." + base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
    assert sealer().open(former, belongs_to=PLACE) == b"secret"
    moved = sealer().rewrapped(former, belongs_to=PLACE)
    assert moved is not None
    assert sealer().open(moved, belongs_to=PLACE) == b"secret"


def test_a_keyed_digest_is_of_its_purpose_and_key() -> None:
    kid, tag = sealer().tag(b"data", purpose="one")
    assert sealer().tag_matches(tag, b"data", kid=kid, purpose="one")
    assert not sealer().tag_matches(tag, b"data", kid=kid, purpose="two")
    assert not sealer().tag_matches(tag, b"date", kid=kid, purpose="one")
    assert not sealer("x" * 43).tag_matches(tag, b"data", kid=kid, purpose="one")
    assert not sealer().tag_matches(tag, b"data", kid="9", purpose="one")
