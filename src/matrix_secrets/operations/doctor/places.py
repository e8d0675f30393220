"""Places in the cluster, in the one notation for places."""

from __future__ import annotations

from matrix_secrets.errors import Place


def live_place(kind: str, namespace: str, name: str, *path: str) -> Place:
    """The place of something in the cluster: it has no file."""
    return Place("", f"{kind}/{name} in {namespace}", path)
