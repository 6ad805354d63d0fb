"""Recovery codes: what gets somebody in whose second factor is lost; 138 random bits each, used once.

Refuses: keeping one. They are shown once and stored as digests (`tokens.token_digest`).
"""

from __future__ import annotations

import re
import secrets
from typing import Final

COUNT: Final = 10
MAX_TYPED_LENGTH: Final = 64
_ALPHABET: Final = "abcdefghijkmnpqrstuvwxyz23456789"  # no l, o, 0, 1: they are mixed up
_LENGTH: Final = 28
_GROUP: Final = 4
_PLAIN: Final = re.compile(rf"[{_ALPHABET}]{{{_LENGTH}}}")


def new_recovery_codes(count: int = COUNT) -> list[str]:
    """Fresh codes as they are shown: seven groups of four."""
    return [
        _shown("".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))) for _ in range(count)
    ]


def plain_recovery_code(typed: str) -> str | None:
    """The code as it is digested, however it was typed; None when it cannot be one."""
    if len(typed) > MAX_TYPED_LENGTH:
        return None
    plain = re.sub(r"[\s-]", "", typed).lower()
    return plain if _PLAIN.fullmatch(plain) else None


def _shown(plain: str) -> str:
    return "-".join(plain[at : at + _GROUP] for at in range(0, _LENGTH, _GROUP))
