"""kube-apiserver with RBAC and users known by their tokens."""

from __future__ import annotations

import secrets
import ssl
import urllib.request
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.error import URLError

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.testbed.kubeconfig import Server

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.testbed.processes import Process, Processes

PORT = 6443
USERS = 64  # without any right until bound to a role


@dataclass(frozen=True, slots=True)
class ApiServer:
    """What is needed to reach it, and to start it again."""

    server: Server
    folder: Path
    command: tuple[str, ...]
    tokens: Mapping[str, str]  # user name to token; "admin" may do everything

    @property
    def certificate(self) -> Path:
        return self.folder / "certificates/apiserver.crt"

    @property
    def key(self) -> Path:
        return self.folder / "certificates/apiserver.key"

    def start(self, processes: Processes) -> Process:
        """Start it, on what etcd holds; return once it is ready."""
        process = processes.start("kube-apiserver", self.command)
        process.wait_until(self.ready)
        return process

    def ready(self) -> bool:
        if not self.certificate.exists() or not self.key.exists():
            return False
        request = urllib.request.Request(f"{self.server.url}/readyz")
        request.add_header("Authorization", f"Bearer {self.tokens['admin']}")
        try:
            context = ssl.create_default_context(cafile=str(self.certificate))
            with urllib.request.urlopen(request, timeout=2, context=context) as answer:
                return bool(answer.read() == b"ok")
        except (URLError, OSError):
            return False


def configure(program: Path, folder: Path, address: str, services: str, etcd: str) -> ApiServer:
    """Lay out its keys and tokens."""
    folder.mkdir()
    users = ["admin", *(f"user-{number}" for number in range(USERS))]
    tokens = {user: secrets.token_hex(16) for user in users}
    lines = [f"{token},{user},{user}" for user, token in tokens.items()]
    lines[0] += ",system:masters"
    (folder / "tokens.csv").write_text("\n".join(lines) + "\n")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    account_key = folder / "service-account.key"
    account_key.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
        )
    )
    command = (
        str(program),
        f"--etcd-servers={etcd}",
        f"--bind-address={address}",
        f"--advertise-address={address}",
        f"--secure-port={PORT}",
        f"--cert-dir={folder / 'certificates'}",
        f"--token-auth-file={folder / 'tokens.csv'}",
        "--authorization-mode=RBAC",
        "--anonymous-auth=false",
        "--disable-admission-plugins=ServiceAccount",
        "--service-account-issuer=https://kubernetes.default.svc",
        f"--service-account-key-file={account_key}",
        f"--service-account-signing-key-file={account_key}",
        f"--service-cluster-ip-range={services}",
        "--endpoint-reconciler-type=none",
        "--kubelet-preferred-address-types=InternalIP",
        "--watch-cache=true",
    )
    server = Server(f"https://{address}:{PORT}", folder / "certificates/apiserver.crt")
    return ApiServer(server, folder, command, tokens)
