"""Settings of the CDN that do not fit together are refused by name."""

from __future__ import annotations

import pytest

from rustok.server.cdn import cdn_options
from rustok.server.settings import CdnSettings, Secret, Settings
from rustok.server.settings.contradictions import contradictions
from rustok.server.settings.safety import check_production

TOKEN = Secret("tok-4f1e9c0d7b")


@pytest.mark.parametrize(
    ("cdn", "wrong"),
    [
        (CdnSettings(), []),
        (CdnSettings(provider="fastly"), ["cdn.service_id", "cdn.token"]),
        (CdnSettings(provider="fastly", service_id="S", token=TOKEN), []),
        (CdnSettings(provider="cloudflare", token=TOKEN), ["cdn.zone_id"]),
        (CdnSettings(provider="webhook", token=TOKEN), ["cdn.url"]),
        (CdnSettings(provider="webhook", url="http://in.example", token=TOKEN), ["cdn.url"]),
        (CdnSettings(provider="webhook", url="ftp://in.example", token=TOKEN), ["cdn.url"]),
        (CdnSettings(provider="webhook", url="http://in", token=TOKEN, private=True), []),
    ],
)
def test_a_provider_needs_what_belongs_to_it(cdn: CdnSettings, wrong: list[str]) -> None:
    found = contradictions(Settings(cdn=cdn))
    assert [one.pointer for one in found if one.pointer.startswith("cdn.")] == wrong


def test_production_sends_the_token_to_the_provider_alone() -> None:
    cdn = CdnSettings(
        provider="fastly", service_id="S", token=TOKEN, api_url="https://else.example"
    )
    found = {one.key: one.severity for one in check_production(Settings(cdn=cdn))}
    assert found["cdn.api_url"] == "refuse"


def test_only_private_receivers_may_be_in_the_own_network() -> None:
    public = cdn_options(Settings(cdn=CdnSettings(provider="fastly", service_id="S", token=TOKEN)))
    assert not public.policy.allow_private
    assert not public.policy.allow_http
