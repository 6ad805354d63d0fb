"""The file that holds one tenant: its manifest, and reading it only after all of it has been verified.

Refuses: a file that was changed or cut off, that this deployment's key has not signed, and one of
another format. Why it is made so: docs/decisions/0016-tenant-backup.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import zipfile
import zlib
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Final, Self
from uuid import UUID

import msgspec

from rustok.core.errors import RustokError
from rustok.core.security.sealing import Sealer

FORMAT: Final = "rustok-backup"
FORMAT_VERSION: Final = 1
PURPOSE: Final = "tenant backup"
MANIFEST: Final = "manifest.json"
SIGNATURE: Final = "signature.json"
MEDIA_LIST: Final = "media.jsonl"
AUDIT_KEYS: Final = "audit_keys.jsonl"
_MOST_MANIFEST_BYTES: Final = 4 * 1024 * 1024
_CHUNK_BYTES: Final = 1024 * 1024

Step = Callable[[str, int], None]
"""Called with the name of what is being read and how much of it is done."""


class BackupDamaged(RustokError):
    """The file is not what was written."""

    code = "backup_damaged"
    title = "The backup is damaged"
    status = 422
    mend = "Nothing was changed. Take another copy of the file, or an earlier backup."

    def __init__(self, what: str) -> None:
        super().__init__(f"The backup cannot be restored: {what}.")


class BackupKeyMissing(RustokError):
    """Secrets in the file are sealed under a key that this deployment does not have."""

    code = "backup_key_missing"
    title = "The backup was made under another key"
    status = 422
    mend = (
        "Nothing was changed. Set the key it was made under as security.previous_master_key, restore, "
        "then run: rustok keys rewrap"
    )

    def __init__(self, kids: set[str]) -> None:
        named = ", ".join(sorted(kids))
        super().__init__(f"What the backup holds is sealed under a key that is not set: {named}.")


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A list of JSON lines in the file, uncompressed size and digest."""

    lines: int
    size_bytes: int
    sha256: str


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """What a backup holds.

    Attributes:
        revision: of the database schema the rows are of.
        members: by name; tables in an order in which rows refer only to earlier ones.
        media_missing: files that a row names and the storage did not have.
        kids: the platform's keys that secrets in it are sealed under.
        chain_number, chain_hash: the end of the audit log's chain; 0 and "" when it has none.
        left_out: tables, with the reason.
    """

    format: str
    format_version: int
    rustok_version: str
    revision: str
    taken_at: datetime
    tenant_id: UUID
    tenant_slug: str
    tenant_name: str
    members: dict[str, Member]
    media_files: int
    media_size_bytes: int
    media_missing: int
    kids: list[str]
    chain_number: int
    chain_hash: str
    left_out: dict[str, str]

    @property
    def rows(self) -> int:
        return sum(one.lines for name, one in self.members.items() if name.startswith("tables/"))


class StoredFile(msgspec.Struct, frozen=True, kw_only=True):
    """A media file in the backup; its name holds its digest, as in the storage."""

    stored_as: str
    size_bytes: int
    sha256: str


class Signature(msgspec.Struct, frozen=True, kw_only=True):
    """HMAC-SHA256 of the manifest's bytes under a key made of the platform's."""

    kid: str
    tag: str


def table_member(table: str) -> str:
    return f"tables/{table}.jsonl"


def media_member(stored_as: str) -> str:
    return f"media/{stored_as}"


