"""`rustok keys new-master|status|rewrap`: the master key is replaced while old secrets stay readable."""

from __future__ import annotations

import pytest

from tests.integration.cli.conftest import Cli


def test_the_master_key_is_replaced_and_the_old_one_can_go(
    cli: Cli, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.tenant()
    cli.json("audit", "checkpoint", "acme")  # the key of the audit log is a sealed secret
    assert cli.run("keys", "status").code == 0
    first, second = (cli.json("keys", "new-master")["key"] for _ in range(2))
    monkeypatch.setenv("RUSTOK_SECURITY__MASTER_KEY", first)
    assert cli.run("keys", "status").code == 1
    cli.ok("keys", "rewrap")
    assert cli.run("keys", "status").code == 0
    monkeypatch.setenv("RUSTOK_SECURITY__SECRET_KEY", "another-" + "k" * 43)
    assert cli.json("audit", "verify", "acme")[0]["verdict"]["findings"] == []
    monkeypatch.setenv("RUSTOK_SECURITY__MASTER_KEY", second)
    assert cli.run("keys", "rewrap").code == 1, "the key before is not configured"
    monkeypatch.setenv("RUSTOK_SECURITY__PREVIOUS_MASTER_KEY", first)
    cli.ok("keys", "rewrap")
    monkeypatch.delenv("RUSTOK_SECURITY__PREVIOUS_MASTER_KEY")
    assert cli.run("keys", "status").code == 0
    assert cli.json("audit", "verify", "acme")[0]["verdict"]["findings"] == []
