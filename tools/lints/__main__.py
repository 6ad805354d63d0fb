"""`python -m tools.lints [FILE…]`: judges files of the checkout; exit 1 when it finds something."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tools.lints.rules import judge
from tools.lints.source import Source

ROOT = Path(__file__).resolve().parents[2]
TEXT_SUFFIXES = frozenset(
    {
        ".py",
        ".md",
        ".toml",
        ".cfg",
        ".ini",
        ".yml",
        ".yaml",
        ".json",
        ".sh",
        ".html",
        ".css",
        ".js",
        ".sql",
        ".mako",
    }
)
TEXT_NAMES = frozenset({"Makefile", "Dockerfile", "run", ".gitignore", ".dockerignore"})


def project_files() -> list[Path]:
    """Tracked and new files; ignored ones (.venv, var) are nobody's business."""
    listing = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [ROOT / name for name in sorted(set(listing.stdout.split("\0"))) if name]


def main(arguments: list[str]) -> int:
    files = [Path(a).resolve() for a in arguments] or project_files()
    findings = 0
    for file in files:
        if not file.is_file() or not (file.suffix in TEXT_SUFFIXES or file.name in TEXT_NAMES):
            continue
        path = file.relative_to(ROOT).as_posix()
        try:
            found = judge(Source(path, file.read_text("utf-8")))
        except (SyntaxError, UnicodeDecodeError) as error:
            print(f"{path}:1: unreadable: {error}")
            findings += 1
            continue
        for finding in found:
            print(finding)
        findings += len(found)
    if findings:
        print(f"{findings} finding(s)", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
