"""Looks for secrets in every file of the checkout and, with `--history`, in all that ever was committed.

    python -m tools.secrets_scan --history

A secret is told by its form: keys of known services, private keys, tokens with their prefix (the
patterns of `rustok audit security`). What was committed once is out, even if a later commit removed
it: change it where it is valid. Each content is read once, however many commits hold it.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from rustok.server.audit.security_code import SECRET_PATTERNS

ROOT: Final = Path(__file__).resolve().parents[1]
_MOST_BYTES: Final = 5 * 1024 * 1024
"""Larger contents are data; none of our text files comes near."""


def secrets_in(text: str) -> list[str]:
    """What kinds of secrets a text holds."""
    return [what for what, pattern in SECRET_PATTERNS if pattern.search(text)]


def checkout_files(root: Path = ROOT) -> list[Path]:
    """The files git knows. Raises CalledProcessError where this is no checkout."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=root, capture_output=True, check=True)
    return [root / name for name in listed.stdout.decode().split("\0") if name]


def scan_checkout(root: Path = ROOT) -> tuple[int, dict[str, list[str]]]:
    """How many files there are, and the kinds of secrets by file."""
    files = [file for file in checkout_files(root) if file.is_file()]
    found = {
        str(file.relative_to(root)): secrets_in(file.read_bytes().decode("utf-8", "replace"))
        for file in files
    }
    return len(files), {name: kinds for name, kinds in found.items() if kinds}


def scan_history(root: Path = ROOT) -> tuple[int, dict[str, list[str]]]:
    """As `scan_checkout`, of every content reachable from any branch or tag, by path and id."""
    seen = 0
    found: dict[str, list[str]] = {}
    for blob, path, content in _contents(root):
        seen += 1
        kinds = secrets_in(content.decode("utf-8", "replace"))
        if kinds:
            found[f"{path} ({blob[:12]})"] = kinds
    return seen, found


def _contents(root: Path) -> Iterator[tuple[str, str, bytes]]:
    listed = subprocess.run(
        ["git", "rev-list", "--objects", "--all"], cwd=root, capture_output=True, check=True
    )
    paths = dict(line.split(" ", 1) for line in listed.stdout.decode().splitlines() if " " in line)
    with subprocess.Popen(
        ["git", "cat-file", "--batch"],
        cwd=root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as reader:
        assert reader.stdin is not None
        assert reader.stdout is not None
        for blob, path in paths.items():
            reader.stdin.write(f"{blob}\n".encode())
            reader.stdin.flush()
            _, kind, size = reader.stdout.readline().split()
            content = reader.stdout.read(int(size))
            reader.stdout.read(1)
            if kind == b"blob" and len(content) <= _MOST_BYTES:
                yield blob, path, content
        reader.stdin.close()


def main(arguments: list[str] | None = None) -> int:
    """Print what was found; 1 when anything was."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--history", action="store_true", help="All that was ever committed, too.")
    options = parser.parse_args(arguments)
    files, found = scan_checkout()
    told = f"{files:,} files"
    if options.history:
        contents, once = scan_history()
        found |= once
        told += f" and {contents:,} contents of the history"
    for place, kinds in sorted(found.items()):
        sys.stdout.write(f"{place}: {', '.join(kinds)}\n")
    sys.stdout.write(f"Looked at {told}: {len(found)} with a secret.\n")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
