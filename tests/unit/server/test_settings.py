"""The settings: where values come from, what is refused, what production will not start with."""

from __future__ import annotations

import stat
from pathlib import Path

import msgspec
import pytest

from rustok.server.settings import (
    MASK,
    DatabaseUrl,
    Secret,
    Settings,
    SettingsInvalid,
    known_keys,
    load,
    load_with_sources,
    masked,
    variable_name,
)
from rustok.server.settings.safety import (
    UnsafeSettings,
    check_production,
    refuse_unsafe,
    with_secret_key,
)

GOOD_KEY = "kJ8s-2hQz91LmXv0aPtYwEr7CbNu4DfGqT5oZi3S"
APP = "postgresql://rustok_app:app-pw@db/rustok"
SYSTEM = "postgresql://rustok_system:sys-pw@db/rustok"
OWNER = "postgresql://rustok_owner:own-pw@db/rustok"


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refusal(
    *, environ: dict[str, str] | None = None, toml: str | None = None, file: Path | None = None
) -> SettingsInvalid:
    if toml is not None:
        Path("rustok.toml").write_text(toml, "utf-8")
    with pytest.raises(SettingsInvalid) as caught:
        load(file, environ or {})
    return caught.value


def production(**environ: str) -> Settings:
    safe = {
        "RUSTOK_ENVIRONMENT": "production",
        "RUSTOK_SECURITY__SECRET_KEY": GOOD_KEY,
        "RUSTOK_HTTP__PUBLIC_URL": "https://shop.example",
        "RUSTOK_MAIL__HOST": "relay.example",
        "RUSTOK_DATABASE__URL": APP,
        "RUSTOK_DATABASE__SYSTEM_URL": SYSTEM,
        "RUSTOK_DATABASE__OWNER_URL": OWNER,
    }
    return load(None, safe | environ)


def test_without_any_source_the_defaults_serve_a_developer() -> None:
    settings = load(None, {})
    assert settings == Settings()
    assert settings.http.port == 8000
    assert settings.database.url.sqlite_path == Path("var/rustok.sqlite3")
    assert settings.security.refresh_token_ttl_seconds == 30 * 24 * 3600
    assert not settings.is_production


def test_the_environment_wins_over_the_file_and_an_option_over_both() -> None:
    Path("rustok.toml").write_text("[http]\nport = 8001\nworkers = 2\nhost = '::1'\n", "utf-8")
    environ = {"RUSTOK_HTTP__PORT": "8002", "RUSTOK_HTTP__WORKERS": "3"}
    loaded = load_with_sources(None, environ, {"http.port": 8003, "http.host": None})
    http = loaded.settings.http
    assert (http.port, http.workers, http.host) == (8003, 3, "::1")
    assert loaded.sources == {
        "http.port": "command line option for http.port",
        "http.workers": "environment RUSTOK_HTTP__WORKERS",
        "http.host": "rustok.toml",
    }


def test_rustok_config_names_the_file_and_an_argument_wins_over_it(tmp_path: Path) -> None:
    one, two = tmp_path / "one.toml", tmp_path / "two.toml"
    one.write_text("[http]\nport = 1111\n", "utf-8")
    two.write_text("[http]\nport = 2222\n", "utf-8")
    environ = {"RUSTOK_CONFIG": str(one)}
    assert load(None, environ).http.port == 1111
    assert load(two, environ).http.port == 2222


def test_a_named_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    error = refusal(file=tmp_path / "absent.toml")
    assert "absent.toml: cannot be read" in error.detail


