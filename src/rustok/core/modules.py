"""The module registry: what each feature brings, in order of dependency, and what a tenant may switch.

Refuses: storing which tenant has what switched on (platform.tenants does).
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator
from pathlib import Path
from typing import Final

import msgspec

from rustok.core.bus.port import Consumer
from rustok.core.errors import Conflict, NotFound
from rustok.core.parts import Parts
from rustok.core.routing import Route, Routes

Run = Callable[[Parts], Awaitable[int]]
Serve = Callable[[Parts, asyncio.Event], Awaitable[None]]


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is due now and then, over all tenants, done by one process at a time.

    Attributes:
        run: does what is due and returns how much it did; safe to run twice.
    """

    name: str
    every_seconds: float
    run: Run


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """Work that never ends, run beside relay and jobs in every process that has these.

    Attributes:
        run: works until the event is set and ends what it has begun; survives an absent database;
            several processes may run it at the same time.
    """

    name: str
    run: Serve


class Module(msgspec.Struct, frozen=True, kw_only=True):
    """One feature.

    Attributes:
        depends_on: slugs that must be switched on with it.
        always_on: part of the platform itself; no tenant can switch it off.
        default_on: switched on for a new tenant.
        event_types: what it emits.
        migrations: folder of Alembic revisions of its own tables; None for the platform's modules,
            whose revisions are one history.
    """

    slug: str
    title: str
    version: str = "1.0.0"
    depends_on: tuple[str, ...] = ()
    always_on: bool = False
    default_on: bool = True
    routes: tuple[Routes, ...] = ()
    consumers: tuple[Consumer, ...] = ()
    jobs: tuple[Job, ...] = ()
    services: tuple[Service, ...] = ()
    event_types: tuple[str, ...] = ()
    migrations: Path | None = None


class ModuleUnknown(NotFound):
    code = "module_unknown"
    title = "There is no such module"

    def __init__(self, slug: str) -> None:
        super().__init__(f"There is no module '{slug[:63]}'.")


class ModuleDependency(Conflict):
    """Switching would leave a module without one it needs."""

    code = "module_dependency"
    title = "A module depends on another"
    mend = "Switch the modules named in `modules` first."

    def __init__(self, slug: str, modules: Iterable[str], verb: str) -> None:
        listed = sorted(modules)
        super().__init__(
            f"Module '{slug}' cannot be switched {verb} because of: {', '.join(listed)}.",
            extensions={"module": slug, "modules": listed},
        )


class Modules:
    """All features of this program.

    Args:
        modules: in any order.

    Raises:
        ValueError: a slug twice, an unknown dependency or a cycle.
    """

    def __init__(self, modules: Iterable[Module]) -> None:
        listed = {module.slug: module for module in modules}
        self._modules: Final[dict[str, Module]] = {}
        trail: list[str] = []

        def visit(slug: str, wanted_by: str) -> None:
            if slug in self._modules:
                return
            if slug not in listed:
                raise ValueError(f"module {wanted_by!r} depends on unknown {slug!r}")
            if slug in trail:
                raise ValueError(f"modules depend on each other: {' -> '.join([*trail, slug])}")
            trail.append(slug)
            for needed in listed[slug].depends_on:
                visit(needed, slug)
            trail.pop()
            self._modules[slug] = listed[slug]

        for slug in sorted(listed):
            visit(slug, slug)

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())

    def get(self, slug: str) -> Module:
        """Raises ModuleUnknown."""
        found = self._modules.get(slug)
        if found is None:
            raise ModuleUnknown(slug)
        return found

    @property
    def routes(self) -> list[Route]:
        return [
            route
            for module in self._modules.values()
            for each in module.routes
            for route in each.routes
        ]

    @property
    def consumers(self) -> list[Consumer]:
        return [consumer for module in self._modules.values() for consumer in module.consumers]

    @property
    def jobs(self) -> list[Job]:
        return [job for module in self._modules.values() for job in module.jobs]

    @property
    def services(self) -> list[Service]:
        return [service for module in self._modules.values() for service in module.services]

    @property
    def always_on(self) -> frozenset[str]:
        return frozenset(slug for slug, module in self._modules.items() if module.always_on)

    @property
    def default_on(self) -> frozenset[str]:
        return frozenset(s for s, m in self._modules.items() if m.always_on or m.default_on)

    def switched_on(self, slug: str, current: frozenset[str]) -> frozenset[str]:
        """`current` with `slug`.

        Raises:
            ModuleUnknown: no such module.
            ModuleDependency: one it needs is off.
        """
        missing = set(self.get(slug).depends_on) - current - self.always_on
        if missing:
            raise ModuleDependency(slug, missing, "on")
        return current | {slug}

    def switched_off(self, slug: str, current: frozenset[str]) -> frozenset[str]:
        """`current` without `slug`.

        Raises:
            ModuleUnknown: no such module.
            ModuleDependency: it is part of the platform, or one that is on needs it.
        """
        if self.get(slug).always_on:
            raise ModuleDependency(slug, ["platform"], "off")
        needing = {
            other
            for other in current
            if other in self._modules and slug in self._modules[other].depends_on
        }
        if needing:
            raise ModuleDependency(slug, needing, "off")
        return current - {slug}
