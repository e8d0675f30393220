"""The nodes of a cluster and the addresses under which they are reached."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.cluster.connection import connect
from matrix_secrets.cluster.kinds import NODE
from matrix_secrets.errors import OutsideError
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_BY_HAND: Final = "name the address with --node-ip IP; kubectl get nodes -o wide shows it as INTERNAL-IP"


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node and one of its InternalIP addresses."""

    node: str
    address: str


def internal_addresses(context: str | None = None) -> list[NodeAddress]:
    """Ask the cluster of a kubeconfig context (None: the current one) for its nodes' INTERNAL-IP.

    Raises OutsideError where there is no such context, or the cluster does not answer or does not allow it.
    """
    try:
        nodes = connect(context).list(NODE)
    except OutsideError as error:
        raise OutsideError(error.message, cause=error.cause, hint=_BY_HAND) from None
    return [NodeAddress(node["metadata"]["name"], address) for node in nodes for address in _internal(node)]


def _internal(node: Mapping[str, Any]) -> Iterator[str]:
    for each in node.get("status", {}).get("addresses") or ():
        if each["type"] == "InternalIP":
            yield each["address"]
