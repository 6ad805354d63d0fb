"""`rustok audit security`: each check fires on a seeded weakness, and none on what is right."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Final

import msgspec
import pytest
import yaml

from rustok.cli import main
from rustok.server.audit.security import (
    Half,
    code_half,
    database_half,
    joined,
    sarif,
    settings_half,
)
from rustok.server.audit.security_dependencies import audit_dependencies
from rustok.server.audit.security_routes import audit_routes
from rustok.server.audit.security_rules import (
    CHECKS,
    OWASP_2021,
    OWASP_2025,
    SEVERITIES,
    weakness,
)
from rustok.server.audit.security_settings import audit_settings
from rustok.server.modules import all_modules
from rustok.server.settings import Settings, load

ROOT: Final = Path(__file__).resolve().parents[4]
KEY: Final = "kJ8s-2hQz91LmXv0aPtYwEr7CbNu4DfGqT5oZi3S"
FAR: Final = "postgresql://rustok_app:x@db.example.com/rustok"
BAD_SETTINGS: Final[list[tuple[str, dict[str, str]]]] = [
    ("settings.roles", {"DATABASE__SYSTEM_URL": "postgresql://rustok_app:x@postgres:5432/rustok"}),
    ("settings.roles", {"DATABASE__URL": "postgresql://postgres:x@postgres:5432/rustok"}),
    ("settings.cors", {"HTTP__CORS": "*"}),
    ("settings.cors", {"HTTP__CORS": "http://shop.example"}),
    ("settings.webhooks_private", {"WEBHOOKS__ALLOW_PRIVATE": "true"}),
    ("settings.private_issuers", {"SECURITY__PRIVATE_ISSUERS": "https://sso.internal"}),
    ("settings.secret_key", {"SECURITY__SECRET_KEY": "changeme-changeme-changeme-changeme"}),
    ("settings.master_key", {"SECURITY__MASTER_KEY": KEY}),
    ("settings.old_master_key", {"SECURITY__PREVIOUS_MASTER_KEY": KEY[::-1]}),
    ("settings.signing_key", {"SECURITY__SIGNING_KEY_DAYS": "365"}),
    ("settings.clear_text", {"WEBHOOKS__ALLOW_HTTP": "true"}),
    ("settings.clear_text", {"DATABASE__URL": FAR}),
    ("settings.clear_text", {"REDIS__URL": "redis://cache.example.com:6379/0"}),
    ("settings.clear_text", {"TELEMETRY__OTLP_ENDPOINT": "http://otel.example.com:4318"}),
    ("settings.clear_text", {"MAIL__HOST": "relay.example.com", "MAIL__SECURITY": "none"}),
    ("settings.clear_text", {"NATS__URLS": "nats://nats.example.com", "EVENTS__TRANSPORT": "jetstream"}),
    ("settings.public_url", {"HTTP__PUBLIC_URL": "http://shop.example"}),
    ("settings.debug", {"DEBUG": "true"}),
    ("settings.proxies", {"HTTP__TRUSTED_PROXIES": "0.0.0.0/0"}),
    ("settings.metrics", {"TELEMETRY__METRICS_PORT": "9100", "TELEMETRY__METRICS_HOST": "0.0.0.0"}),
    ("settings.metrics_token", {"TELEMETRY__METRICS_TOKEN": "metrics"}),
    ("settings.exempt", {"RATE_LIMITS__EXEMPT": "0.0.0.0/1"}),
    ("settings.test_payments", {"PAYMENTS__TEST_PROVIDER": "true"}),
    ("settings.body_size", {"HTTP__MAX_BODY_BYTES": "1073741824"}),
    ("settings.rate_limits", {"RATE_LIMITS__ENABLED": "false"}),
    ("settings.rate_limits", {"RATE_LIMITS__LOGIN": "100/s"}),
    ("settings.token_lifetime", {"SECURITY__ACCESS_TOKEN_TTL_SECONDS": "86400"}),
    ("settings.step_up", {"SECURITY__STEP_UP_SECONDS": "86400"}),
    ("settings.broker_login", {"REDIS__URL": "redis://cache:6379/0"}),
    ("settings.stripe_url", {"PAYMENTS__STRIPE_URL": "https://pay.example"}),
    ("settings.extra_modules", {"MODULES__EXTRA": "other.module:MODULE"}),
    ("settings.audit_retention", {"AUDIT__RETENTION_DAYS": "7"}),
    ("settings.audit_address", {"AUDIT__ADDRESS": "none"}),
    ("settings.log_level", {"TELEMETRY__LOG_LEVEL": "ERROR"}),
    ("settings.breakers", {"RESILIENCE__BREAKERS": "false"}),
    ("settings.timeouts", {"HTTP__REQUEST_TIMEOUT_SECONDS": "3000"}),
    ("settings.durability", {"DATABASE__URL": "sqlite:///:memory:", "DATABASE__SYSTEM_URL": ""}),
]  # fmt: skip
# Of each check: the file, a weakness, and the same done well.
BAD_CODE: Final[list[tuple[str, str, str, str]]] = [
    (
        "code.sql_text",
        "a.py",
        "def f(tx, n):\n    tx.execute(f'SELECT * FROM t WHERE n = {n}')",
        "def f(tx, n):\n    tx.execute('SELECT * FROM t WHERE n = ?', n)",
    ),
    (
        "code.sql_text",
        "a.py",
        "def f(tx, n):\n    tx.fetch('DELETE FROM t WHERE n = ' + n)",
        "def f(tx, n):\n    tx.fetch(f'SELECT {N} FROM t')  # constant sql: N is ours",
    ),
    ("code.eval", "a.py", "def f(x):\n    return eval(x)", "def f(x):\n    return x.eval()"),
    (
        "code.shell",
        "a.py",
        "import subprocess\nsubprocess.run('ls', shell=True)",
        "import subprocess\nsubprocess.run(['ls'])",
    ),
    (
        "code.autoescape",
        "a.py",
        "import jinja2\nE = jinja2.Environment()",
        "import jinja2\nE = jinja2.Environment(autoescape=True)",
    ),
    (
        "code.markup",
        "a.py",
        "from markupsafe import Markup\ndef f(x):\n    return Markup(x)",
        "from markupsafe import Markup\nX = Markup('<br>')",
    ),
    (
        "code.xml",
        "a.py",
        "import xml.etree.ElementTree as ET",
        "from xml.etree.ElementTree import ParseError",
    ),
    ("code.deserialise", "a.py", "import pickle", "import msgspec"),
    (
        "code.deserialise",
        "a.py",
        "import yaml\nX = yaml.load('a')",
        "import yaml\nX = yaml.safe_load('a')",
    ),
    (
        "code.weak_hash",
        "a.py",
        "import hashlib\nH = hashlib.md5(b'')",
        "import hashlib\nH = hashlib.md5(b'', usedforsecurity=False)",
    ),
    (
        "code.random",
        "a.py",
        "import random\nreset_token = random.random()",
        "import random\ndelay = random.random()",
    ),
    (
        "code.tls_off",
        "a.py",
        "def f(c):\n    c.open(verify=False)",
        "def f(c):\n    c.open(verify=True)",
    ),
    (
        "code.secret",
        "a.py",
        "PASSWORD = 'hunter2-hunter2'",
        "PASSWORD = 'hunter2-hunter2'  # secure: of a demo",
    ),
    ("code.secret", "a.py", "X = 'AKIA" + "ABCDEFGHIJKLMNOP'", "X = 'AKIA'"),
    (
        "code.compare",
        "a.py",
        "def f(signature, b):\n    return signature == b",
        "import hmac\ndef f(signature, b):\n    return hmac.compare_digest(signature, b)",
    ),
    (
        "code.outbound",
        "a.py",
        "import httpx\nC = httpx.AsyncClient()",
        "from rustok.core.security.outbound_http import fetch",
    ),
    (
        "code.log_secret",
        "a.py",
        "def f(log, password):\n    log.info('in', word=password)",
        "def f(log, user):\n    log.info('in', user=user.id)",
    ),
    (
        "code.swallowed",
        "a.py",
        "try:\n    f()\nexcept Exception:\n    pass",
        "try:\n    f()\nexcept KeyError:\n    pass",
    ),
    (
        "code.fail_open",
        "a.py",
        "def is_allowed(x):\n    try:\n        return x()\n    except KeyError:\n        return True",
        "def is_allowed(x):\n    try:\n        return x()\n    except KeyError:\n        return False",
    ),
    (
        "code.extract",
        "a.py",
        "import tarfile\ndef f(t):\n    t.extractall('x')",
        "import tarfile\ndef f(t):\n    t.extractall('x', filter='data')",
    ),
    ("code.file_mode", "a.py", "def f(p):\n    p.chmod(0o666)", "def f(p):\n    p.chmod(0o640)"),
    (
        "code.temporary",
        "a.py",
        "import tempfile\nX = tempfile.mktemp()",
        "import tempfile\nX = tempfile.mkstemp()",
    ),
    (
        "code.assert_input",
        "routes.py",
        "def f(n):\n    assert n > 0",
        "def f(n):\n    assert n is not None",
    ),
]
ROUTES: Final = {route.operation_id: route for route in all_modules().routes}
BAD_ROUTES: Final[list[tuple[str, str, dict[str, object]]]] = [
    ("routes.public_staff", "admin_create_user", {"permission": "public"}),
    ("routes.permission", "admin_create_user", {"permission": "users:*"}),
    ("routes.step_up", "admin_create_role", {"step_up": False}),
    ("routes.login_rate", "auth_login", {"rate": "write"}),
    ("routes.repeatable", "admin_refund_payment", {"idempotency": "none"}),
]
FIRED_ELSEWHERE: Final = {
    "settings.other": "what check_production will say of settings yet to come",
    "files.key": "a test of its own",
    "files.config": "a test of its own",
    "files.data": "a test of its own",
    "database.role_powers": "a test of its own",
    "database.table_policy": "test_security_database.py, on a running database",
    "database.audit_guard": "test_security_database.py, on a running database",
    "database.audit_unsealed": "test_security_database.py, on a running database",
    "database.checkpoint_age": "test_security_database.py, on a running database",
    "database.admin_factor": "test_security_database.py, on a running database",
    "database.idle_key": "test_security_database.py, on a running database",
    "dependencies.drift": "a test of its own",
    "dependencies.advisory": "a test of its own",
    "dependencies.unhashed": "a test of its own",
}


def production(**changed: str) -> Settings:
    """What deploy/docker-compose.yml sets, with its blanks filled in."""
    compose = yaml.safe_load((ROOT / "deploy/docker-compose.yml").read_text("utf-8"))
    filled = {"RUSTOK_PUBLIC_URL": "https://shop.example", "RUSTOK_SECRET_KEY": KEY}
    environ = {
        name: re.sub(r"\$\{(\w+)[^}]*\}", lambda m: filled.get(m[1], "a-password"), str(value))
        for name, value in compose["x-rustok"]["environment"].items()
    }
    environ |= {f"RUSTOK_{name}": value for name, value in changed.items()}
    if changed.get("DATABASE__SYSTEM_URL") == "":
        del environ["RUSTOK_DATABASE__SYSTEM_URL"]
    return load(None, environ)


@pytest.fixture(autouse=True)
def empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def fired(half: Half) -> set[str]:
    return {one.check for one in half.findings}


def test_the_default_production_profile_has_no_weakness() -> None:
    report = joined([settings_half(production(), None, production=True)])
    assert (report.findings, report.score) == ([], 100)


@pytest.mark.parametrize(("check", "changed"), BAD_SETTINGS)
def test_a_weak_setting_is_found(check: str, changed: dict[str, str]) -> None:
    assert check in {one.check for one in audit_settings(production(**changed))}


def test_a_weak_production_costs_more_than_a_development() -> None:
    weak = production(DEBUG="true")
    strict = joined([settings_half(weak, None, production=True)])
    lenient = joined([settings_half(weak, None, production=False)])
    assert strict.score < lenient.score < 100
    assert {one.severity for one in lenient.findings} == {"low"}


def test_this_program_has_no_weakness_in_its_code() -> None:
    half = code_half()
    assert half.findings == []
    assert min(half.checked.values()) > 0


@pytest.mark.parametrize(("check", "name", "bad", "good"), BAD_CODE)
def test_a_weakness_in_code_is_found(
    tmp_path: Path, check: str, name: str, bad: str, good: str
) -> None:
    (tmp_path / name).write_text(bad, "utf-8")
    (found,) = [one for one in code_half(tmp_path).findings if one.check == check]
    assert found.path == f"rustok/{name}"
    (tmp_path / name).write_text(good, "utf-8")
    assert check not in fired(code_half(tmp_path))


@pytest.mark.parametrize(("check", "operation", "changed"), BAD_ROUTES)
def test_a_weak_route_is_found(check: str, operation: str, changed: dict[str, object]) -> None:
    route = ROUTES[operation]
    assert audit_routes([route])[0] == []
    weak = msgspec.structs.replace(route, **changed)
    assert [one.check for one in audit_routes([weak])[0]] == [check]


@pytest.mark.parametrize(
    ("check", "name"), [("files.key", "secret.key"), ("files.config", "rustok.toml"), ("files.data", "shop.db")]
)  # fmt: skip
def test_a_file_that_others_can_read_is_found(tmp_path: Path, check: str, name: str) -> None:
    tmp_path.chmod(0o755)
    file = tmp_path / name
    file.touch()
    changed = {"DATABASE__URL": "sqlite:///shop.db", "DATABASE__SYSTEM_URL": ""}
    settings = production(**changed)
    for mode, expected in ((0o600, False), (0o666, True)):
        file.chmod(mode)
        half = settings_half(settings, Path("rustok.toml"), production=True)
        assert (check in fired(half)) is expected


def test_a_role_past_row_level_security_is_found() -> None:
    bad = database_half(is_sqlite=False, bypasses=True, error=None)
    assert fired(bad) == {"database.role_powers"}
    assert fired(database_half(is_sqlite=False, bypasses=False, error=None)) == set()
    unknown = database_half(is_sqlite=False, bypasses=None, error="no answer")
    assert unknown.not_checked[-1] == "roles: no answer"


def test_only_what_is_critical_keeps_its_weight_in_a_development() -> None:
    worst = weakness("database.table_policy", "table wishes", "A policy is missing.")
    mild = weakness("database.admin_factor", "user 1", "A password alone opens it.")
    half = database_half(
        is_sqlite=False, bypasses=False, error=None, running=([worst, mild], {}), production=False
    )
    assert [one.severity for one in half.findings] == ["critical", "low"]


def test_another_version_than_the_locked_one_is_found(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text(
        "jinja2==3.1.6 \\\n    --hash=sha256:00\nh11==0.16.0 ; x \\\n    --hash=sha256:00\n",
        "utf-8",
    )
    found, _, _ = audit_dependencies({"jinja2": "3.1.7", "h11": "0.16.0"}, tmp_path)
    assert [(one.check, one.place) for one in found] == [("dependencies.drift", "jinja2")]


def test_a_package_with_an_advisory_is_found() -> None:
    assert [one.check for one in audit_dependencies({"jinja2": "3.1.4"})[0]] == ["dependencies.advisory"]  # fmt: skip
    assert audit_dependencies({"jinja2": "3.1.10"})[0] == []


def test_a_requirement_without_a_hash_is_found(tmp_path: Path) -> None:
    lock = tmp_path / "requirements.lock"
    lock.write_text("good==1.0 \\\n    --hash=sha256:00\nbad==1.0\nworse>=2\n", "utf-8")
    found, _, locked = audit_dependencies({}, tmp_path)
    assert [one.place for one in found] == ["requirements.lock: bad", "requirements.lock: worse>=2"]
    assert locked == 2


def test_each_requirement_of_the_locks_has_hashes() -> None:
    found, _, locked = audit_dependencies({}, ROOT)
    assert found == []
    assert locked > 200


def test_each_check_can_fire_and_each_category_has_one() -> None:
    seeded = {one[0] for one in (*BAD_SETTINGS, *BAD_CODE, *BAD_ROUTES)} | set(FIRED_ELSEWHERE)
    assert seeded == set(CHECKS)
    assert {one.owasp_2021 for one in CHECKS.values()} == set(OWASP_2021)
    assert {one.owasp_2025 for one in CHECKS.values()} == set(OWASP_2025)
    assert all(one.mend and one.severity in SEVERITIES for one in CHECKS.values())


def test_the_command_fails_at_its_level_and_writes_json_and_sarif(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "a.py").write_text("try:\n    f()\nexcept Exception:\n    pass\n", "utf-8")
    asked = ["--json", "audit", "security", "--only", "code", "--source", str(source)]
    assert main.run(asked) == 0, "medium is below high"
    assert main.run([*asked, "--fail-on", "medium", "--sarif", "out.sarif"]) == 1
    told = json.loads(capsys.readouterr().out.split("\n}\n")[0] + "}")
    assert (told["score"], len(told["findings"])) == (93, 1)
    run = json.loads(Path("out.sarif").read_text("utf-8"))["runs"][0]
    (result,) = run["results"]
    assert run["tool"]["driver"]["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
    place = result["locations"][0]["physicalLocation"]
    assert place == {"artifactLocation": {"uri": "src/rustok/a.py"}, "region": {"startLine": 3}}


def test_sarif_says_its_version_and_levels() -> None:
    document = sarif(joined([settings_half(production(DEBUG="true"), None, production=True)]))
    assert document["version"] == "2.1.0"
    levels = re.findall(r'"level": "(\w+)"', json.dumps(document))
    assert set(levels) <= {"none", "note", "warning", "error"}
