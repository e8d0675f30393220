"""Manifests for coturn, the TURN server that calls between networks need, with the stack's own secret."""

from __future__ import annotations

import ipaddress
import posixpath
from typing import TYPE_CHECKING, Final

from matrix_secrets.records import dataclass
from matrix_secrets.stack.fluxowner import FLUX_GROUP
from matrix_secrets.stack.spelling import Data, block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matrix_secrets.stack.fluxowner import Owner

HEAD: Final = "# Written by matrix-secrets turn enable, whose next run may write it anew.\n---\n"
NAME: Final = "coturn"
PORT: Final = 3478
_RELAYS: Final = (49160, 49200)  # UDP ports: a firewall has to let them through, too
_IMAGE: Final = "coturn/coturn:4.7.0-alpine"
# The secret reaches coturn through a file in memory: an argument could be read by everybody on the node.
_START: Final = """\
umask 077
cat /template/turnserver.conf > /run/coturn/turnserver.conf
echo "static-auth-secret=$TURN_SHARED_SECRET" >> /run/coturn/turnserver.conf
exec turnserver -c /run/coturn/turnserver.conf
"""
# Whoever may relay may otherwise reach the cluster and the home network through the server.
# https://element-hq.github.io/synapse/latest/setup/turn/coturn.html
_NOT_RELAYED_TO: Final = (
    "0.0.0.0-0.255.255.255",
    "10.0.0.0-10.255.255.255",
    "100.64.0.0-100.127.255.255",
    "127.0.0.0-127.255.255.255",
    "169.254.0.0-169.254.255.255",
    "172.16.0.0-172.31.255.255",
    "192.168.0.0-192.168.255.255",
    "::1",
    "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
    "fe80::-febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
)


@dataclass(frozen=True, slots=True)
class Turn:
    """A TURN server: the host that clients are told, the realm, and the Secret with ``TURN_SHARED_SECRET``."""

    host: str
    realm: str
    namespace: str
    secret: str
    key: str

    @property
    def uris(self) -> tuple[str, ...]:
        """What Synapse tells clients."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return tuple(f"turn:{host}:{PORT}?transport={transport}" for transport in ("udp", "tcp"))


def coturn_text(turn: Turn) -> str:
    """Spell ConfigMap and Deployment. It listens on the node itself: a range of UDP ports fits no Service."""
    metadata: dict[str, Data] = {"name": NAME, "namespace": turn.namespace}
    config = block({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}, "")
    lines = [*config, "data:", "  turnserver.conf: |", *(f"    {line}" for line in _settings(turn)), "---"]
    deployment: dict[str, Data] = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": metadata}
    labels: dict[str, Data] = {"app": NAME}
    template: dict[str, Data] = {"metadata": {"labels": labels}, "spec": _pod(turn)}
    spec: dict[str, Data] = {"replicas": 1, "strategy": {"type": "Recreate"}, "selector": {"matchLabels": labels}}
    body = block({**deployment, "spec": {**spec, "template": template}}, "")
    marked = next(index for index, line in enumerate(body) if line.endswith("COMMAND"))
    indent = " " * (len(body[marked]) - len(body[marked].lstrip()) + 2)
    body[marked : marked + 1] = [body[marked].replace("COMMAND", "|"), *(indent + each for each in _START.splitlines())]
    return HEAD + "".join(f"{line}\n" for line in [*lines, *body])


def kustomization_text() -> str:
    """Spell the directory's kustomization.yaml."""
    data: dict[str, Data] = {"apiVersion": "kustomize.config.k8s.io/v1beta1", "kind": "Kustomization"}
    return HEAD + "".join(f"{line}\n" for line in block({**data, "resources": [f"{NAME}.yaml"]}, ""))


def flux_text(owner: Owner, source: dict[str, str], directory: str) -> str:
    """Spell the Flux Kustomization that applies it, once the stack's owner has applied the Secret."""
    depends: list[Data] = [{"name": owner.name}]
    where: dict[str, Data] = dict(source)
    spec: dict[str, Data] = {"interval": "10m", "path": f"./{posixpath.normpath(directory)}", "prune": True}
    spec |= {"sourceRef": where, "dependsOn": depends}
    metadata: dict[str, Data] = {"name": NAME, "namespace": owner.namespace}
    data: dict[str, Data] = {"apiVersion": f"{FLUX_GROUP}/v1", "kind": "Kustomization"}
    return HEAD + "".join(f"{line}\n" for line in block({**data, "metadata": metadata, "spec": spec}, ""))


def _settings(turn: Turn) -> Sequence[str]:
    denied = [f"denied-peer-ip={each}" for each in _NOT_RELAYED_TO]
    # Two clients that both relay meet at the server's own address.
    own = [f"allowed-peer-ip={turn.host}"] if _is_address(turn.host) else []
    ports = (f"listening-port={PORT}", f"min-port={_RELAYS[0]}", f"max-port={_RELAYS[1]}")
    rest = ("use-auth-secret", f"realm={turn.realm}", "no-cli", "no-tcp-relay", "fingerprint", "log-file=stdout")
    limits = ("user-quota=12", "total-quota=1200", "no-multicast-peers", "pidfile=/run/coturn/turnserver.pid")
    return (*ports, *rest, *limits, *denied, *own)


def _pod(turn: Turn) -> Data:
    source: Data = {"secretKeyRef": {"name": turn.secret, "key": turn.key}}
    ports: list[Data] = [
        {"name": f"turn-{name.lower()}", "containerPort": PORT, "protocol": name} for name in ("UDP", "TCP")
    ]
    mounts: list[Data] = [
        {"name": "template", "mountPath": "/template"},
        {"name": "run", "mountPath": "/run/coturn"},
    ]
    container: dict[str, Data] = {
        "name": NAME,
        "image": _IMAGE,
        "command": ["sh", "-c", "COMMAND"],
        "env": [{"name": "TURN_SHARED_SECRET", "valueFrom": source}],
        "ports": ports,
        "volumeMounts": mounts,
        "readinessProbe": {"tcpSocket": {"port": PORT}},
        "resources": {"requests": {"cpu": "50m", "memory": "32Mi"}, "limits": {"memory": "256Mi"}},
    }
    volumes: list[Data] = [
        {"name": "template", "configMap": {"name": NAME}},
        {"name": "run", "emptyDir": {"medium": "Memory"}},
    ]
    return {
        "hostNetwork": True,
        "dnsPolicy": "ClusterFirstWithHostNet",
        "securityContext": {"fsGroup": 65534},
        "containers": [container],
        "volumes": volumes,
    }


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
