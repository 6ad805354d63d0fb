"""`rustok config`: secrets masked, production judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rustok.cli.main import run

GOOD_KEY = "kJ8s-2hQz91LmXv0aPtYwEr7CbNu4DfGqT5oZi3S"


@pytest.fixture(autouse=True)
def settings_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("RUSTOK_CONFIG", raising=False)
    file = tmp_path / "rustok.toml"
    file.write_text(f'[security]\nsecret_key = "{GOOD_KEY}"\n[http]\nport = 8123\n', "utf-8")
    return file


def test_show_prints_value_and_source_and_no_secret(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show"]) == 0
    out = capsys.readouterr().out
    assert GOOD_KEY not in out
    (line,) = [line for line in out.splitlines() if line.startswith("http.port")]
    assert line.split() == ["http.port", "8123", "#", "rustok.toml"]


def test_show_as_json_is_read_by_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["config", "show", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["http.port"] == {"value": 8123, "source": "rustok.toml"}
    assert shown["security.secret_key"]["value"] == "********"


def test_the_config_option_names_another_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tmp_path / "other.toml"
    other.write_text("[http]\nport = 9999\n", "utf-8")
    assert run(["--config", str(other), "config", "show"]) == 0
    assert "9999" in capsys.readouterr().out


def test_check_passes_good_settings_and_fails_bad_ones(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RUSTOK_HTTP__PUBLIC_URL", "https://shop.example")
    monkeypatch.setenv("RUSTOK_MAIL__HOST", "relay.example")
    assert run(["config", "check"]) == 0
    assert "fit for production" in capsys.readouterr().out
    monkeypatch.setenv("RUSTOK_DEBUG", "true")
    assert run(["config", "check"]) == 1
    assert "refuse: debug (RUSTOK_DEBUG)" in capsys.readouterr().out


def test_a_secret_that_is_too_short_is_not_printed_by_check(
    settings_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings_file.write_text('[security]\nsecret_key = "hunter2"\n', "utf-8")
    assert run(["config", "check", "--json"]) == 1
    out = capsys.readouterr().out
    assert "hunter2" not in out
    assert {"security.secret_key", "http.public_url", "mail.host"} == {
        f["key"] for f in json.loads(out)
    }
