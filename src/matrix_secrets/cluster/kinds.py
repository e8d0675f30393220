"""The kinds of objects that are read and written, and where the API server has them."""

from __future__ import annotations

from typing import Final

from matrix_secrets.records import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind: ``group`` is empty for the core; ``name`` is what manifests call it."""

    name: str
    group: str
    version: str
    plural: str

    @property
    def api_version(self) -> str:
        """As a manifest says it: ``apps/v1``."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """As RBAC and kubectl say it: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str | None, name: str | None = None, subresource: str | None = None) -> str:
        """Return the path on the API server (https://kubernetes.io/docs/reference/using-api/api-concepts/)."""
        root = f"/apis/{self.group}/{self.version}" if self.group else f"/api/{self.version}"
        scope = f"/namespaces/{namespace}" if namespace else ""
        return "/".join([f"{root}{scope}/{self.plural}", *(part for part in (name, subresource) if part)])


NODE: Final = Kind("Node", "", "v1", "nodes")
NAMESPACE: Final = Kind("Namespace", "", "v1", "namespaces")
SECRET: Final = Kind("Secret", "", "v1", "secrets")
CONFIG_MAP: Final = Kind("ConfigMap", "", "v1", "configmaps")
POD: Final = Kind("Pod", "", "v1", "pods")
SERVICE: Final = Kind("Service", "", "v1", "services")
EVENT: Final = Kind("Event", "", "v1", "events")
CLAIM: Final = Kind("PersistentVolumeClaim", "", "v1", "persistentvolumeclaims")
DEPLOYMENT: Final = Kind("Deployment", "apps", "v1", "deployments")
STATEFUL_SET: Final = Kind("StatefulSet", "apps", "v1", "statefulsets")
KUSTOMIZATION: Final = Kind("Kustomization", "kustomize.toolkit.fluxcd.io", "v1", "kustomizations")
GIT_REPOSITORY: Final = Kind("GitRepository", "source.toolkit.fluxcd.io", "v1", "gitrepositories")
FLUX_INSTANCE: Final = Kind("FluxInstance", "fluxcd.controlplane.io", "v1", "fluxinstances")
