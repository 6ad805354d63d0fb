"""No secret lies in the checkout, and what is delivered may be delivered."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from tools import advisories, licences, secrets_scan


def test_no_file_of_the_checkout_holds_a_secret() -> None:
    try:
        files, found = secrets_scan.scan_checkout()
    except subprocess.CalledProcessError:
        pytest.skip("this is no checkout of git")
    assert files > 500
    assert found == {}


def test_a_secret_that_was_committed_once_is_found_after_it_was_removed(tmp_path: Path) -> None:
    def git(*arguments: str) -> None:
        who = ("-c", "user.name=t", "-c", "user.email=t@example.com", "-c", "commit.gpgsign=false")
        subprocess.run(["git", *who, *arguments], cwd=tmp_path, check=True, capture_output=True)

    git("init", "-q")
    file = tmp_path / "settings.py"
    for text in ("KEY = 'AKIA" + "Z" * 16 + "'", "KEY = None"):
        file.write_text(text, "utf-8")
        git("add", ".")
        git("commit", "-qm", text[:6])
    assert secrets_scan.scan_checkout(tmp_path) == (1, {})
    seen, found = secrets_scan.scan_history(tmp_path)
    assert seen == 2
    assert [(name.split()[0], kinds) for name, kinds in found.items()] == [
        ("settings.py", ["a key of AWS"])
    ]


@pytest.mark.parametrize(
    "text",
    [
        "sk_live_" + "0123456789abcdefABCD",
        "AKIA" + "Z" * 16,
        "ghp_" + "a1" * 18,
        "-----BEGIN EC PRIVATE KEY-----\n" + "MHcCAQEEIA" * 3,
    ],
)
def test_a_secret_is_told_by_its_form(text: str) -> None:
    assert len(secrets_scan.secrets_in(f"x = '{text}'")) == 1


def test_each_package_that_is_delivered_has_a_licence_of_the_list() -> None:
    assert licences.main(["--check"]) == 0


def test_a_licence_is_refused_unless_one_choice_is_allowed() -> None:
    assert licences.is_allowed("MIT OR GPL-3.0-only")
    assert licences.is_allowed("Apache-2.0 AND BSD-2-Clause")
    assert not licences.is_allowed("MIT AND GPL-3.0-only")
    assert not licences.is_allowed("unknown")


CLEAN = {"name": "h11", "version": "0.16.0", "vulns": []}
WEAK = {"name": "x", "version": "1", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2"]}]}
UNTOLD = {"name": "y", "skip_reason": "Dependency not found"}


@pytest.mark.parametrize(
    ("packages", "code", "said"),
    [
        ([CLEAN], 0, "1 of 1 packages asked, 0 advisories"),
        ([CLEAN, WEAK], 1, "x 1 has PYSEC-1; mended in: 2"),
        ([CLEAN, UNTOLD], 2, "1 of 2 packages asked, 0 advisories"),
        ([WEAK, UNTOLD], 1, "the index tells nothing of y"),
    ],
)
def test_an_index_that_does_not_answer_is_not_taken_for_a_clean_lock(
    packages: list[dict[str, object]], code: int, said: str
) -> None:
    told: list[str] = []
    answer = msgspec.convert({"dependencies": packages, "fixes": []}, advisories.Answer)
    assert advisories.judge("a.lock", answer, told.append) == code
    assert any(said in line for line in told), told