class BackupFile:
    """A backup opened for reading; a context manager.

    Raises:
        BackupDamaged: it is no backup, or of a format this program does not know.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._zip = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError, ValueError):
            raise BackupDamaged("it is no backup file, or its end is missing") from None
        try:
            with _damage(MANIFEST):
                self._manifest_bytes = self._whole(MANIFEST)
                self.manifest = msgspec.json.decode(self._manifest_bytes, type=Manifest)
            if self.manifest.format != FORMAT or self.manifest.format_version != FORMAT_VERSION:
                raise BackupDamaged(
                    f"it is '{self.manifest.format}' of version {self.manifest.format_version}, "
                    f"this program reads {FORMAT} of version {FORMAT_VERSION}"
                )
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    def check_keys(self, sealer: Sealer) -> None:
        """Ask whether this deployment can read what is in the file, and has made it.

        Raises:
            BackupKeyMissing: a key it needs is not set.
            BackupDamaged: the manifest is not the one that was signed.
        """
        with _damage(SIGNATURE):
            signed = msgspec.json.decode(self._whole(SIGNATURE), type=Signature)
        missing = {kid for kid in (*self.manifest.kids, signed.kid) if not sealer.knows(kid)}
        if missing:
            raise BackupKeyMissing(missing)
        if not sealer.tag_matches(
            signed.tag, self._manifest_bytes, kid=signed.kid, purpose=PURPOSE
        ):
            raise BackupDamaged("its manifest was changed after it was signed")

    def verify(self, step: Step) -> None:
        """Read all of the file and compare it with the manifest, before anything is made of it.

        Raises:
            BackupDamaged: naming what is wrong.
        """
        manifest = self.manifest
        for name, promised in manifest.members.items():
            digest, size, lines = hashlib.sha256(), 0, 0
            for chunk in self._chunks(name, promised.size_bytes):
                digest.update(chunk)
                size += len(chunk)
                lines += chunk.count(b"\n")
            if (digest.hexdigest(), size, lines) != (
                promised.sha256,
                promised.size_bytes,
                promised.lines,
            ):
                raise BackupDamaged(f"{name} is not what was written")
            step(name, lines)
        files = 0
        for one in self.media():
            if not one.stored_as.startswith(f"{one.sha256[:2]}/{one.sha256}."):
                raise BackupDamaged(f"{one.stored_as} is no name of a media file")
            found = hashlib.sha256()
            for chunk in self._chunks(media_member(one.stored_as), one.size_bytes):
                found.update(chunk)
            if found.hexdigest() != one.sha256:
                raise BackupDamaged(f"{media_member(one.stored_as)} is not what was written")
            files += 1
        if files != manifest.media_files:
            raise BackupDamaged("media files are missing")
        step("media", files)

    def lines(self, member: str) -> Iterator[bytes]:
        """The lines of a member, from the first on."""
        with _damage(member), self._zip.open(member) as stream:
            yield from stream

    def media(self) -> Iterator[StoredFile]:
        """The media files in the backup."""
        decode = msgspec.json.Decoder(StoredFile).decode
        with _damage(MEDIA_LIST):
            for line in self.lines(MEDIA_LIST):
                yield decode(line)

    def content(self, one: StoredFile) -> bytes:
        """The content of a media file."""
        return b"".join(self._chunks(media_member(one.stored_as), one.size_bytes))

    def _whole(self, name: str) -> bytes:
        if self._zip.getinfo(name).file_size > _MOST_MANIFEST_BYTES:
            raise BackupDamaged(f"{name} is too large")
        return self._zip.read(name)

    def _chunks(self, name: str, most_bytes: int) -> Iterator[bytes]:
        """A member in pieces; never more than it promises, however well it is packed."""
        with _damage(name), self._zip.open(name) as stream:
            read = 0
            while chunk := stream.read(_CHUNK_BYTES):
                read += len(chunk)
                if read > most_bytes:
                    raise BackupDamaged(f"{name} is longer than it says")
                yield chunk


@contextlib.contextmanager
def _damage(name: str) -> Iterator[None]:
    """What reading a broken archive raises, in words."""
    try:
        yield
    except KeyError:
        raise BackupDamaged(f"{name} is missing") from None
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        msgspec.DecodeError,
        OSError,
        RuntimeError,
        ValueError,
    ):
        raise BackupDamaged(f"{name} is not what was written") from None
