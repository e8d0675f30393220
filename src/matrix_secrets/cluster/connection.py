"""A cluster, as a kubeconfig context names it: plain objects in and out, failures explained."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING, Any, Final

from matrix_secrets.cluster.failures import Asked, refusal
from matrix_secrets.cluster.kubeconfig import load
from matrix_secrets.cluster.sending import Request, decoded, send
from matrix_secrets.records import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    from matrix_secrets.cluster.kinds import Kind

_PAGE: Final = 500  # objects


@dataclass(frozen=True, slots=True)
class Connection:
    """``context`` and ``server`` say where, ``chosen`` that the context was named; nothing is sent before it is used.

    ``client`` is kubernetes' own: for exec and port-forward, and to send with.
    """

    context: str
    server: str
    chosen: bool = field(repr=False)
    client: Any = field(repr=False)  # kubernetes ships no types

    @property
    def where(self) -> str:
        """``k3s-home (https://192.168.1.100:6443)``."""
        return f"{self.context} ({self.server})"

    @property
    def option(self) -> str:
        """What a kubectl command needs to mean this cluster: `` --context NAME``, or nothing."""
        return f" --context {self.context}" if self.chosen else ""

    def get(self, kind: Kind, name: str, namespace: str | None = None) -> dict[str, Any] | None:
        """Return one object, None where there is none. Raises OutsideError (failures.py), as all of these."""
        request = Request("GET", kind.path(namespace, name), self.asked("get", kind, namespace, name))
        status, raw = send(self.client, self.server, request)
        return None if status == 404 else decoded(raw)

    def list(self, kind: Kind, namespace: str | None = None, selector: str = "") -> list[dict[str, Any]]:
        """Return all objects of a namespace, or (None) of the cluster; ``selector`` is one of labels."""
        return list(self._pages(kind, namespace, selector))

    def patch(
        self, kind: Kind, name: str, namespace: str | None, body: object, *, content_type: str, **query: str
    ) -> dict[str, Any]:
        """Send a patch, once; return the object as it then is. Raises ConflictError where it was changed meanwhile."""
        asked = self.asked("patch", kind, namespace, name)
        request = Request("PATCH", kind.path(namespace, name), asked, query, body, content_type)
        status, raw = send(self.client, self.server, request)
        if status == 404:
            raise refusal(asked, status, "Not Found", decoded(raw))
        return decoded(raw)

    def text(self, kind: Kind, name: str, namespace: str, subresource: str, **query: str) -> str | None:
        """Return a subresource that is text, as a pod's log; None where there is no such object."""
        asked = self.asked("get", kind, namespace, name, subresource)
        request = Request("GET", kind.path(namespace, name, subresource), asked, query)
        status, raw = send(self.client, self.server, request)
        return None if status == 404 else raw.decode(errors="replace")

    def asked(
        self, verb: str, kind: Kind, namespace: str | None, name: str | None = None, subresource: str = ""
    ) -> Asked:
        """Describe a request, for its error."""
        return Asked(verb, kind.resource, namespace, name, self.where, self.option, subresource)

    def _pages(self, kind: Kind, namespace: str | None, selector: str) -> Iterator[dict[str, Any]]:
        asked = self.asked("list", kind, namespace)
        query = {"limit": str(_PAGE)} | ({"labelSelector": selector} if selector else {})
        while True:
            status, raw = send(self.client, self.server, Request("GET", kind.path(namespace), asked, query))
            page = decoded(raw)
            if status == 404:
                raise refusal(asked, status, "Not Found", page)
            yield from page.get("items") or ()
            token = (page.get("metadata") or {}).get("continue")
            if not token:
                return
            query = {**query, "continue": token}


def connect(context: str | None = None) -> Connection:
    """Read the kubeconfig (KUBECONFIG, else ~/.kube/config) and choose its context; None: the current one.

    Nothing is sent yet. Raises OutsideError where there is no such context, or the kubeconfig cannot be used.
    """
    name, client = load(context)
    return Connection(name, str(client.configuration.host).rstrip("/"), context is not None, client)
