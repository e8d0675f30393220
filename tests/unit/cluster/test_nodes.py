from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ASKING = """
import sys
from matrix_secrets.cluster.nodes import internal_addresses
from matrix_secrets.errors import MatrixSecretsError
try:
    print(", ".join(f"{each.node} {each.address}" for each in internal_addresses(*sys.argv[1:])))
except MatrixSecretsError as error:
    print(f"{type(error).__name__} {error.exit_code}: {error}")
"""
# Shaped as `kubectl get --raw /api/v1/nodes` answers (Kubernetes 1.34).
NODES = {
    "kind": "NodeList",
    "apiVersion": "v1",
    "metadata": {"resourceVersion": "1"},
    "items": [
        {
            "metadata": {"name": name},
            "status": {
                "addresses": [
                    {"type": "Hostname", "address": name},
                    *({"type": "InternalIP", "address": address} for address in addresses),
                ]
            },
        }
        for name, addresses in (("blueberry", ["192.168.1.100", "2001:db8::1"]), ("cloudberry", []))
    ],
}


class Api(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        allowed = self.headers["Authorization"] == "Bearer canary-token" and self.path.startswith("/api/v1/nodes")
        body = json.dumps(NODES if allowed else {"kind": "Status", "message": "canary-answer"}).encode()
        self.send_response(200 if allowed else 403)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def api() -> Iterator[int]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Api) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield server.server_port
        finally:
            server.shutdown()
            thread.join()


def kubeconfig(path: Path, port: int, token: str) -> Path:
    path.write_text(
        json.dumps(
            {
                "apiVersion": "v1",
                "kind": "Config",
                "clusters": [{"name": "home", "cluster": {"server": f"http://127.0.0.1:{port}"}}],
                "users": [{"name": "me", "user": {"token": token}}],
                "contexts": [{"name": "k3s-home", "context": {"cluster": "home", "user": "me"}}],
                "current-context": "k3s-home",
            }
        )
    )
    return path


def ask(config: Path, context: str | None = None) -> str:
    """Ask in a process of its own: the client reads KUBECONFIG once, when it is loaded."""
    env = {**os.environ, "KUBECONFIG": str(config), "HOME": str(config.parent)}
    done = subprocess.run(
        [sys.executable, "-c", ASKING, *([context] if context else [])],
        env=env,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "canary" not in done.stdout + done.stderr
    return done.stdout.strip()


def test_every_internal_ip(tmp_path: Path) -> None:
    with api() as port:
        config = kubeconfig(tmp_path / "config", port, "canary-token")
        assert ask(config) == ask(config, "k3s-home") == "blueberry 192.168.1.100, blueberry 2001:db8::1"


def test_one_line_for_each_failure(tmp_path: Path) -> None:
    with api() as port:
        config = kubeconfig(tmp_path / "config", port, "canary-wrong")
        answers = [ask(config), ask(config, "nowhere")]
    answers.append(ask(config))
    for text in ("canary: [", "canary", "", "apiVersion: v1\nclusters: 5\n"):
        config.write_text(text)
        answers.append(ask(config))
    assert all(re.fullmatch("OutsideError 4: [^\n]+", answer) for answer in answers), answers
