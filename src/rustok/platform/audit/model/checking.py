"""Reads a chain in order and names every record that is not what was written, where it was written.

Refuses: stopping at the first finding. After one it goes on with what stands there, so that one
wrong record is one finding and not one for each that follows.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Final, Literal
from uuid import UUID

import msgspec

from rustok.platform.audit.model.record import GENESIS, Record, hash_of, seal_of

Flaw = Literal[
    "changed", "moved", "missing", "unlinked", "forged", "unsealed", "beyond_the_head", "head",
    "checkpoint", "reported",
]  # fmt: skip
REPORTED: Final = frozenset({"audit.entry_forged", "audit.head_broken", "audit.entry_unreadable"})
"""Actions by which the sealing itself has recorded that something was wrong."""
MAX_FLAWS: Final = 1_000
_MAX_PAIRS: Final = 50


class Finding(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One flaw, at a record; `through` ends a range of missing ones."""

    number: int
    flaw: Flaw
    detail: str
    through: int | None = None


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The end of a chain as it is kept apart from the records."""

    number: int
    hash: str
    kid: str
    seal: str


class Checker:
    """Args:
    tenant_id: whose chain.
    keys: by key id, what seals are made with; None checks the hashes alone (anybody can).
    number, hash_: the record before the first one to come, when older ones are gone.
    """

    def __init__(
        self,
        tenant_id: UUID,
        *,
        keys: Mapping[str, bytes] | None,
        number: int = 0,
        hash_: str = GENESIS,
    ) -> None:
        self.tenant_id = tenant_id
        self._keys = keys
        self._number = number
        self._hashes = {hash_}
        self._after_gap = False
        self._wrong: list[Record] = []
        self.last_hash = hash_
        self.checked = 0
        self.findings: list[Finding] = []

    @property
    def last_number(self) -> int:
        return self._number

    def take(self, record: Record) -> None:
        """The next record, by number; numbers only grow."""
        self.checked += 1
        number = record.number
        if number > self._number + 1:
            self._missing(self._number + 1, number - 1)
        right = hash_of(record, tenant_id=self.tenant_id, number=number, previous=record.previous)
        if right != record.hash:
            self._wrong.append(record)
            self._find(number, "changed", "its content does not have its hash")
        elif not self._is_sealed("record", record.kid, number, record.hash, record.seal):
            known = self._keys is None or record.kid in self._keys
            if known:
                self._find(number, "forged", "it was written without the key of the chain")
            else:
                self._find(number, "unsealed", "the key it names is not there")
        elif record.tenant_id != self.tenant_id:
            self._find(number, "moved", "it belongs to another tenant")
        if not self._after_gap and record.previous not in self._hashes:
            self._find(number, "unlinked", f"it does not follow record {number - 1}")
        if record.action in REPORTED:
            self._find(number, "reported", f"the sealing recorded {record.action}")
        self._number, self._after_gap = number, False
        self._hashes = {record.hash, right}
        self.last_hash = record.hash

    def finish(self, head: Head | None) -> list[Finding]:
        """All findings, by number.

        Args:
            head: of the database; None when it has none.
        """
        if head is None:
            if self._number:
                self._find(self._number, "head", "the head of the chain is gone")
        else:
            self._finish_at(head)
        self._name_moved()
        return sorted(self.findings)

    def _finish_at(self, head: Head) -> None:
        if not self._is_sealed("head", head.kid, head.number, head.hash, head.seal):
            self._find(head.number, "head", "the head was written without the key of the chain")
        if self._number < head.number:
            self._missing(self._number + 1, head.number)
        elif self._number > head.number:
            self._find(
                head.number + 1, "beyond_the_head", f"the chain ends at record {head.number}"
            )
        elif head.hash not in self._hashes:
            self._find(head.number, "head", "the head names another record")

    def _is_sealed(
        self, what: Literal["record", "head"], kid: str, number: int, hash_: str, seal: str
    ) -> bool:
        if self._keys is None:
            return True
        key = self._keys.get(kid)
        if key is None:
            return False
        right = seal_of(key, what, self.tenant_id, number, hash_)
        return hmac.compare_digest(right.encode(), seal.encode())

    def _missing(self, first: int, last: int) -> None:
        self._after_gap = True
        what = f"record {first}" if first == last else f"records {first} to {last}"
        self._find(first, "missing", f"{what} missing", through=last)

    def _find(self, number: int, flaw: Flaw, detail: str, *, through: int | None = None) -> None:
        if len(self.findings) < MAX_FLAWS:
            self.findings.append(Finding(number=number, flaw=flaw, detail=detail, through=through))

    def _name_moved(self) -> None:
        """Of a few wrong records, those that are whole at another's place were swapped."""
        if not 2 <= len(self._wrong) <= _MAX_PAIRS:
            return
        for record in self._wrong:
            for other in self._wrong:
                if other is record:
                    continue
                there = hash_of(
                    record,
                    tenant_id=self.tenant_id,
                    number=other.number,
                    previous=record.previous,
                )
                if there == record.hash:
                    self._find(
                        record.number, "moved", f"what stands here was record {other.number}"
                    )
