"""Shows the metrics of one process, or of all web processes that share a port, in either format.

Refuses: counting; it samples what has to be read, adds up and writes.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import platform
import tempfile
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import rustok
from rustok.server.control import Control
from rustok.server.metering import requests
from rustok.server.metering.access import may_read
from rustok.server.metering.exporting import end_export, start_export
from rustok.server.metering.port import MetricsPort, PlainAnswer, PlainPage
from rustok.server.metering.sampling import Sampler
from rustok.server.settings import Settings
from rustok.telemetry import metrics
from rustok.telemetry.exposition import wants_openmetrics
from rustok.telemetry.instruments import FamilySnapshot
from rustok.telemetry.sharing import SharedMetrics

if TYPE_CHECKING:  # for those who have a collector
    from rustok.telemetry.otlp.exporter import Exporter

FOLDER_VARIABLE: Final = "_RUSTOK_METRICS_FOLDER"
"""Where the web processes of one `rustok serve` tell each other what they have counted."""
SAMPLE_SECONDS: Final = 10.0


def shared_folder() -> Path | None:
    """The folder this process shares its metrics in; None when it serves alone."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return Path(folder) if folder else None


class Exposer:
    """Args:
    settings: of the process.
    sampler: brings gauges up to date.
    folder: shared with the other processes of this port; None: there are none.
    """

    def __init__(self, settings: Settings, sampler: Sampler, *, folder: Path | None = None) -> None:
        self._settings = settings
        self._sampler = sampler
        self._shared = SharedMetrics(folder, str(os.getpid())) if folder is not None else None
        self._tasks: list[asyncio.Task[None]] = []
        self._port: MetricsPort | None = None
        self._exporter: Exporter | None = None
        self._control: Control | None = None
        requests.switch.on = settings.telemetry.metrics_enabled
        metrics.set_build_info(rustok.__version__, platform.python_version())

    @property
    def port(self) -> int | None:
        """The port of its own, when one is open."""
        return self._port.port if self._port is not None else None

    async def collect(self) -> list[FamilySnapshot]:
        """Everything counted, the gauges measured now."""
        await self._sampler.sample(shared=self._shared is None)
        own = metrics.snapshot()
        return own if self._shared is None else self._shared.collect(own)

    async def write(self, accept: str) -> tuple[bytes, str]:
        """The metrics in the format `accept` asks for, with the content type."""
        return metrics.render(await self.collect(), openmetrics=wants_openmetrics(accept))

    async def page(self, client: str, headers: Mapping[str, str]) -> PlainAnswer:
        """The metrics on a port of their own: the token is asked for when one is set."""
        if self._settings.telemetry.metrics_token is not None and not may_read(
            self._settings, client=client, headers=headers
        ):
            return PlainAnswer(status=401, content_type="text/plain", body=b"Bearer token needed")
        body, content_type = await self.write(headers.get("accept", ""))
        return PlainAnswer(status=200, content_type=content_type, body=body)

    async def start(self, role: str, port: int | None, pages: Mapping[str, PlainPage]) -> None:
        """Open the port of its own, if it has one; share what is counted, if it is shared.

        Args:
            role: what the process does, for who looks into it: serve, worker or web.

        Raises:
            OSError: the port is taken.
        """
        self._control = Control(role)
        await self._control.open()
        self._exporter = start_export(self._settings)
        if self._exporter is not None and self._shared is None:
            self._tasks.append(asyncio.create_task(self._sample(), name="sample metrics"))
        if self._shared is not None:
            self._tasks.append(
                asyncio.create_task(self._shared.run(metrics.snapshot), name="share metrics")
            )
            self._tasks.append(asyncio.create_task(self._sample(), name="sample metrics"))
        if port is not None and self._settings.telemetry.metrics_enabled:
            host = self._settings.telemetry.metrics_host
            opened = MetricsPort(host, port, {"/metrics": self.page, **pages})
            await opened.open()
            self._port = opened

    async def close(self) -> None:
        if self._control is not None:
            await self._control.close()
        if self._port is not None:
            await self._port.close()
            self._port = None
        if self._exporter is not None:
            exporter, self._exporter = self._exporter, None
            await asyncio.to_thread(end_export, exporter)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks.clear()

    async def _sample(self) -> None:
        while True:
            await self._sampler.sample(shared=self._shared is None)
            await asyncio.sleep(SAMPLE_SECONDS)


class ParentExposer:
    """The metrics of all web processes, shown by the process that started them, on a thread.

    Args:
        settings: with a `telemetry.metrics_port`, or without.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._folder = Path(tempfile.mkdtemp(prefix="rustok-metrics-"))
        self._shared = SharedMetrics(self._folder)
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="metrics", daemon=True)

    def start(self) -> None:
        """Let the web processes know the folder, and listen."""
        os.environ[FOLDER_VARIABLE] = str(self._folder)
        self._thread.start()

    def close(self) -> None:
        self._stop.set()
        self._thread.join(timeout=5)
        os.environ.pop(FOLDER_VARIABLE, None)
        for file in self._folder.iterdir():
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def _run(self) -> None:
        asyncio.run(self._serve())

    async def _serve(self) -> None:
        telemetry = self._settings.telemetry
        opened: MetricsPort | None = None
        if telemetry.metrics_enabled and telemetry.metrics_port is not None:
            pages = {"/metrics": self._page}
            opened = MetricsPort(telemetry.metrics_host, telemetry.metrics_port, pages)
            await opened.open()
        while not self._stop.is_set():
            self._shared.clean()
            await asyncio.to_thread(self._stop.wait, 1.0)
        if opened is not None:
            await opened.close()

    async def _page(self, client: str, headers: Mapping[str, str]) -> PlainAnswer:
        if self._settings.telemetry.metrics_token is not None and not may_read(
            self._settings, client=client, headers=headers
        ):
            return PlainAnswer(status=401, content_type="text/plain", body=b"Bearer token needed")
        openmetrics = wants_openmetrics(headers.get("accept", ""))
        body, content_type = metrics.render(self._shared.collect([]), openmetrics=openmetrics)
        return PlainAnswer(status=200, content_type=content_type, body=body)
