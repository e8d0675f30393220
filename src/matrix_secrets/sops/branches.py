"""The branches of a file by position: under which of them a comment can have been encrypted."""

from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Final

from matrix_secrets.manifests.nodes import Mapping, Scalar, Sequence
from matrix_secrets.sops.nearness import in_header

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.manifests.nodes import Node, Stream

_NEIGHBOURS: Final = 3
_MOST_TRIED: Final = 20_000  # paths, for all comments of a file together


class Branches:
    """All branches of a file. ``paths_for`` gives the likely ones first."""

    def __init__(self, stream: Stream) -> None:
        self._text = stream.text
        self._bounds = [document.start for document in stream.documents]
        self._scalars: list[tuple[int, int]] = []
        self._nodes: list[tuple[int, str]] = []
        self._all: list[dict[str, None]] = []
        self._left = _MOST_TRIED
        for document in stream.documents:
            self._add(document.root)
        self._scalars.sort()
        self._nodes.sort()

    def _add(self, root: Node | None) -> None:
        paths: dict[str, None] = {":": None}
        pending: list[tuple[Node | None, str]] = [(root, "")]
        while pending:
            node, prefix = pending.pop()
            match node:
                case Scalar() if node.end > node.start:
                    self._scalars.append((node.start, node.end))
                case Mapping():
                    paths[prefix or ":"] = None
                    for key, value in node.items:
                        pending.append((key, prefix))
                        if isinstance(key, Scalar):
                            below = f"{prefix}{key.value}:"
                            self._nodes.append((key.start, below))
                            pending.append((value, below))
                case Sequence():
                    paths[prefix or ":"] = None
                    self._nodes.append((node.start, prefix))
                    pending += [(item, prefix) for item in node.items]
                case _:
                    pass
        self._all.append(paths)

    def document_at(self, position: int) -> int:
        """The number of the document that a position is in."""
        return max(bisect_right(self._bounds, position) - 1, 0)

    def in_scalar(self, position: int) -> bool:
        """Whether a position is within a value or key, where a ``#`` starts no comment."""
        at = bisect_right(self._scalars, (position, len(self._text))) - 1
        if at < 0 or position >= self._scalars[at][1]:
            return False
        return not in_header(self._text, self._scalars[at][0], position)

    def paths_for(self, position: int) -> Iterator[str]:
        """Yield the paths that a comment here can have been encrypted under, those of its neighbours first."""
        at = bisect_right(self._nodes, (position, ""))
        tried: set[str] = set()
        for _, prefix in [*self._nodes[max(at - _NEIGHBOURS, 0) : at][::-1], *self._nodes[at : at + _NEIGHBOURS]]:
            while prefix not in tried:
                tried.add(prefix)
                yield prefix or ":"
                prefix = prefix[: prefix.rstrip(":").rfind(":") + 1]  # noqa: PLW2901  (its parent)
        for path in self._all[self.document_at(position)]:
            self._left -= 1
            if path not in tried and self._left > 0:
                yield path
