"""`rustok keys` on both databases."""

from __future__ import annotations

from tests.integration.cli.conftest import Cli


def test_keys_are_listed_and_replaced_and_old_ones_kept_or_ended(cli: Cli) -> None:
    assert cli.json("keys", "list") == []
    first = cli.json("keys", "rotate")["active"]
    second = cli.json("keys", "rotate")["active"]
    listed = {key["kid"]: key for key in cli.json("keys", "list")}
    assert set(listed) == {first, second}
    assert listed[second]["is_active"]
    assert listed[first]["verifies_until"] is not None
    ended = cli.json("keys", "rotate", "--end-old")
    assert ended["old_ended"] is True
    assert [key["kid"] for key in cli.json("keys", "list")] == [ended["active"]]


def test_no_key_is_ever_shown(cli: Cli) -> None:
    shown = cli.ok("keys", "rotate").out + cli.ok("keys", "list").out
    assert "PRIVATE" not in shown
    assert "s1." not in shown
