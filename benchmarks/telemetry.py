"""What telemetry costs: throughput, p99 and processor time with it off, in part and all on.

Run: python -m benchmarks.telemetry [--seconds 0.6] [--rounds 15] [--spans]

Four servers on copies of one SQLite file take the same load in turns (A B C D B C D A ...), so that
a busy machine disturbs all alike; what counts is each round's ratio to the server without telemetry.
`processor` is the processor time of the server's process for one request, its sending thread
included: on a machine with other work it is steadier than throughput, and where the server has one
core it is what throughput follows. `--spans` compares one span with the OpenTelemetry SDK's.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import multiprocessing
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from uuid import uuid4

import psutil

from benchmarks.startup import free_port
from rustok.commerce.inventory import api as inventory
from rustok.commerce.pricing import api as pricing
from rustok.commerce.products import api as products
from rustok.core.tenancy import context_for
from rustok.platform.tenants import api as tenants
from rustok.server import migrations
from rustok.server.platform import Platform
from rustok.server.settings import DatabaseSettings, DatabaseUrl, MediaSettings, Settings

CLIENTS = 4
ADDRESS = {
    "name": "Ada Lovelace",
    "line1": "Lindenallee 5",
    "postal_code": "20095",
    "city": "Hamburg",
    "country": "DE",
}


class Sink(BaseHTTPRequestHandler):
    """A collector that takes everything and keeps nothing."""

    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_args: object) -> None: ...


def take(port: int) -> None:
    """Be the collector until stopped."""
    ThreadingHTTPServer(("127.0.0.1", port), Sink).serve_forever()


def modes(endpoint: str) -> dict[str, dict[str, str]]:
    traces = {
        "OTLP_ENDPOINT": endpoint,
        "OTLP_SIGNALS": "traces",
        "TRACE_RATIO": "0.1",
        "LOG_LEVEL": "WARNING",
    }
    everything = {
        "OTLP_ENDPOINT": endpoint,
        "TRACE_RATIO": "1",
        "LOG_LEVEL": "INFO",
        "LOG_FORMAT": "json",
        "OTLP_METRICS_SECONDS": "5",
    }
    return {
        "off": {"METRICS_ENABLED": "false", "LOG_LEVEL": "WARNING"},
        "metrics": {"LOG_LEVEL": "WARNING"},
        "metrics, 10 % of traces": traces,
        "everything": everything,
    }


async def prepare(path: Path) -> tuple[str, str]:
    """A shop that does not run out of stock; returns its slug and what it sells."""
    settings = Settings(
        database=DatabaseSettings(url=DatabaseUrl(f"sqlite:///{path}")),
        media=MediaSettings(root=path.parent / "media"),
    )
    await migrations.migrate(settings)
    platform = Platform(settings, observer=None)
    await platform.open()
    async with platform.db.system("benchmark") as tx:
        tenant = await tenants.create(
            tx, slug="bench", name="Bench", modules=platform.modules.default_on
        )
    variant = ""
    for number in range(20):
        async with platform.db.write(context_for(tenant.profile())) as tx:
            tree = await products.create(
                tx,
                products.ProductInput(
                    handle=f"thing-{number}",
                    translations=(products.TranslationInput(locale="en", title=f"Thing {number}"),),
                    variants=(products.VariantInput(sku=f"SKU-{number}"),),
                ),
            )
            await products.publish(tx, tree.product.id)
            variant = str(tree.variants[0].id)
            await pricing.set_price(tx, tree.variants[0].id, "EUR", amount_minor=1_000)
            await inventory.set_level(tx, tree.variants[0].id, on_hand=100_000_000)
    await platform.relay.drain()
    await platform.close()
    return "bench", variant


class Server:
    """One `rustok serve` with its own copy of the database."""

    def __init__(self, name: str, template: Path, folder: Path, telemetry: dict[str, str]) -> None:
        self.name = name
        self.port = free_port()
        database = folder / f"{len(name)}-{uuid4().hex[:6]}.sqlite3"
        shutil.copyfile(template, database)
        environment = {
            **os.environ,
            "RUSTOK_DATABASE__URL": f"sqlite:///{database}",
            "RUSTOK_MEDIA__ROOT": str(folder / "media"),
            "RUSTOK_HTTP__PORT": str(self.port),
            "RUSTOK_EVENTS__BACKLOG_LIMIT": "10000000",
            **{f"RUSTOK_TELEMETRY__{key}": value for key, value in telemetry.items()},
        }
        with (folder / "lines.log").open("ab") as lines:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "rustok.cli.main", "serve"], env=environment, stderr=lines
            )
        self.observed = psutil.Process(self.process.pid)

    def processor_seconds(self) -> float:
        times = self.observed.cpu_times()
        return float(times.user + times.system)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)


class Client:
    """One connection that is kept; as little of HTTP as is needed."""

    def __init__(self, port: int, slug: str) -> None:
        self._port, self._slug = port, slug

    async def open(self) -> None:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)

    async def ask(self, method: str, path: str, body: dict[str, object] | None = None) -> bytes:
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nhost: localhost\r\nx-tenant: {self._slug}\r\n"
            f"content-type: application/json\r\ncontent-length: {len(content)}\r\n"
            f"idempotency-key: {uuid4()}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = int(answer.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        received = await self._reader.readexactly(length)
        if not answer.startswith((b"HTTP/1.1 200", b"HTTP/1.1 201")):
            raise SystemExit(f"{method} {path}: {answer[:60]!r} {received[:300]!r}")
        return received


Work = Callable[[Client], Awaitable[None]]


async def measure(server: Server, slug: str, work: Work, seconds: float) -> tuple[float, ...]:
    """(works a second, p99 in ms, processor time of the server for one work in ms)."""
    times: list[float] = []
    until = time.perf_counter() + seconds

    async def one() -> None:
        client = Client(server.port, slug)
        await client.open()
        while (started := time.perf_counter()) < until:
            await work(client)
            times.append(time.perf_counter() - started)

    before, began = server.processor_seconds(), time.perf_counter()
    await asyncio.gather(*(one() for _ in range(CLIENTS)))
    elapsed = time.perf_counter() - began
    await asyncio.sleep(0.3)  # what is still to be sent is part of the cost
    used = server.processor_seconds() - before
    p99 = statistics.quantiles(times, n=100)[98] * 1000 if len(times) > 1 else 0.0
    return len(times) / elapsed, p99, used / len(times) * 1000


def works(variant: str) -> dict[str, Work]:
    async def ready(client: Client) -> None:
        await client.ask("GET", "/api/v1/storefront/products")

    async def whole(client: Client) -> None:
        await client.ask("GET", f"/api/v1/storefront/search?q=thing%20{uuid4().hex[:8]}")

    async def buy(client: Client) -> None:
        cart = json.loads(await client.ask("POST", "/api/v1/storefront/carts", {}))["id"]
        line = {"variant_id": variant, "quantity": 1}
        await client.ask("POST", f"/api/v1/storefront/carts/{cart}/lines", line)
        order = {"cart_id": cart, "email": "ada@example.com", "shipping_address": ADDRESS}
        await client.ask("POST", "/api/v1/storefront/checkout", order)

    return {
        "storefront read, ready": ready,
        "storefront search, whole way": whole,
        "cart, line and checkout": buy,
    }


async def run(seconds: float, rounds: int) -> None:
    port = free_port()
    # A process of its own: what it reads must not hold up the clients.
    sink = multiprocessing.get_context("spawn").Process(target=take, args=(port,), daemon=True)
    sink.start()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        slug, variant = await prepare(folder / "template.sqlite3")
        found = modes(f"http://127.0.0.1:{port}")
        servers = [
            Server(mode, folder / "template.sqlite3", folder, given)
            for mode, given in found.items()
        ]
        try:
            for server in servers:
                await answering(server)
            for what, work in works(variant).items():
                await compare(what, work, servers, slug, seconds, rounds)
        finally:
            for server in servers:
                server.stop()
    sink.terminate()


async def answering(server: Server) -> None:
    for _ in range(1_200):
        try:
            client = Client(server.port, "bench")
            await client.open()
            await client.ask("GET", "/health/ready")
            return
        except OSError:
            await asyncio.sleep(0.05)
    raise SystemExit(f"{server.name} does not start")


async def compare(
    what: str, work: Work, servers: list[Server], slug: str, seconds: float, rounds: int
) -> None:
    results: dict[str, list[tuple[float, ...]]] = {server.name: [] for server in servers}
    for server in servers:
        await measure(server, slug, work, min(seconds, 1.0))  # warm
    for number in range(rounds):
        # Nobody is always the first, or always after the same one.
        turn = number % len(servers)
        for server in servers[turn:] + servers[:turn]:
            results[server.name].append(await measure(server, slug, work, seconds))
    print(f"\n{what} ({rounds} rounds of {seconds:g} s, {CLIENTS} clients)")
    print(
        f"{'':26}{'/s':>9}{'p99 ms':>9}{'processor ms':>14}{'/s ratio':>10}{'p99':>8}{'processor':>11}"
    )
    off = results[servers[0].name]
    for name, rows in results.items():
        rate, p99, used = (statistics.median(column) for column in zip(*rows, strict=True))
        pairs = list(zip(rows, off, strict=True))
        ratio = statistics.median(one[0] / base[0] for one, base in pairs)
        tail = statistics.median(one[1] / base[1] for one, base in pairs)
        cost = statistics.median(one[2] / base[2] for one, base in pairs)
        print(f"{name:26}{rate:9.0f}{p99:9.2f}{used:14.3f}{ratio:10.2f}{tail:8.2f}{cost:11.2f}")


def spans() -> None:
    """One span of a statement: ours, and the SDK's."""
    from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
    from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor, TracerProvider

    from rustok.telemetry import tracing
    from rustok.telemetry.otlp import spans as ours

    count = 5_000
    attributes = tracing.SharedAttributes(
        {
            "db.system.name": "postgresql",
            "db.operation.name": "SELECT",
            "db.collection.name": "products",
            "db.query.text": "SELECT a, b, c FROM products WHERE tenant_id = $1 AND id = $2",
        }
    )
    kept: list[tracing.Buffer] = []
    tracing.use(tracing.Tracer(kept.append))
    started = time.process_time()
    for _ in range(count // 100):
        with tracing.root("request", tracing.SERVER) as root:
            assert isinstance(root, tracing.Span)
            for _ in range(100):
                root.leaf("SELECT products", tracing.CLIENT, 0.001, attributes, rows=3)
    recorded = time.process_time() - started
    started = time.process_time()
    for buffer in kept:
        ours.encode(buffer)
    encoded = time.process_time() - started
    tracing.use(None)

    ended: list[ReadableSpan] = []

    class Keep(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            ended.append(span)

    provider = TracerProvider()
    provider.add_span_processor(Keep())
    tracer = provider.get_tracer("bench")
    started = time.process_time()
    for _ in range(count):
        with tracer.start_as_current_span("SELECT products", attributes=dict(attributes)):
            pass
    theirs = time.process_time() - started
    started = time.process_time()
    encode_spans(ended).SerializeToString()
    theirs_encoded = time.process_time() - started
    print("one span of a statement, µs of processor time    record   encode")
    print(f"ours{'':45}{recorded / count * 1e6:8.1f}{encoded / count * 1e6:9.1f}")
    print(f"OpenTelemetry SDK{'':32}{theirs / count * 1e6:8.1f}{theirs_encoded / count * 1e6:9.1f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=0.6)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--spans", action="store_true")
    arguments = parser.parse_args()
    if arguments.spans:
        spans()
    else:
        asyncio.run(run(arguments.seconds, arguments.rounds))


if __name__ == "__main__":
    main()
