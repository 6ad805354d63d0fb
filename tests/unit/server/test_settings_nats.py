"""The settings of the broker: no password in an address, no secret in print, nothing contradictory."""

from __future__ import annotations

import pytest

from rustok.server.settings import SettingsInvalid, load, masked

POSTGRES = {"RUSTOK_DATABASE__URL": "postgresql://app@db/rustok"}


def test_addresses_come_as_a_list() -> None:
    settings = load(environ=POSTGRES | {"RUSTOK_NATS__URLS": "nats://a:4222, tls://b:4222"})
    assert settings.nats.urls == ("nats://a:4222", "tls://b:4222")


def test_the_password_is_never_shown() -> None:
    settings = load(environ={"RUSTOK_NATS__PASSWORD": "hush", "RUSTOK_NATS__TOKEN": "hush"})
    assert "hush" not in str(masked(settings))


@pytest.mark.parametrize(
    ("variables", "key"),
    [
        ({"RUSTOK_NATS__URLS": "nats://user:hush@a:4222"}, "nats.urls"),
        ({"RUSTOK_NATS__URLS": "a:4222"}, "nats.urls"),
        ({"RUSTOK_NATS__STREAM": "with.dots"}, "nats.stream"),
        ({"RUSTOK_NATS__SUBJECTS": "with.*"}, "nats.subjects"),
        ({"RUSTOK_EVENTS__TRANSPORT": "jetstream"}, "events.transport"),
    ],
)
def test_what_cannot_work_is_refused(variables: dict[str, str], key: str) -> None:
    with pytest.raises(SettingsInvalid) as caught:
        load(environ=variables)
    assert [problem.pointer for problem in caught.value.fields] == [key]
    assert "hush" not in str(caught.value)
