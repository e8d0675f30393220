"""How a Deployment replaces its pods, read and set in the text.

PostgreSQL and Synapse want Recreate: two pods of one node share a ReadWriteOnce volume. On a deployed one Flux
refuses the direct change (``spec.strategy.rollingUpdate: Forbidden``): the API server filled those two fields in, and
nobody owns them. Written down once, they are Flux's, and the next change takes them away.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, Final

from matrix_secrets.errors import BadManifestError
from matrix_secrets.manifests.edits import Edit
from matrix_secrets.manifests.nodes import Mapping, Scalar, child, find, text_at
from matrix_secrets.stack.insertion import indent_of, insert_key
from matrix_secrets.stack.removal import removal
from matrix_secrets.stack.rewriting import replace_scalar
from matrix_secrets.stack.spelling import Data, block, flow
from matrix_secrets.stack.values import is_null

if TYPE_CHECKING:
    from matrix_secrets.manifests.nodes import Node, Stream
    from matrix_secrets.manifests.resources import Resource

STRATEGY: Final = ("spec", "strategy")
_LIMITS: Final = ("maxSurge", "maxUnavailable")


class Strategy(StrEnum):
    """What matters of a strategy. STEPPING says both limits, so that Flux can take them away again."""

    RECREATE = "Recreate"
    STEPPING = "RollingUpdate with maxSurge 0 and maxUnavailable 1"
    OTHER = "RollingUpdate"


_WANTED: Final[dict[Strategy, dict[str, Data]]] = {
    Strategy.RECREATE: {"type": "Recreate"},
    Strategy.STEPPING: {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}},
}


def strategy_of(resource: Resource) -> Strategy | None:
    """Return a Deployment's strategy; None for what is none: a StatefulSet never runs a pod twice."""
    if resource.kind != "Deployment":
        return None
    if text_at(resource.root, (*STRATEGY, "type")) == "Recreate":
        return Strategy.RECREATE
    limits = [text_at(resource.root, (*STRATEGY, "rollingUpdate", name)) for name in _LIMITS]
    return Strategy.OTHER if None in limits or limits[0] not in {"0", "0%"} else Strategy.STEPPING


def can_become_recreate(resource: Resource) -> bool:
    """Whether Flux, which applied this, can put Recreate in its place: it owns what the API server would keep."""
    if strategy_of(resource) is not Strategy.OTHER:
        return True
    return all(text_at(resource.root, (*STRATEGY, "rollingUpdate", name)) is not None for name in _LIMITS)


def strategy_edits(resource: Resource, wanted: Strategy) -> list[Edit]:
    """Make the edits that give a Deployment a strategy; comments in the one that is there stay.

    Raises BadManifestError where its ``spec`` or the strategy is not a mapping.
    """
    stream, spec = resource.stream, child(resource.root, "spec")
    present = find(resource.root, STRATEGY)
    if not isinstance(spec, Mapping) or not spec.items:
        raise _unclear(resource)
    data = _WANTED[wanted]
    match present:
        case None:
            return [_added(stream, spec, "strategy", data, after="replicas")]
        case Scalar() if is_null(present):
            return [Edit(present.start, present.end, f" {flow(data)}")]
        case Mapping(items=()):
            return [Edit(present.start, present.end, flow(data))]
        case Mapping():
            return _changed(stream, present, data, resource)
        case _:
            raise _unclear(resource)


def _changed(stream: Stream, present: Mapping, data: dict[str, Data], resource: Resource) -> list[Edit]:
    edits: list[Edit] = []
    for name, value in data.items():
        node = child(present, name)
        if node is None:
            edits.append(_added(stream, present, name, value, after="type"))
        elif isinstance(value, dict) and isinstance(node, Mapping) and node.items:
            edits.extend(_changed(stream, node, value, resource))
        elif isinstance(node, Scalar | Mapping):
            edits.append(_replaced(stream.text, node, flow(value)))
        else:
            raise _unclear(resource)
    if "rollingUpdate" not in data and data.get("type") == "Recreate" and child(present, "rollingUpdate") is not None:
        edits.append(removal(stream.text, present, "rollingUpdate"))
    return edits


def _replaced(text: str, node: Node, spelled: str) -> Edit:
    return replace_scalar(text, node, spelled) if isinstance(node, Scalar) else Edit(node.start, node.end, spelled)


def _added(stream: Stream, parent: Mapping, key: str, value: Data, *, after: str) -> Edit:
    if parent.flow or not isinstance(value, dict):
        return insert_key(stream.text, parent, key, flow(value), newline=stream.newline)
    lines = block(value, indent_of(stream.text, parent) + "  ")
    spelled = "".join(stream.newline + line for line in lines)
    return insert_key(stream.text, parent, key, spelled, newline=stream.newline, after=after)


def _unclear(resource: Resource) -> BadManifestError:
    place = resource.place(*STRATEGY)
    return BadManifestError(
        "is not a mapping", place=place, hint=f"write it as a mapping in {place.file}. Nothing was changed."
    )
