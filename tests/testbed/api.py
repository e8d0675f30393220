"""The tests' own hands on the API server: resources as plain dictionaries, by apiVersion and kind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kubernetes import config
from kubernetes.client import ApiClient, Configuration
from kubernetes.dynamic import DynamicClient
from kubernetes.dynamic.exceptions import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

Resource = dict[str, Any]
MERGE = "application/merge-patch+json"
MANAGER = "testbed"  # the field manager of what the tests write


class Api:
    """One user's access. ``kind`` is such as ``v1/Secret`` or ``apps/v1/Deployment``; may be used from any thread."""

    def __init__(self, kubeconfig: Path, cache: Path) -> None:
        settings = Configuration()
        config.load_kube_config(str(kubeconfig), client_configuration=settings)  # type: ignore[no-untyped-call]
        settings.connection_pool_maxsize = 50
        settings.refresh_api_key_hook = None  # reads the environment at every request, while pytest changes it
        settings.retries = False  # who asks knows better
        self._client = DynamicClient(ApiClient(settings), cache_file=str(cache))  # type: ignore[no-untyped-call]

    def get(self, kind: str, name: str, namespace: str | None = None) -> Resource | None:
        try:
            return self._plain(self._of(kind).get(name=name, namespace=namespace))
        except NotFoundError:
            return None

    def must_get(self, kind: str, name: str, namespace: str | None = None) -> Resource:
        found = self.get(kind, name, namespace)
        assert found is not None, f"there is no {kind} {namespace}/{name}"
        return found

    def list(self, kind: str, namespace: str | None = None, **selectors: str) -> list[Resource]:
        found = self._plain(self._of(kind).get(namespace=namespace, **selectors))
        items: list[Resource] = found["items"]
        return items

    def create(self, body: Resource) -> Resource:
        return self._plain(self._of(kind_of(body)).create(body=body, namespace=namespace_of(body)))

    def apply(self, body: Resource, manager: str = MANAGER) -> Resource:
        """Server-side apply, taking over fields that others own."""
        resource = self._of(kind_of(body))
        return self._plain(
            resource.server_side_apply(
                body=body,
                name=body["metadata"]["name"],
                namespace=namespace_of(body),
                field_manager=manager,
                force_conflicts=True,
            )
        )

    def apply_all(self, bodies: Iterable[Resource], manager: str = MANAGER) -> None:
        for body in bodies:
            self.apply(body, manager)

    def patch(self, kind: str, name: str, namespace: str | None, patch: Resource) -> Resource:
        """JSON merge patch."""
        body = {**patch}
        return self._plain(
            self._of(kind).patch(body=body, name=name, namespace=namespace, content_type=MERGE, field_manager=MANAGER)
        )

    def patch_status(self, kind: str, name: str, namespace: str | None, status: Resource) -> None:
        resource = self._of(kind)
        resource.status.patch(body={"status": status}, name=name, namespace=namespace, content_type=MERGE)

    def delete(self, kind: str, name: str, namespace: str | None = None, **options: Any) -> Resource:  # noqa: ANN401
        """Ask for its end; gone already is fine. What is left of it, with finalizers, comes back."""
        try:
            return self._plain(self._of(kind).delete(name=name, namespace=namespace, body=options or None))
        except NotFoundError:
            return {}

    def release(self, kind: str, name: str, namespace: str | None = None) -> None:
        """Drop its finalizers."""
        try:
            self.patch(kind, name, namespace, {"metadata": {"finalizers": None}})
        except NotFoundError:
            return

    def finalize_namespace(self, name: str) -> None:
        """End a namespace at once; whatever is in it stays behind."""
        found = self.get("v1/Namespace", name)
        if found is not None:
            body = {**found, "spec": {"finalizers": []}}
            self._of("v1/Namespace").finalize.replace(body=body, name=name)

    def kinds(self, *verbs: str) -> Sequence[str]:
        """Every kind in namespaces that understands these verbs."""
        return [
            f"{found.group_version}/{found.kind}"
            for found in self._client.resources.search(namespaced=True, preferred=True)
            if not found.kind.endswith("List") and set(verbs) <= set(found.verbs or ())
        ]

    def _of(self, kind: str) -> Any:  # noqa: ANN401  the client has no types
        api_version, _, name = kind.rpartition("/")
        return self._client.resources.get(api_version=api_version, kind=name)

    @staticmethod
    def _plain(answer: Any) -> Resource:  # noqa: ANN401
        found: Resource = answer.to_dict()
        return found


def kind_of(body: Resource) -> str:
    return f"{body['apiVersion']}/{body['kind']}"


def namespace_of(body: Resource) -> str | None:
    namespace: str | None = body["metadata"].get("namespace")
    return namespace
