"""``--node-ip auto``: the address that the cluster itself gives its node."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cluster.nodes import NodeAddress, internal_addresses
from matrix_secrets.errors import OutsideError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence


def find_node_address(context: str | None) -> NodeAddress:
    """Ask the cluster. Raises OutsideError where it does not answer, and what `only_address` raises."""
    return only_address(internal_addresses(context))


def only_address(found: Sequence[NodeAddress]) -> NodeAddress:
    """Return the one address there is.

    Raises UsageError listing them where there are several: clients are told one of them for ever. OutsideError where
    no node has any.
    """
    by_address = {each.address: each for each in found}
    if len(by_address) == 1:
        return next(iter(by_address.values()))
    if not by_address:
        raise OutsideError("no node of the cluster has an INTERNAL-IP", hint="name the address with --node-ip IP")
    listed = ", ".join(f"{each.address} ({each.node})" for each in by_address.values())
    raise UsageError(f"the cluster has several addresses: {listed}", hint=f"choose one: --node-ip {found[0].address}")
