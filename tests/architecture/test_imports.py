"""The import contracts: the tree keeps them, and each one catches the violation planted for it.

A contract whose pattern matches nothing is silently kept, so a skeleton with one violation of each
kind is judged with the project's own configuration.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CONFIGURATION = ROOT / "pyproject.toml"
ROOMS = ("module", "routes", "handlers", "schemas", "api", "service", "repository", "tables",
         "model", "states", "events", "errors")  # fmt: skip
FEATURES = {
    "platform": ("tenants", "mail", "identity", "audit", "webhooks", "notifications"),
    "content": ("taxonomy", "media", "nodes", "comments"),
    "commerce": ("products", "pricing", "inventory", "carts", "orders", "checkout"),
}
TOP = (
    "telemetry",
    "core",
    "platform",
    "content",
    "commerce",
    "index",
    "importers",
    "server",
    "cli",
)

# (contract id, file that is changed, the import planted there)
PLANTED = [
    ("rooms", "core/money", "rustok.commerce.orders.model"),
    ("rooms", "telemetry/logs", "rustok.core.money"),
    ("rooms", "server/app", "rustok.cli.main"),
    ("rooms", "importers/shopify", "rustok.index.search"),
    ("rooms", "content/nodes/handlers", "rustok.commerce.products.api"),
    ("rooms", "platform/audit/handlers", "rustok.commerce.orders.api"),
    ("corridor", "commerce/orders/service", "rustok.commerce.orders.routes"),
    ("corridor", "content/nodes/model", "rustok.content.nodes.repository"),
    ("corridor", "platform/identity/repository", "rustok.platform.identity.service"),
    ("doors-commerce", "commerce/orders/service", "rustok.commerce.products.repository"),
    ("doors-content", "content/nodes/service", "rustok.content.taxonomy.service"),
    ("doors-platform", "platform/identity/service", "rustok.platform.tenants.tables"),
    ("index-doors", "index/search", "rustok.commerce.products.repository"),
    ("index-doors", "index/search", "rustok.content.nodes.service"),
    ("importers-doors", "importers/shopify", "rustok.commerce.products.service"),
    ("pure", "commerce/orders/model", "sqlalchemy"),
    ("pure", "content/nodes/events", "rustok.core.db"),
    ("sql", "commerce/orders/service", "sqlalchemy"),
    ("sql", "content/nodes/routes", "asyncpg"),
    ("edges", "commerce/orders/service", "starlette"),
    ("edges", "platform/identity/routes", "starlette"),
    ("edges", "core/money", "granian"),
    ("edges", "content/nodes/handlers", "nats"),
    ("edges", "platform/identity/service", "redis"),
    ("edges", "content/media/service", "obstore"),
    ("aisle-commerce", "commerce/products/handlers", "rustok.commerce.orders.api"),
    ("aisle-content", "content/taxonomy/service", "rustok.content.nodes.api"),
    ("aisle-platform", "platform/tenants/service", "rustok.platform.identity.api"),
]  # fmt: skip

# Imports the layout lives by; no contract may stand in their way.
ALLOWED = {
    "commerce/orders/routes": ["rustok.commerce.orders.service", "rustok.core.money"],
    "commerce/orders/service": [
        "rustok.commerce.orders.repository",
        "rustok.commerce.products.api",
    ],
    "commerce/orders/repository": ["rustok.commerce.orders.tables", "rustok.core.db", "sqlalchemy"],
    "commerce/orders/tables": ["rustok.core.db", "sqlalchemy"],
    "commerce/products/api": ["rustok.commerce.products.service"],
    "commerce/products/service": ["rustok.commerce.products.repository"],
    "commerce/products/handlers": [
        "rustok.commerce.orders.events",
        "rustok.commerce.products.service",
    ],
    "commerce/checkout/service": ["rustok.platform.identity.api"],
    "platform/identity/api": ["rustok.platform.identity.service"],
    "content/nodes/service": ["rustok.content.taxonomy.api"],
    "index/search": [
        "rustok.commerce.products.events",
        "rustok.content.nodes.events",
        "sqlalchemy",
    ],
    "importers/shopify": ["rustok.commerce.products.api"],
    "server/app": ["starlette", "rustok.commerce.orders.module", "rustok.index.search"],
    "cli/main": ["rustok.server.app"],
    "core/db": ["sqlalchemy", "rustok.core.money", "rustok.telemetry.logs"],
}


def skeleton(folder: Path, imports: dict[str, list[str]]) -> Path:
    """A tree of the whole layout in `folder`, each file with the imports given for it."""
    package = folder / "src" / "rustok"
    files = {f"{top}/__init__" for top in TOP}
    files |= {"telemetry/logs", "core/money", "core/db", "index/search", "importers/shopify"}
    files |= {"server/app", "cli/main", "__init__"}
    for floor, features in FEATURES.items():
        for feature in features:
            files |= {f"{floor}/{feature}/{room}" for room in ("__init__", *ROOMS)}
    assert set(imports) <= files
    for name in files:
        file = package / f"{name}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text("".join(f"import {module}\n" for module in imports.get(name, [])), "utf-8")
    return folder


def judged(folder: Path) -> tuple[int, str]:
    """Exit code and report of import-linter over the tree in `folder`, with our configuration."""
    program = (
        "from importlinter.cli import lint_imports\nimport sys\n"
        f"sys.exit(lint_imports(config_filename={str(CONFIGURATION)!r}, no_cache=True))"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(folder / "src"), "COLUMNS": "300", "NO_COLOR": "1"},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def contract_names() -> dict[str, str]:
    settings = tomllib.loads(CONFIGURATION.read_text("utf-8"))
    return {c["id"]: c["name"] for c in settings["tool"]["importlinter"]["contracts"]}


@pytest.fixture(scope="module")
def planted_report(tmp_path_factory: pytest.TempPathFactory) -> str:
    imports = {name: list(modules) for name, modules in ALLOWED.items()}
    for _, file, module in PLANTED:
        imports.setdefault(file, []).append(module)
    folder = skeleton(tmp_path_factory.mktemp("planted"), imports)
    for stray in ("commerce/orders/proration.py", "commerce/loyalty/__init__.py", "shared.py"):
        path = folder / "src" / "rustok" / stray
        path.parent.mkdir(exist_ok=True)
        path.write_text("", "utf-8")
    code, report = judged(folder)
    assert code == 1, report
    return report


def section(report: str, contract: str) -> str:
    """The part of the report that explains why `contract` is broken."""
    name = contract_names()[contract]
    _, _, details = report.partition("Broken contracts")
    _, found, rest = details.partition(f"{name}\n---")
    assert found, f"{name} is not broken"
    following = [rest.find(f"{other}\n---") for other in contract_names().values()]
    return rest[: min((at for at in following if at >= 0), default=len(rest))]


def test_the_tree_keeps_its_contracts() -> None:
    code, report = judged(ROOT)
    assert code == 0, report


def test_the_imports_the_layout_lives_by_are_allowed(tmp_path: Path) -> None:
    code, report = judged(skeleton(tmp_path, {k: list(v) for k, v in ALLOWED.items()}))
    assert code == 0, report


@pytest.mark.parametrize(("contract", "file", "module"), PLANTED)
def test_a_planted_import_is_caught(
    planted_report: str, contract: str, file: str, module: str
) -> None:
    importer = "rustok." + file.replace("/", ".")
    assert f"{importer} -> {module}" in section(planted_report, contract)


@pytest.mark.parametrize(
    ("contract", "stray"),
    [
        ("corridor", "rustok.commerce.orders.proration"),
        ("aisle-commerce", "rustok.commerce.loyalty"),
        ("rooms", "rustok.shared"),
    ],
)
def test_a_room_nobody_planned_is_caught(planted_report: str, contract: str, stray: str) -> None:
    assert stray.rpartition(".")[2] in section(planted_report, contract)


def test_every_contract_has_a_planted_violation() -> None:
    assert {contract for contract, _, _ in PLANTED} == set(contract_names())
