"""Finds the route of a path in one walk over its segments, however many routes there are."""

from __future__ import annotations

from collections.abc import Iterable

from rustok.core.routing import Route


class _Node:
    __slots__ = ("children", "param", "routes")

    def __init__(self) -> None:
        self.children: dict[str, _Node] = {}
        self.param: tuple[str, _Node] | None = None
        self.routes: dict[str, Route] = {}


class Router:
    """Args:
    routes: all routes.

    Raises:
        ValueError: two routes claim the same method and path.
    """

    def __init__(self, routes: Iterable[Route]) -> None:
        self._root = _Node()
        self._exact: dict[str, dict[str, Route]] = {}
        for route in routes:
            self._add(route)

    def _add(self, route: Route) -> None:
        node = self._root
        for segment in route.full_path.strip("/").split("/"):
            if segment.startswith("{"):
                name = segment[1:-1]
                if node.param is None:
                    node.param = (name, _Node())
                node = node.param[1]
            else:
                node = node.children.setdefault(segment, _Node())
        if route.method in node.routes:
            raise ValueError(f"two routes for {route.method} {route.full_path}")
        node.routes[route.method] = route
        if "{" not in route.full_path:
            # The walk would find it, too: a segment that is named goes before one that is not.
            self._exact[route.full_path] = node.routes

    def find(self, path: str) -> tuple[dict[str, Route], list[str]] | None:
        """The routes by method at `path` and the values of its parameters, in order; None for nothing."""
        exact = self._exact.get(path)
        if exact is not None:
            return exact, []
        return _walk(self._root, path.strip("/").split("/"), 0, [])


def _walk(
    node: _Node, segments: list[str], at: int, values: list[str]
) -> tuple[dict[str, Route], list[str]] | None:
    if at == len(segments):
        return (node.routes, values) if node.routes else None
    child = node.children.get(segments[at])
    if child is not None:
        found = _walk(child, segments, at + 1, values)
        if found is not None:
            return found
    if node.param is not None and segments[at]:
        return _walk(node.param[1], segments, at + 1, [*values, segments[at]])
    return None
