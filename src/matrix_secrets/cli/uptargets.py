"""What ``up`` leads: stacks, each with its decisions and, where one is at hand, its cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.cli.contexts import Placed
    from matrix_secrets.cli.upcluster import OnCluster
    from matrix_secrets.cluster.connection import Connection
    from matrix_secrets.operations.up.deciding import Decisions
    from matrix_secrets.stack.model import Stack


@dataclass(frozen=True, slots=True)
class Target:
    """One stack, on one cluster; the same stack may be on another, too. ``label`` tells it from the others."""

    label: str
    directory: str
    decisions: Decisions
    online: OnCluster | None

    def stack(self, app: App) -> Stack:
        """Return the stack, as its files now are."""
        return next(each for each in app.stacks if each.directory == self.directory)


def label_of(place: Placed, places: Sequence[Placed]) -> str:
    """Return the stack's label, with the cluster where it is on several."""
    stack = place.stack
    several = sum(each.stack.directory == stack.directory for each in places) > 1
    return f"{stack.label} on {place.cluster.context}" if several else stack.label


def clusters_of(targets: Sequence[Target]) -> list[tuple[Connection, list[str]]]:
    """Return each cluster once, with the directories of its stacks."""
    found: dict[str, tuple[Connection, list[str]]] = {}
    for each in targets:
        if each.online is not None:
            cluster = each.online.cluster
            found.setdefault(cluster.context, (cluster, []))[1].append(each.directory)
    return list(found.values())
