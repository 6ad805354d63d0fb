"""Whether this process has come up: database, schema, background work; asked until it has.

Once everything stood it says so without looking again: what happens later is for readiness. Refuses:
to call a process started whose schema is behind, since every request would fail.
"""

from __future__ import annotations

from rustok.core.errors import RustokError, Unavailable
from rustok.server import migrations
from rustok.server.health import Check
from rustok.server.platform import Platform


class Startup:
    """Args:
    platform: open already, or being opened.
    """

    def __init__(self, platform: Platform) -> None:
        self._platform = platform
        self._kept: list[Check] | None = None

    async def checks(self) -> list[Check]:
        """Part by part; the same list again once all were well."""
        if self._kept is not None:
            return self._kept
        found = [await self._database(), await self._schema(), *self._background()]
        if all(check.ok for check in found):
            self._kept = found
        return found

    async def _database(self) -> Check:
        try:
            await self._platform.db.ping()
        except RustokError as error:
            reason = error.detail if isinstance(error, Unavailable) else error.code
            return Check(name="database", ok=False, reason=reason)
        return Check(name="database", ok=True)

    async def _schema(self) -> Check:
        settings = self._platform.settings
        wanted = migrations.head()
        try:
            found = await migrations.current(settings)
            behind = await migrations.modules_behind(settings)
        except Exception as error:  # whatever the driver says of it, the schema is not known
            return Check(name="schema", ok=False, reason=f"cannot be read: {type(error).__name__}")
        if found != wanted:
            reason = f"at {found or 'nothing'}, this version needs {wanted}: rustok migrate"
            return Check(name="schema", ok=False, reason=reason)
        if behind:
            reason = f"behind for {', '.join(behind)}: rustok migrate"
            return Check(name="schema", ok=False, reason=reason)
        return Check(name="schema", ok=True, reason=f"revision {found}")

    def _background(self) -> list[Check]:
        """Relay, consumers, jobs and services, where this process was to run them."""
        return [
            Check(name=f"background {name}", ok=runs, reason=None if runs else "has ended")
            for name, runs in self._platform.background()
        ]
