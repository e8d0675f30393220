"""The nodes of a cluster and the addresses under which they are reached."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from matrix_secrets.errors import OutsideError

_TIMEOUT: Final = (5, 15)  # seconds to connect, and to wait for an answer
_NO_CLUSTER: Final = "name the address with --node-ip IP; kubectl get nodes -o wide shows it as INTERNAL-IP"


@dataclass(frozen=True, slots=True)
class NodeAddress:
    """A node and one of its InternalIP addresses."""

    node: str
    address: str


def internal_addresses(context: str | None = None) -> list[NodeAddress]:
    """Ask the cluster of a kubeconfig context (None: the current one) for its nodes' INTERNAL-IP.

    Raises OutsideError where there is no such context, or the cluster does not answer or does not allow it; what it
    said is not repeated.
    """
    import urllib3  # noqa: PLC0415  0.2 s with kubernetes: only where the cluster is asked
    from kubernetes import client  # noqa: PLC0415

    api = client.CoreV1Api(_client(context))
    try:
        nodes: Any = api.list_node(_request_timeout=_TIMEOUT).items
    except client.ApiException as error:
        cause = f"{error.status} {error.reason}"
        raise OutsideError("the cluster did not list its nodes", cause=cause, hint=_NO_CLUSTER) from None
    except (urllib3.exceptions.HTTPError, OSError) as error:
        cause = type(error).__name__
        raise OutsideError("the cluster cannot be reached", cause=cause, hint=_NO_CLUSTER) from None
    return [NodeAddress(node.metadata.name, each.address) for node in nodes for each in _internal(node)]


def _client(context: str | None) -> Any:  # noqa: ANN401  kubernetes ships no types
    import yaml  # noqa: PLC0415  what kubernetes reads a kubeconfig with
    from kubernetes import config  # noqa: PLC0415

    load: Any = config.new_client_from_config
    try:
        return load(context=context)
    except (config.ConfigException, yaml.YAMLError, OSError, LookupError, TypeError, ValueError, AttributeError):
        which = "kubeconfig" if context is None else f"kubeconfig context {context}"
        raise OutsideError(f"there is no usable {which}, so no node can be asked for", hint=_NO_CLUSTER) from None


def _internal(node: Any) -> list[Any]:  # noqa: ANN401  the same
    return [each for each in node.status.addresses or () if each.type == "InternalIP"]
