"""Registration of the read models."""

from __future__ import annotations

from typing import Final

from rustok.core.modules import Job, Module
from rustok.index import jobs, merging, routes
from rustok.index.nodes import handlers as node_handlers
from rustok.index.nodes import routes as node_routes
from rustok.index.products import handlers as product_handlers
from rustok.index.products import routes as product_routes
from rustok.index.products import service as product_service

MODULE: Final = Module(
    slug="index",
    title="Index",
    always_on=True,
    routes=(product_routes.storefront, node_routes.storefront, routes.storefront, routes.admin),
    consumers=(product_handlers.CONSUMER, node_handlers.CONSUMER),
    jobs=(
        Job(name="index.rebuild", every_seconds=5, run=jobs.go_on_with_rebuilds),
        Job(name="index.words", every_seconds=600, run=merging.merge_words),
        Job(name="index.sales", every_seconds=30, run=product_service.refresh_sales),
    ),
    event_types=("index.reindex_requested", "index.updated"),
)
