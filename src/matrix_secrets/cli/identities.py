"""What ``configure`` is told, for each stack that it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING

from matrix_secrets.cli.perstack import per_stack, same_name
from matrix_secrets.errors import UsageError
from matrix_secrets.operations.configure import Identity
from matrix_secrets.operations.nodeaddress import find_node_address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.cli.context import App
    from matrix_secrets.stack.model import Stack


def identities(
    app: App, names: Sequence[str], addresses: Sequence[str], urls: Sequence[str], *, force: bool
) -> list[tuple[Stack, Identity]]:
    """Return each stack with its server's identity; ``auto`` asks the cluster, once.

    Raises UsageError where a stack has no name, or two have the same one, and as `per_stack` and `find_node_address`.
    """
    name_of = per_stack(app, "--server-name", names, shared=False)
    address_of = per_stack(app, "--node-ip", addresses, shared=True)
    url_of = per_stack(app, "--public-baseurl", urls, shared=False)
    found: list[tuple[Stack, Identity]] = []
    asked: str | None = None
    for stack in app.stacks:
        name, address = name_of.of(stack), address_of.of(stack)
        if name is None:
            raise UsageError(f"{stack.label} is given no name", hint=f"add --server-name {stack.label}=NAME")
        other = next((each.label for each, identity in found if identity.server_name == name), None)
        if other is not None:
            raise same_name(other, stack, name)
        if address == "auto":
            asked = asked or _asked(app)
            address = asked
        found.append((stack, Identity(name, address, url_of.of(stack), force)))
    return found


def _asked(app: App) -> str:
    node = find_node_address(app.settings.context)
    app.output.note(f"Node {node.node} has INTERNAL-IP {node.address}.")
    return node.address
