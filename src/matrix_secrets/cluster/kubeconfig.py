"""The kubeconfig: which cluster is meant, and as whom (https://kubernetes.io/docs/concepts/configuration/)."""

from __future__ import annotations

import atexit
import functools
import os
from contextlib import ExitStack
from typing import Any, Final

from matrix_secrets.errors import OutsideError, RefusedError
from matrix_secrets.sops.memorydirectory import memory_directory

_HINT: Final = (
    "name a context of your kubeconfig: --context NAME (kubectl config get-contexts lists them); on a K3s node: "
    "export KUBECONFIG=/etc/rancher/k3s/k3s.yaml"
)


def load(context: str | None) -> tuple[str, Any]:
    """Return the name of the context and kubernetes' client for it. Raises OutsideError; nothing read is quoted."""
    import yaml  # noqa: PLC0415  what kubernetes reads a kubeconfig with
    from kubernetes import client, config  # noqa: PLC0415  0.2 s: only where the cluster is asked

    read: Any = config.load_kube_config
    contexts: Any = config.list_kube_config_contexts
    settings: Any = type.__call__(client.Configuration)  # Configuration() copies a default that others may have set
    try:
        read(context=context, client_configuration=settings, temp_file_path=_place())
        name = context if context is not None else contexts()[1]["name"]
    except (config.ConfigException, yaml.YAMLError, OSError, LookupError, TypeError, ValueError, AttributeError):
        which = "kubeconfig" if context is None else f"kubeconfig context {context}"
        raise OutsideError(f"there is no usable {which}", hint=_HINT) from None
    return str(name), client.ApiClient(settings)


@functools.cache
def _place() -> str | None:
    """Make a directory in memory, where there can be one, for the certificate and key that kubernetes wants as files.

    One for the process: kubernetes writes each of them once.
    """
    keeping = ExitStack()
    atexit.register(keeping.close)
    try:
        return str(keeping.enter_context(memory_directory(os.environ)))
    except RefusedError:
        return None