@pytest.mark.parametrize(
    ("variable", "text", "key", "value"),
    [
        ("RUSTOK_DEBUG", "true", "debug", True),
        ("RUSTOK_TELEMETRY__METRICS_ENABLED", "0", "telemetry.metrics_enabled", False),
        ("RUSTOK_EVENTS__RELAY_POLL_SECONDS", "0.25", "events.relay_poll_seconds", 0.25),
        ("RUSTOK_HTTP__CORS", "https://a.example, https://b.example", "http.cors", 2),
        ("RUSTOK_HTTP__PUBLIC_URL", "", "http.public_url", None),
    ],
)
def test_text_of_the_environment_becomes_the_type_of_the_key(
    variable: str, text: str, key: str, value: object
) -> None:
    shown = masked(load(None, {variable: text}))[key]
    assert (len(shown) if isinstance(shown, list) else shown) == value


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("RUSTOK_HTTP__PORT", "eighty"),
        ("RUSTOK_HTTP__PORT", "70000"),
        ("RUSTOK_HTTP__PORT", "-1"),
        ("RUSTOK_ENVIRONMENT", "staging"),
        ("RUSTOK_DATABASE__URL", "mysql://db/rustok"),
        ("RUSTOK_DATABASE__SQLITE_SYNCHRONOUS", "full"),
        ("RUSTOK_HTTP__TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("RUSTOK_HTTP__CORS", "shop.example"),
        ("RUSTOK_HTTP__PUBLIC_URL", "shop.example"),
        ("RUSTOK_DATABASE__POOL_MIN", "11"),
        ("RUSTOK_EVENTS__RELAY_POLL_SECONDS", "nan"),
        ("RUSTOK_HTTP__REQUEST_TIMEOUT_SECONDS", "inf"),
    ],
)
def test_a_bad_value_is_refused_with_its_key(variable: str, text: str) -> None:
    error = refusal(environ={variable: text})
    assert len(error.fields) == 1
    assert variable_name(error.fields[0].pointer) == variable


def test_a_misspelled_variable_is_refused_with_the_right_spelling() -> None:
    error = refusal(environ={"RUSTOK_DATABASE_URL": "sqlite:///x"})
    assert "RUSTOK_DATABASE_URL is not a setting" in error.detail
    assert "RUSTOK_DATABASE__URL" in error.detail


def test_a_misspelled_key_of_the_file_is_refused_with_the_right_spelling() -> None:
    error = refusal(toml="[http]\nprot = 1\n")
    assert error.detail == "rustok.toml: http.prot is not a setting; did you mean http.port?"


def test_text_where_the_file_should_have_a_number_is_refused() -> None:
    assert "http.port is not usable: Expected `int`" in refusal(toml='[http]\nport = "80"').detail


def test_a_file_that_is_no_toml_is_refused_with_the_line() -> None:
    assert "line 1" in refusal(toml="[http\n").detail


def test_all_mistakes_are_told_at_once() -> None:
    environ = {"RUSTOK_HTTP__PORT": "x", "RUSTOK_NOPE": "1", "RUSTOK_DEBUG": "perhaps"}
    assert {f.pointer for f in refusal(environ=environ).fields} == {"http.port", "nope", "debug"}


def test_variables_of_the_tests_and_of_others_are_left_alone() -> None:
    assert load(None, {"RUSTOK_TEST_POSTGRES_URL": "x", "PATH": "/bin"}) == Settings()


def test_a_bad_secret_is_not_quoted_in_the_error() -> None:
    error = refusal(environ={"RUSTOK_DATABASE__URL": "mysql://app:hunter2@db/rustok"})
    assert "hunter2" not in error.detail


def test_secrets_show_themselves_nowhere() -> None:
    settings = production()
    printed = f"{settings!r} {settings} {masked(settings)} {Secret('hunter2')}"
    for secret in (GOOD_KEY, "app-pw", "sys-pw", "own-pw", "hunter2"):
        assert secret not in printed
    assert masked(settings)["security.secret_key"] == MASK
    assert masked(settings)["database.url"] == f"postgresql://rustok_app:{MASK}@db/rustok"


def test_a_database_url_is_whole_for_the_driver() -> None:
    assert str(DatabaseUrl(APP)) == APP
    assert f"{DatabaseUrl(APP)}" == APP


def test_every_key_has_a_variable_and_a_shown_value() -> None:
    assert set(masked(Settings())) == set(known_keys())
    assert variable_name("http.port") == "RUSTOK_HTTP__PORT"


def test_settings_cannot_be_changed_after_loading() -> None:
    with pytest.raises(AttributeError):
        Settings().debug = True  # type: ignore[misc]


