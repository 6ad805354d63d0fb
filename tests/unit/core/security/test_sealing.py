"""What is sealed opens under its key, at its place, unchanged, and in no other case."""

from __future__ import annotations

import pytest

from rustok.core.security.sealing import SealBroken, Sealer

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
    assert later.seal(b"x", belongs_to=PLACE).startswith("s1.2.")


@pytest.mark.parametrize("damage", ["", "s1", "s1.1.", "s1.1.AAAA", "s1.9.AAAA", "s2.1.AAAA", "é"])
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
