"""Nodes over HTTP, for editors; readers get the documents of the index."""

from rustok.content.nodes.routes.kinds import admin as kinds
from rustok.content.nodes.routes.nodes import admin as nodes
from rustok.content.nodes.routes.steps import admin as steps

__all__ = ["kinds", "nodes", "steps"]
