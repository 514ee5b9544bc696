"""Which operation a method and path mean, in time that does not grow with the table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from simulator.stripe_api.engine.errors import RouteUnknown
from simulator.stripe_api.engine.operations import Operation


@dataclass(slots=True)
class _Node:
    literal: dict[str, _Node] = field(default_factory=dict)
    placeholder: _Node | None = None
    operations: dict[str, tuple[Operation, tuple[str, ...]]] = field(
        default_factory=dict
    )


class Router:
    """A tree of path segments; a literal segment wins over a placeholder."""

    def __init__(self, operations: Iterable[Operation]) -> None:
        """Raises ValueError where two operations have the same method and path."""
        self._root = _Node()
        for operation in operations:
            self._add(operation)

    def find(self, method: str, path: str) -> tuple[Operation, Mapping[str, str]]:
        """The operation, with what its placeholders stand for; raises RouteUnknown."""
        values: list[str] = []
        node = self._root
        for segment in _segments(path):
            following = node.literal.get(segment)
            if following is None and segment:
                following = node.placeholder
                values.append(segment)
            if following is None:
                raise RouteUnknown(method, path)
            node = following
        if method not in node.operations:
            raise RouteUnknown(method, path)
        operation, names = node.operations[method]
        return operation, dict(zip(names, values, strict=True))

    def _add(self, operation: Operation) -> None:
        node = self._root
        names = []
        for segment in _segments(operation.path):
            if segment.startswith("{"):
                names.append(segment[1:-1])
                node.placeholder = node.placeholder or _Node()
                node = node.placeholder
            else:
                node = node.literal.setdefault(segment, _Node())
        if operation.method in node.operations:
            raise ValueError(f"declared twice: {operation.method} {operation.path}")
        node.operations[operation.method] = (operation, tuple(names))


def _segments(path: str) -> list[str]:
    return path.removesuffix("/").split("/")[1:]
