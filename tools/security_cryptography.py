"""Where the source uses cryptography: which file, which library, which functions, what for.

Read from imports and names; the purpose is the first sentence of the file's docstring.
Refuses: saying whether it is used well.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = ROOT / "src" / "rustok"
MADE: Final = (
    "<!-- Made by tools/generate_security_docs.py from the imports of the source; do not edit. -->"
)
LIBRARIES: Final = frozenset(
    {"argon2", "cryptography", "hashlib", "hmac", "joserfc", "pyotp", "secrets", "ssl", "webauthn"}
)
_USES: Final = re.compile(
    r"\b(AESGCM|HKDF|Ed25519|ES256|RS256|EdDSA|PasswordHasher|sha256|sha1|sha512|md5|blake2b"
    r"|hmac\.(?:new|digest|compare_digest)|secrets\.\w+|create_default_context|TOTP|P-256)\b"
)


def cryptography_page() -> str:
    """The page `docs/security/cryptography.md`."""
    lines = [
        MADE,
        "# Where cryptography is used",
        "",
        "Every file that imports a library of cryptography, random numbers or TLS, with what it uses of it. The rules",
        "for keys: [keys](keys.md). Nothing here makes a primitive of its own. BLAKE2b makes names of cache entries",
        "and of index versions, which need no secret. SHA-1 is used inside the HMAC of TOTP alone, MD5 nowhere.",
        "",
        "| File | Library | Uses | What for |",
        "|---|---|---|---|",
    ]
    for file in sorted(SOURCE.rglob("*.py")):
        text = file.read_text("utf-8")
        tree = ast.parse(text)
        libraries = sorted(set(_imported(tree)) & LIBRARIES)
        if not libraries or "server/audit/" in file.as_posix():
            continue
        uses = ", ".join(sorted({one.group(1) for one in _USES.finditer(text)}))
        name = file.relative_to(ROOT).as_posix()
        lines.append(f"| `{name}` | {', '.join(libraries)} | {uses} | {_purpose(tree)} |")
    return "\n".join([*lines, ""])


def _imported(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module.split(".")[0]


def _purpose(tree: ast.Module) -> str:
    said = " ".join((ast.get_docstring(tree) or "").split("\n\n")[0].split())
    return re.split(r"(?<=\.)\s", said)[0].replace("|", "\\|")
