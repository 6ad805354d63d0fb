"""Purge calls in the words of each provider, and which answers say yes."""

from __future__ import annotations

import json

import pytest

from rustok.platform.cdn.model.options import CdnOptions
from rustok.platform.cdn.model.requests import is_done, request_for

FASTLY = CdnOptions(provider="fastly", place="S1", token="tok")
CLOUDFLARE = CdnOptions(provider="cloudflare", place="Z1", token="tok")
WEBHOOK = CdnOptions(provider="webhook", place="https://in.example/purge", token="tok")


def test_fastly_is_asked_in_its_words() -> None:
    made = request_for(FASTLY, ["a", "b"])
    assert made.url == "https://api.fastly.com/service/S1/purge"
    assert made.headers["fastly-key"] == "tok"
    assert json.loads(made.body) == {"surrogate_keys": ["a", "b"]}


def test_cloudflare_is_asked_in_its_words() -> None:
    made = request_for(CLOUDFLARE, ["a", "b"])
    assert made.url == "https://api.cloudflare.com/client/v4/zones/Z1/purge_cache"
    assert made.headers["authorization"] == "Bearer tok"
    assert json.loads(made.body) == {"tags": ["a", "b"]}


def test_a_webhook_gets_the_keys_and_not_the_secret() -> None:
    made = request_for(WEBHOOK, ["a"])
    assert made.url == "https://in.example/purge"
    assert json.loads(made.body) == {"keys": ["a"]}
    assert "tok" not in str(made.headers)


@pytest.mark.parametrize(
    ("options", "status", "content", "done"),
    [
        (FASTLY, 200, b'{"a":"1-2"}', True),
        (FASTLY, 401, b'{"msg":"Provided credentials are missing or invalid"}', False),
        (FASTLY, 302, b"", False),
        (CLOUDFLARE, 200, b'{"success":true,"errors":[]}', True),
        (CLOUDFLARE, 200, b'{"success":false,"errors":[{"code":1}]}', False),
        (CLOUDFLARE, 200, b"<html>", False),
        (CLOUDFLARE, 200, b"[]", False),
        (WEBHOOK, 204, b"", True),
        (WEBHOOK, 500, b"", False),
    ],
)
def test_only_a_plain_yes_is_one(
    options: CdnOptions, status: int, content: bytes, done: bool
) -> None:
    assert is_done(options, status, content) is done
