"""Manifests for TLS: an Ingress whose certificate cert-manager gets, and delegation for another server name."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Final

from matrix_secrets.records import dataclass
from matrix_secrets.stack.spelling import Data, block

if TYPE_CHECKING:
    from matrix_secrets.stack.backends import Backend

HEAD: Final = "# Written by matrix-secrets tls enable, whose next run may write it anew.\n---\n"
WELL_KNOWN: Final = "matrix-well-known"
_SERVER_PORT: Final = 8080
# Small, without root, and pinned.
_SERVER_IMAGE: Final = "nginxinc/nginx-unprivileged:1.29.3-alpine"
_NGINX: Final = """\
server {
  listen 8080;
  location /.well-known/matrix/ {
    alias /srv/;
    default_type application/json;
    add_header Access-Control-Allow-Origin *;
  }
}
"""


@dataclass(frozen=True, slots=True)
class Site:
    """What is reached under which name. ``element`` may be missing; ``delegated`` is a server name to answer for."""

    domain: str
    issuer: str
    synapse: Backend
    element: Backend | None
    ingress_class: str | None = None
    own_well_known: bool = False
    delegated: str | None = None
    upload: str = "50m"

    @property
    def namespace(self) -> str:
        """The Services' namespace, empty where it is set elsewhere."""
        return self.synapse.service.namespace


def server_answer(domain: str) -> str:
    """What https://SERVER_NAME/.well-known/matrix/server has to answer.

    https://spec.matrix.org/latest/server-server-api/#getwell-knownmatrixserver
    """
    return json.dumps({"m.server": f"{domain}:443"})


def client_answer(domain: str) -> str:
    """What https://SERVER_NAME/.well-known/matrix/client has to answer.

    https://spec.matrix.org/latest/client-server-api/#getwell-knownmatrixclient
    """
    return json.dumps({"m.homeserver": {"base_url": f"https://{domain}"}})


def ingress_text(site: Site) -> str:
    """Spell the Ingress. Synapse's admin API is not among its paths."""
    paths = ["/_matrix", "/_synapse/client", *(["/.well-known/matrix"] if site.own_well_known else [])]
    rules: list[Data] = [_path(path, site.synapse.service.name, site.synapse.port) for path in paths]
    if site.element is not None:
        rules.append(_path("/", site.element.service.name, site.element.port))
    hosts: list[Data] = [{"host": site.domain, "http": {"paths": rules}}]
    if site.delegated:
        path = _path("/.well-known/matrix", WELL_KNOWN, _SERVER_PORT)
        hosts.append({"host": site.delegated, "http": {"paths": [path]}})
    names = [site.domain, *([site.delegated] if site.delegated else [])]
    spec: dict[str, Data] = {} if site.ingress_class is None else {"ingressClassName": site.ingress_class}
    spec |= {"tls": [{"hosts": names, "secretName": "matrix-tls"}], "rules": hosts}
    annotations: dict[str, Data] = {
        "cert-manager.io/cluster-issuer": site.issuer,
        "nginx.ingress.kubernetes.io/proxy-body-size": site.upload,
    }
    return _document("networking.k8s.io/v1", "Ingress", "matrix", site, {"spec": spec}, annotations)


def well_known_text(site: Site) -> str:
    """Spell what answers for a server name that is not the domain."""
    labels: dict[str, Data] = {"app": WELL_KNOWN}
    files: dict[str, Data] = {"server": server_answer(site.domain), "client": client_answer(site.domain)}
    config = _document("v1", "ConfigMap", WELL_KNOWN, site, {"data": files})
    config += "  nginx.conf: |\n" + "".join(f"    {line}\n" for line in _NGINX.splitlines())
    mounts: list[Data] = [
        {"name": "answers", "mountPath": "/srv"},
        {"name": "nginx", "mountPath": "/etc/nginx/conf.d"},
    ]
    container: dict[str, Data] = {
        "name": "nginx",
        "image": _SERVER_IMAGE,
        "ports": [{"name": "http", "containerPort": _SERVER_PORT}],
        "volumeMounts": mounts,
        "readinessProbe": {"httpGet": {"path": "/.well-known/matrix/server", "port": "http"}},
        "resources": {"requests": {"cpu": "5m", "memory": "16Mi"}, "limits": {"memory": "64Mi"}},
    }
    volumes: list[Data] = [_volume("answers", ("server", "server"), ("client", "client"))]
    volumes.append(_volume("nginx", ("nginx.conf", "default.conf")))
    spec: dict[str, Data] = {
        "replicas": 1,
        "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [container], "volumes": volumes}},
    }
    ports: list[Data] = [{"name": "http", "port": _SERVER_PORT, "targetPort": "http"}]
    service: dict[str, Data] = {"selector": labels, "ports": ports}
    deployment = _document("apps/v1", "Deployment", WELL_KNOWN, site, {"spec": spec}).removeprefix(HEAD)
    reached = _document("v1", "Service", WELL_KNOWN, site, {"spec": service}).removeprefix(HEAD)
    return f"{config}---\n{deployment}---\n{reached}"


def _path(path: str, service: str, port: int) -> Data:
    backend: Data = {"service": {"name": service, "port": {"number": port}}}
    return {"path": path, "pathType": "Prefix", "backend": backend}


def _volume(name: str, *items: tuple[str, str]) -> Data:
    listed: list[Data] = [{"key": key, "path": path} for key, path in items]
    return {"name": name, "configMap": {"name": WELL_KNOWN, "items": listed}}


def _document(
    version: str, kind: str, name: str, site: Site, rest: dict[str, Data], annotations: dict[str, Data] | None = None
) -> str:
    metadata: dict[str, Data] = {"name": name}
    metadata |= {"namespace": site.namespace} if site.namespace else {}
    metadata |= {"annotations": annotations} if annotations else {}
    lines = block({"apiVersion": version, "kind": kind, "metadata": metadata, **rest}, "")
    return HEAD + "".join(f"{line}\n" for line in lines)
