"""The kubeconfig: which cluster is meant, and as whom. https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/."""

from __future__ import annotations

from typing import Any, Final

from matrix_secrets.errors import OutsideError

_HINT: Final = (
    "name a context of your kubeconfig: --context NAME (kubectl config get-contexts lists them); on a K3s node: "
    "export KUBECONFIG=/etc/rancher/k3s/k3s.yaml"
)


def load(context: str | None) -> tuple[str, Any]:
    """Return the name of the context and kubernetes' client for it. Raises OutsideError; nothing read is quoted."""
    import yaml  # noqa: PLC0415  what kubernetes reads a kubeconfig with
    from kubernetes import config  # noqa: PLC0415  0.2 s: only where the cluster is asked

    make: Any = config.new_client_from_config
    contexts: Any = config.list_kube_config_contexts
    try:
        client = make(context=context)
        name = context if context is not None else contexts()[1]["name"]
    except (config.ConfigException, yaml.YAMLError, OSError, LookupError, TypeError, ValueError, AttributeError):
        which = "kubeconfig" if context is None else f"kubeconfig context {context}"
        raise OutsideError(f"there is no usable {which}", hint=_HINT) from None
    return str(name), client
