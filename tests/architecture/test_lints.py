"""Our own lints: each finds what it was made for and leaves the right way alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tools.lints.rules import judge
from tools.lints.source import Source

ROOT = Path(__file__).resolve().parents[2]
SERVICE = "src/rustok/commerce/orders/service.py"
REPOSITORY = "src/rustok/commerce/orders/repository.py"
MODEL = "src/rustok/commerce/orders/model.py"


def rules(path: str, text: str) -> list[str]:
    return [finding.rule for finding in judge(Source(path, text))]


@pytest.mark.parametrize("path", [SERVICE, REPOSITORY, "src/rustok/importers/run.py"])
def test_a_commit_in_a_use_case_is_found(path: str) -> None:
    assert rules(path, "async def place(tx):\n    await tx.commit()\n") == ["commit"]


@pytest.mark.parametrize("path", ["src/rustok/core/db/sqlite.py", "src/rustok/server/app.py"])
def test_the_edge_may_commit(path: str) -> None:
    assert rules(path, "connection.commit()\n") == []


@pytest.mark.parametrize(
    "line", ["rate = 0.19", "total = float(x)", "def f(x: float) -> None: ..."]
)
def test_a_float_near_money_is_found(line: str) -> None:
    assert rules(MODEL, line + "\n") == ["float"]


@pytest.mark.parametrize(
    ("path", "line"),
    [
        (MODEL, "total_minor = 19"),
        (MODEL, 'rate = Decimal("0.19")'),
        (MODEL, "WEIGHT = 0.5  # not money: kilograms"),
        ("src/rustok/core/clock.py", "tick = 0.5"),
    ],
)
def test_integers_decimals_and_reasoned_floats_pass(path: str, line: str) -> None:
    assert rules(path, line + "\n") == []


def test_a_marker_without_a_reason_excuses_nothing() -> None:
    assert rules(MODEL, "WEIGHT = 0.5  # not money:\n") == ["float"]


@pytest.mark.parametrize(
    "body",
    [
        "    import json\n",
        "    from json import loads\n",
        "    if x:\n        import json\n",
        "    async def inner():\n        import json\n",
    ],
)
def test_an_import_inside_a_function_is_found_once(body: str) -> None:
    assert rules(SERVICE, f"def f(x):\n{body}") == ["late-import"]


def test_an_import_at_the_top_or_with_a_reason_passes() -> None:
    text = "import json\nif json:\n    import re\ndef f():\n    import rich  # late: 60 ms\n"
    assert rules(SERVICE, text) == []


@pytest.mark.parametrize(
    "expression",
    [
        'f"SELECT * FROM orders WHERE id = {x}"',
        '"DELETE FROM orders WHERE id = " + x',
        '"UPDATE orders SET state = %s" % x',
        '"insert into orders values ({})".format(x)',
        'f"WITH o AS (SELECT 1) SELECT {x}"',
        'f"""\n    DROP TABLE {x}"""',
        'text(f"{x}")',
        'sqlalchemy.text(f"{x}")',
        'connection.execute("PRAGMA " + x)',
        '"SELECT a " + "FROM b WHERE " + x',
    ],
)
def test_sql_made_of_text_is_found(expression: str) -> None:
    assert rules(REPOSITORY, f"statement = {expression}\n") == ["sql"]


@pytest.mark.parametrize(
    "expression",
    [
        'text("SELECT 1 FROM orders WHERE id = :id")',
        '"SELECT a " + "FROM b"',
        'f"Select a colour: {x}"',
        'f"update of {x} failed"',
        'log.info(f"deleted {x}")',
        'element.text(f"wp:{x}")',
        'f"CREATE TABLE {x}"  # constant sql: x is a table name of ours',
    ],
)
def test_constant_sql_and_plain_sentences_pass(expression: str) -> None:
    assert rules(REPOSITORY, f"statement = {expression}\n") == []


def test_a_list_without_a_page_is_found() -> None:
    assert rules(REPOSITORY, "async def list_orders(tx, state):\n    ...\n") == ["paging"]


@pytest.mark.parametrize(
    "header",
    [
        "async def list_orders(tx, *, page):",
        "async def list_orders(tx, ids):",
        "async def list_states(tx):  # bounded: seven states",
        "async def find_order(tx, id):",
    ],
)
def test_a_list_with_a_bound_passes(header: str) -> None:
    assert rules(REPOSITORY, f"{header}\n    ...\n") == []


@pytest.mark.parametrize(
    "path", ["src/rustok/core/utils.py", "src/rustok/common/money.py", "tests/helpers.py"]
)
def test_a_name_that_says_nothing_is_found(path: str) -> None:
    assert rules(path, "") == ["name"]


@pytest.mark.parametrize("name", ["Query", "tenant_table", "metadata"])
def test_a_service_that_makes_queries_is_found(name: str) -> None:
    line = f"from rustok.core.db import {name}\n"
    assert rules(SERVICE, line) == ["queries"]
    assert rules(REPOSITORY, line) == []
    assert rules("src/rustok/core/outbox.py", line) == []


def test_a_service_may_take_a_transaction() -> None:
    assert rules(SERVICE, "from rustok.core.db import UniqueViolation, WriteTx\n") == []


@pytest.mark.parametrize("path", ["docs/guides/start.md", "Makefile", "src/rustok/core/ids.py"])
def test_a_path_of_a_machine_is_found_in_any_file(path: str) -> None:
    assert rules(path, "# see /home/ada/rustok\n") == ["machine-path"]


@pytest.mark.parametrize(
    "text", ["cd rustok", "https://example.com/home/ada", "/api/v1/work", "/var/lib/rustok"]
)
def test_other_paths_pass(text: str) -> None:
    assert rules("docs/guides/start.md", text) == []


def test_the_command_reports_place_rule_and_mend_and_fails(tmp_path: Path) -> None:
    copy = tmp_path / "checkout"
    (copy / "tools" / "lints").mkdir(parents=True)
    for name in (
        "__init__.py",
        "lints/__init__.py",
        "lints/__main__.py",
        "lints/rules.py",
        "lints/source.py",
    ):
        (copy / "tools" / name).write_text((ROOT / "tools" / name).read_text("utf-8"), "utf-8")
    bad = copy / "src" / "rustok" / "core" / "misc.py"
    bad.parent.mkdir(parents=True)
    bad.write_text("def f():\n    import json\n", "utf-8")
    subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
    done = subprocess.run(
        [sys.executable, "-m", "tools.lints"], cwd=copy, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "src/rustok/core/misc.py:2: late-import: import at the top" in done.stdout
    assert "src/rustok/core/misc.py:1: name:" in done.stdout
    bad.unlink()
    clean = subprocess.run([sys.executable, "-m", "tools.lints"], cwd=copy, capture_output=True)
    assert clean.returncode == 0


def test_the_project_itself_passes() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tools.lints"], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
