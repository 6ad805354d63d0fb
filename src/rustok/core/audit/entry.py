"""One audit entry: what was done to which thing, with what it was before and after.

Refuses: personal data and secrets in before and after. What is declared `Masked`, and what has the
name of such a thing, is replaced before it leaves this file.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.core.ids import new_id

Outcome = Literal["done", "refused", "failed"]
OUTCOMES: Final = ("done", "refused", "failed")


class Masked(msgspec.Struct, frozen=True):
    """A value that is there but is not to be written down (`Masked("email")`)."""

    kind: str


AuditValue = str | int | bool | UUID | Masked | None | Sequence[str]
AuditFacts = Mapping[str, AuditValue]

ACTION: Final = re.compile(r"^[a-z][a-z_]*(\.[a-z][a-z0-9_]*)+$")
MAX_FACTS_BYTES: Final = 8_192
MAX_TEXT: Final = 500
_NAMES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = (
    (
        "secret",
        re.compile(
            r"(^|_)(password|passphrase|secret|secrets|token|tokens|digest|hash|cookie|"
            r"authorization|private_key|api_key|credential|credentials)(_|$)"
        ),
    ),
    (
        "personal",
        re.compile(
            r"(^|_)(email|phone|address|addresses|line1|line2|postal_code|display_name|"
            r"first_name|last_name|full_name|customer_name|author_name|birthday|user_agent|ip)(_|$)"
        ),
    ),
)
_NOT_PERSONAL: Final = frozenset({"email_digest", "api_key_id", "token_reuse"})
"""Names the patterns catch and that name no person: keyed pseudonyms and ids."""


NOTHING: Final = msgspec.Raw()


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was done.

    Attributes:
        action: `thing.done`; for a fact that has an event, the event's type.
        object_id: an id or a short key; None where there is no single thing.
        before, after: JSON objects of scalars, masked; empty where nothing is said.
        reason: a code or a sentence, never a value somebody sent.
    """

    id: UUID
    action: str
    object_type: str
    object_id: str | None = None
    before: msgspec.Raw = NOTHING
    after: msgspec.Raw = NOTHING
    outcome: Outcome = "done"
    reason: str | None = None


_encode: Final = msgspec.json.Encoder(order="sorted").encode


def entry(
    action: str,
    *,
    object_type: str,
    object_id: UUID | str | None = None,
    before: AuditFacts | None = None,
    after: AuditFacts | None = None,
    outcome: Outcome = "done",
    reason: str | None = None,
) -> AuditEntry:
    """Make an entry.

    Args:
        action: lower-case words joined by dots.
        before, after: what mattered, as scalars and short lists of texts; over 8,192 bytes only
            their digest is kept.

    Raises:
        ValueError: the action is malformed.
    """
    if not ACTION.match(action):
        raise ValueError(f"audit action {action!r} is not `thing.done`")
    return AuditEntry(
        id=new_id(),
        action=action,
        object_type=object_type,
        object_id=None if object_id is None else str(object_id)[:MAX_TEXT],
        before=NOTHING if before is None else facts(before),
        after=NOTHING if after is None else facts(after),
        outcome=outcome,
        reason=None if reason is None else reason[:MAX_TEXT],
    )


def entry_of_event(
    action: str,
    aggregate: str,
    aggregate_id: UUID,
    data: bytes,
    *,
    before: AuditFacts | None,
    after: AuditFacts | None = None,
    outcome: Outcome,
) -> AuditEntry:
    """The entry of a domain event; its data is what was done (events carry no personal data).

    Args:
        after: what the event does not tell itself, such as the values of the names it lists.
    """
    if after:
        data = _encode({**msgspec.json.decode(data), **_masked(after)})
    return AuditEntry(
        id=new_id(),
        action=action,
        object_type=aggregate,
        object_id=str(aggregate_id),
        before=NOTHING if before is None else facts(before),
        after=msgspec.Raw(data) if len(data) <= MAX_FACTS_BYTES else _too_long(data),
        outcome=outcome,
    )


def facts(values: AuditFacts) -> msgspec.Raw:
    """`values` as a JSON object, masked and bounded."""
    data = _encode(_masked(values))
    return msgspec.Raw(data) if len(data) <= MAX_FACTS_BYTES else _too_long(data)


def _masked(values: AuditFacts) -> dict[str, AuditValue]:
    return {name: masked(name, value) for name, value in values.items()}


def masked(name: str, value: AuditValue) -> AuditValue:
    """`value`, or a mask when it is declared so or has the name of a secret or of personal data."""
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, Masked):
        return f"[{value.kind}]"
    kind = masked_kind(name)
    return value if kind is None else f"[{kind}]"


def masked_kind(name: str) -> str | None:
    """ "secret" or "personal" for the name of a field that holds such a thing, else None."""
    if name in _NOT_PERSONAL:
        return None
    words = name.replace(".", "_")
    for kind, pattern in _NAMES:
        if pattern.search(words):
            return kind
    return None


def _too_long(data: bytes) -> msgspec.Raw:
    return msgspec.Raw(
        _encode({"too_long_bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()})
    )
