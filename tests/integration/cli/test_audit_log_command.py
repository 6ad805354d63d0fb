"""`rustok audit list|verify|export|checkpoint` on both databases."""

from __future__ import annotations

import json
from pathlib import Path

from tests.integration.cli.conftest import Cli


def test_the_log_of_a_tenant_is_listed_signed_exported_and_verified(
    cli: Cli, tmp_path: Path
) -> None:
    cli.tenant()
    cli.ok("user", "create", "--tenant", "acme", "--email", "a@example.com", "--generate")
    kept = tmp_path / "kept.json"
    assert "Signed record" in cli.ok("audit", "checkpoint", "acme", "--to", str(kept)).out
    listed = cli.json("audit", "list", "acme", "--action", "user.*")
    assert [one["action"] for one in listed] == ["user.registered"]
    assert "a@example.com" not in json.dumps(listed)
    assert "user.registered" in cli.ok("audit", "export", "acme").out
    assert cli.ok("audit", "export", "acme", "--format", "csv").out.startswith("id,occurred_at,")
    (checked,) = cli.json("audit", "verify", "acme", "--checkpoint", str(kept))
    assert checked["verdict"]["findings"] == []
    assert checked["verdict"]["checked"] >= 2
    assert "0 finding(s)" in cli.ok("audit", "verify").out
