"""What production refuses of the settings of webhooks, and what a task may not do in a transaction."""

from __future__ import annotations

import pytest

from rustok.core.security.ssrf import OutboundPolicy
from rustok.server.settings import Settings, load
from rustok.server.settings.safety import check_production


def test_nothing_but_https_to_public_addresses_is_allowed_unless_somebody_says_so() -> None:
    webhooks = Settings().webhooks
    assert not webhooks.allow_http
    assert not webhooks.allow_private
    assert OutboundPolicy() == OutboundPolicy(allow_http=False, allow_private=False)


@pytest.mark.parametrize("key", ["allow_http", "allow_private"])
def test_production_refuses_what_is_for_tests(key: str) -> None:
    settings = load(None, {f"RUSTOK_WEBHOOKS__{key.upper()}": "true"})
    refused = {one.key for one in check_production(settings) if one.severity == "refuse"}
    assert f"webhooks.{key}" in refused
