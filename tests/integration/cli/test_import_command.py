"""`rustok import` on both databases: exit codes, report, stopping and going on."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from rustok.importers import worker
from tests.integration.cli.conftest import Cli

HEADER = "Handle,Title,Vendor,Variant SKU,Variant Price\n"


def shop(tmp_path: Path, count: int, *, bad: bool = False) -> str:
    path = tmp_path / "shop.csv"
    rows = [f"p-{n},Product {n},Nord,S-{n},1.50\n" for n in range(count)]
    if bad:
        rows[1] = f"p-1,Product 1,{'N' * 300},S-1,1.50\n"
    path.write_text(HEADER + "".join(rows), "utf-8")
    return str(path)


def test_a_shop_is_imported_and_again_without_a_change(cli: Cli, tmp_path: Path) -> None:
    cli.tenant()
    report = tmp_path / "report.json"
    command = ("import", "shopify", shop(tmp_path, 3), "--tenant", "acme")
    first = cli.ok(*command, "--report", str(report))
    assert "product" in first.out
    assert json.loads(report.read_text("utf-8"))["run"]["counts"] == {"product": {"created": 3}}
    again = cli.json(*command)
    assert again["run"]["counts"] == {"product": {"unchanged": 3}}
    assert again["run"]["status"] == "finished"


def test_a_failed_row_gives_exit_code_one_and_its_place(cli: Cli, tmp_path: Path) -> None:
    cli.tenant()
    result = cli.run("import", "shopify", shop(tmp_path, 3, bad=True), "--tenant", "acme")
    assert result.code == 1
    assert "line 3, Vendor" in result.out


def test_a_dry_run_says_so_and_leaves_nothing(cli: Cli, tmp_path: Path) -> None:
    cli.tenant()
    path = shop(tmp_path, 2)
    rehearsed = cli.ok("import", "shopify", path, "--tenant", "acme", "--dry-run")
    assert "nothing was written" in rehearsed.out
    real = cli.json("import", "shopify", path, "--tenant", "acme")
    assert real["run"]["counts"] == {"product": {"created": 2}}


def test_wrong_files_and_tenants_are_refused(cli: Cli, tmp_path: Path) -> None:
    cli.tenant()
    path = shop(tmp_path, 1)
    assert cli.run("import", "shopify", "nowhere.csv", "--tenant", "acme").code == 2
    assert cli.run("import", "shopify", path, "--tenant", "nobody").code == 1
    assert cli.run("import", "shopify", path).code == 2
    broken = cli.run("import", "wordpress", path, "--tenant", "acme", "--json")
    assert (broken.code, broken.problem["code"]) == (1, "import_broken")


def test_ctrl_c_stops_after_a_step_and_the_same_command_goes_on(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli.tenant()
    monkeypatch.setattr(worker, "BATCH", 1)
    path = shop(tmp_path, 400)

    write = worker._Worker._write
    pressed: list[int] = []

    async def slowly(self: worker._Worker, batch: list[object]) -> None:
        if self._run.next_index == 3 and not pressed:
            pressed.append(3)
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.sleep(0.05)
        await write(self, batch)  # type: ignore[arg-type]  # the batch as it came

    monkeypatch.setattr(worker._Worker, "_write", slowly)
    stopped = cli.run("import", "shopify", path, "--tenant", "acme", "--no-index")
    assert stopped.code == 130, stopped.err
    assert "goes on from here" in stopped.err
    ended = cli.run("import", "shopify", path, "--tenant", "acme", "--no-index", "--json")
    assert ended.code == 0
    assert ended.data["run"]["counts"] == {"product": {"created": 400}}
