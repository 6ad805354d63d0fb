"""Every query on the content read model beyond those all read models share."""

from __future__ import annotations

from typing import Final

from sqlalchemy import Boolean, Text, bindparam

from rustok.index.hits import Order
from rustok.index.nodes.tables import NODES
from rustok.index.search import Catalogue

_d: Final = NODES.documents

CATALOGUE: Final = Catalogue(
    NODES,
    conditions={
        "kind": _d.c.kind == bindparam("kind", type_=Text()),
        "is_sticky": _d.c.is_sticky == bindparam("is_sticky", type_=Boolean()),
    },
    orders=(
        Order(name="newest", column="published_at", descending=True),
        Order(name="oldest", column="published_at"),
        Order(name="title", column="title_key"),
    ),
)
