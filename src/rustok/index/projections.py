"""The list of all read models; the only place that names them all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from rustok.index.nodes.service import PROJECTION as NODES
from rustok.index.products.service import PROJECTION as PRODUCTS
from rustok.index.rebuild import Projection

PROJECTIONS: Final[Mapping[str, Projection]] = {one.name: one for one in (PRODUCTS, NODES)}
