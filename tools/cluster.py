"""``make cluster``: the testbed for a person to play with, until Ctrl-C."""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from threading import Event

from tests.testbed import cluster as clusters
from tests.testbed import programs, repository

TEXT = """
The cluster runs. In another terminal:

    export KUBECONFIG={kubeconfig}
    PATH={bin}:$PATH
    kubectl get nodes -o wide
    kubectl get gitrepositories,kustomizations,pods -A

Flux follows the guide's repository, still with its placeholders. Clone it, change it, push it:

    git clone {clone} home-cluster && cd home-cluster
    matrix-secrets configure --server-name {node} --node-ip {node}
    matrix-secrets generate
    git commit -am 'Configure' && git push
    kubectl get pods -n matrix -w
    curl http://{node}:30067/_matrix/client/versions

A push is picked up at once. Pods are real processes on this machine: kubectl logs, exec and port-forward work.
The placeholders became PostgreSQL's first password. To begin with an empty database:
    kubectl delete pvc,pod --all -n matrix
Logs: {logs}
Ctrl-C ends everything and deletes it.
"""


def main() -> int:
    """Start, explain, wait for Ctrl-C, end."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    try:
        found = programs.find(*programs.CONTROL_PLANE, *programs.SERVICES)
    except LookupError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory(prefix="matrix-secrets-cluster-", ignore_cleanup_errors=True) as folder:
        root = Path(folder)
        print("Starting, about ten seconds …", file=sys.stderr)
        running = clusters.start(root / "cluster", found)
        try:
            made = repository.clone(running, root / "home-cluster")
            made.push("The guide's manifests")
            made.bootstrap()
            values = {
                "kubeconfig": running.kubeconfig,
                "bin": found["kubectl"].parent,
                "clone": running.forge.repository,
                "node": running.node_address,
                "logs": running.processes.logs,
            }
            print(TEXT.format(**values), flush=True)
            Event().wait()
        except KeyboardInterrupt:
            pass
        finally:
            print("Ending …", file=sys.stderr)
            running.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main())