def test_good_production_settings_start() -> None:
    assert refuse_unsafe(production()) == []


@pytest.mark.parametrize(
    ("variable", "text", "key"),
    [
        ("RUSTOK_SECURITY__SECRET_KEY", "", "security.secret_key"),
        ("RUSTOK_SECURITY__SECRET_KEY", "short", "security.secret_key"),
        ("RUSTOK_SECURITY__SECRET_KEY", "x" * 64, "security.secret_key"),
        ("RUSTOK_SECURITY__SECRET_KEY", f"change-me-{GOOD_KEY}", "security.secret_key"),
        ("RUSTOK_DEBUG", "true", "debug"),
        ("RUSTOK_HTTP__CORS", "*", "http.cors"),
        ("RUSTOK_HTTP__TRUSTED_PROXIES", "0.0.0.0/0", "http.trusted_proxies"),
        ("RUSTOK_HTTP__TRUSTED_PROXIES", "::/0", "http.trusted_proxies"),
        ("RUSTOK_DATABASE__SYSTEM_URL", "", "database.system_url"),
        ("RUSTOK_DATABASE__SYSTEM_URL", APP, "database.system_url"),
        ("RUSTOK_DATABASE__URL", "postgresql://postgres:x@db/rustok", "database.url"),
        ("RUSTOK_DATABASE__URL", OWNER, "database.url"),
    ],
)
def test_production_refuses_an_unsafe_setting(variable: str, text: str, key: str) -> None:
    with pytest.raises(UnsafeSettings) as caught:
        refuse_unsafe(production(**{variable: text}))
    assert [field.pointer for field in caught.value.fields] == [key]
    assert GOOD_KEY not in caught.value.detail


@pytest.mark.parametrize(("mode", "severity"), [("OFF", "refuse"), ("NORMAL", "warn")])
def test_production_on_sqlite_minds_power_cuts(mode: str, severity: str) -> None:
    environ = {
        "RUSTOK_ENVIRONMENT": "production",
        "RUSTOK_SECURITY__SECRET_KEY": GOOD_KEY,
        "RUSTOK_HTTP__PUBLIC_URL": "https://shop.example",
        "RUSTOK_MAIL__HOST": "relay.example",
        "RUSTOK_DATABASE__SQLITE_SYNCHRONOUS": mode,
    }
    found = check_production(load(None, environ))
    assert [(f.key, f.severity) for f in found] == [("database.sqlite_synchronous", severity)]


def test_development_starts_with_anything() -> None:
    settings = load(None, {"RUSTOK_DEBUG": "1", "RUSTOK_DATABASE__SQLITE_SYNCHRONOUS": "OFF"})
    assert check_production(settings)
    assert refuse_unsafe(settings) == []


def test_development_makes_a_key_once_and_keeps_it_to_itself() -> None:
    first, second = (with_secret_key(load(None, {})).security.secret_key for _ in range(2))
    assert first is not None
    assert first == second
    assert len(first) >= 32
    file = Path("var/secret.key")
    assert file.read_text("ascii") == first.reveal()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in Path("var").iterdir()] == ["secret.key"]


def test_the_key_lies_beside_the_sqlite_file(tmp_path: Path) -> None:
    settings = load(None, {"RUSTOK_DATABASE__URL": f"sqlite:///{tmp_path}/data/shop.sqlite3"})
    with_secret_key(settings)
    assert (tmp_path / "data" / "secret.key").is_file()


def test_an_emptied_key_file_is_refused_and_not_signed_with() -> None:
    Path("var").mkdir()
    Path("var/secret.key").write_text("", "ascii")
    with pytest.raises(UnsafeSettings, match="Delete the file"):
        with_secret_key(load(None, {}))


def test_a_given_key_is_used_and_production_makes_none() -> None:
    given = load(None, {"RUSTOK_SECURITY__SECRET_KEY": GOOD_KEY})
    assert with_secret_key(given) is given
    bare = msgspec.structs.replace(Settings(), environment="production")
    assert with_secret_key(bare).security.secret_key is None
    assert not Path("var").exists()
